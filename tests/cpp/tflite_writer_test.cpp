#include "model/tflite_writer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "core/error.h"
#include "graph_builder.h"
#include "model/passes.h"
#include "model/tflite_reader.h"
#include "reference.h"

namespace teachable::testing {
namespace {

/// Writes and reads a graph, and compares the results before and after simplification.
void expect_same(const Graph& graph, const std::vector<double>& input) {
  validate(graph);
  Graph read = read_tflite(to_tflite(graph).bytes);
  const auto compare = [&](const Graph& other) {
    validate(other);
    Reference expected(graph), got(other);
    expected.run(input);
    got.run(input);
    const std::vector<double>& a = expected[graph.output];
    const std::vector<double>& b = got[other.output];
    ASSERT_EQ(a.size(), b.size());
    for (size_t i = 0; i < a.size(); ++i)
      EXPECT_NEAR(a[i], b[i], 1e-6 * (1 + std::fabs(a[i]))) << "at " << i;
  };
  compare(read);
  fold_batch_norm(read);
  fuse_activations(read);
  fold_padding(read);
  compare(read);
}

/// A network with input [1, 6, 7, 3] and the operators that a test adds.
struct Net {
  Graph graph;
  std::vector<double> input;

  Net() {
    graph.input = graph.output = activation({1, 6, 7, 3});
    for (int i = 0; i < 6 * 7 * 3; ++i) input.push_back(std::sin(i) * 4);
  }

  TensorId activation(const Shape& shape) {
    Tensor tensor;
    tensor.name = "t" + std::to_string(graph.tensors.size());
    tensor.shape = shape;
    graph.tensors.push_back(std::move(tensor));
    return static_cast<TensorId>(graph.tensors.size() - 1);
  }

  TensorId constant(const Shape& shape, float first, float step) {
    const TensorId id = activation(shape);
    Tensor& tensor = graph.tensors[id];
    tensor.data = PaddedBuffer<std::byte>(shape.element_count() * sizeof(float));
    for (size_t i = 0; i < shape.element_count(); ++i) {
      reinterpret_cast<float*>(tensor.data.data())[i] = first + step * static_cast<float>(i % 11);
    }
    return id;
  }

  template <typename OpType>
  void add(OpType op, const Shape& declared = {}) {
    op.input = graph.output;
    op.output = activation(declared);
    graph.nodes.push_back({op, "node " + std::to_string(graph.nodes.size())});
    graph.tensors[op.output].shape = infer_shape(graph, graph.nodes.back());
    graph.output = op.output;
  }

  void expect_same() const { testing::expect_same(graph, input); }
};

TEST(TfliteWriter, WritesPaddingsThatAreNeitherSameNorValid) {
  Net net;
  Conv2d conv;
  conv.filter = net.constant({4, 3, 3, 3}, -0.5f, 0.1f);
  conv.padding = {.top = 2, .right = 0, .bottom = 1, .left = 3};
  conv.stride = {2, 1};
  net.add(conv);
  DepthwiseConv2d depthwise;
  depthwise.filter = net.constant({1, 2, 2, 8}, -0.3f, 0.1f);
  depthwise.bias = net.constant({8}, 1, 0.5f);
  depthwise.padding = {.top = 0, .right = 2, .bottom = 2, .left = 0};
  depthwise.activation = Activation::relu6();
  net.add(depthwise);
  net.expect_same();
}

TEST(TfliteWriter, WritesActivationsThatTheFormatDoesNotHave) {
  for (const Activation activation :
       {Activation{0, 4}, Activation{-2, 1.5f}, Activation{1, 3},
        Activation{-1, std::numeric_limits<float>::infinity()},
        Activation{-std::numeric_limits<float>::infinity(), 2}, Activation{-1, 1}}) {
    Net net;
    Conv2d conv;
    conv.filter = net.constant({4, 1, 1, 3}, -0.5f, 0.1f);
    conv.activation = activation;
    net.add(conv);
    Clamp clamp;
    clamp.activation = activation;
    net.add(clamp);
    net.expect_same();
  }
}

TEST(TfliteWriter, WritesScaleAndShiftInOneOrTwoOperators) {
  struct Case {
    float scale, offset;
    size_t node_count;
  };
  for (const auto [scale, offset, node_count] :
       {Case{2, 1, 2}, Case{2, 0, 1}, Case{1, 3, 1}, Case{1, 0, 1}}) {
    Net net;
    ScaleShift op;
    op.scale = net.constant({3}, scale, scale == 1 ? 0 : 0.25f);
    op.offset = net.constant({3}, offset, offset == 0 ? 0 : 0.5f);
    net.add(op);
    net.expect_same();
    EXPECT_EQ(read_tflite(to_tflite(net.graph).bytes).nodes.size(), node_count);
  }
}

/// The constants of a batch normalization that is called many times are stored once.
TEST(TfliteWriter, WritesSharedConstantsOnce) {
  Net net;
  ScaleShift op;
  op.scale = net.constant({3}, 0.5f, 0.25f);
  op.offset = net.constant({3}, 1, 0.5f);
  for (int i = 0; i < 1000; ++i) net.add(op);
  const Graph read = read_tflite(to_tflite(net.graph).bytes);
  EXPECT_EQ(read.nodes.size(), 2000u);
  EXPECT_LT(read.tensors.size(), 2100u);
}

TEST(TfliteWriter, RejectsUnsupportedPoolsAndTooManyOperators) {
  const auto failure_of = [](const Graph& graph) {
    try {
      to_tflite(graph);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::UnsupportedOp);
      return std::string(error.what());
    }
    return std::string("none");
  };
  Net pooled;
  MaxPool2d pool;
  pool.window = {2, 2};
  pool.padding = {.top = 1};
  pooled.add(pool);
  EXPECT_NE(failure_of(pooled.graph).find("Unsupported padding of a pool in node 0"),
            std::string::npos);
  Net many;
  Sigmoid sigmoid;
  for (size_t i = 0; i <= kMaxTfliteNodes; ++i) many.add(sigmoid);
  EXPECT_NE(failure_of(many.graph).find("operators and"), std::string::npos);
}

TEST(TfliteWriter, KeepsFunctions) {
  GraphBuilder b(Precision::F32, 1);
  TensorId end = b.input(2, 2, 3);
  for (const Function function :
       {Function::Elu, Function::Gelu, Function::LeakyRelu, Function::Log, Function::Tanh}) {
    end = b.apply(end, function, function == Function::LeakyRelu ? 0.25f : 0.0f);
  }
  const Graph graph = b.take(end);
  const Graph read = read_tflite(to_tflite(graph).bytes);
  ASSERT_EQ(read.nodes.size(), graph.nodes.size());
  for (size_t i = 0; i < read.nodes.size(); ++i) {
    const auto& wanted = std::get<Apply>(graph.nodes[i].op);
    const auto& got = std::get<Apply>(read.nodes[i].op);
    EXPECT_EQ(got.function, wanted.function);
    EXPECT_EQ(got.slope, wanted.slope);
  }
}

class TfliteWriterVersions : public ::testing::TestWithParam<Precision> {};

TEST_P(TfliteWriterVersions, WritesNetworksOfEveryPrecision) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE("TEACHABLE_SEED=" + std::to_string(seed));
  GraphBuilder builder(GetParam(), seed);
  const TensorId end = builder.small_mobilenet_v3(8, 3);
  const std::vector<double> input = builder.input_values();
  const Graph graph = builder.take(end);
  const Graph read = read_tflite(to_tflite(graph).bytes);
  validate(read);
  Reference expected(graph), got(read);
  expected.run(input);
  got.run(input);
  const std::vector<double>& a = expected[graph.output];
  const std::vector<double>& b = got[read.output];
  ASSERT_EQ(a.size(), b.size());
  // Tolerance for 1 / 6, which is a factor in one graph and a constant with one element in the
  // other.
  for (size_t i = 0; i < a.size(); ++i)
    EXPECT_NEAR(a[i], b[i], 1e-6 * (1 + std::fabs(a[i]))) << "at " << i;
}

INSTANTIATE_TEST_SUITE_P(Precisions, TfliteWriterVersions,
                         ::testing::Values(Precision::F32, Precision::I8PerTensor,
                                           Precision::I8PerChannel, Precision::U8));

}  // namespace
}  // namespace teachable::testing
