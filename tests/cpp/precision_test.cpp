// A converted network must compute the same as the original, according to the reference
// interpreter.
#include "model/precision.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "core/error.h"
#include "graph_builder.h"
#include "model/passes.h"
#include "reference.h"

namespace teachable::testing {
namespace {

std::vector<double> run(const Graph& graph, TensorId output, const std::vector<double>& input) {
  Reference reference(graph);
  reference.run(input);
  return reference[output];
}

double cosine(const std::vector<double>& a, const std::vector<double>& b) {
  double dot = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    dot += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  return dot / std::sqrt(aa * bb);
}

/// Sets the uint8 elements of a constant.
void set_bytes(Tensor& tensor, const std::vector<uint8_t>& values) {
  ASSERT_EQ(tensor.data.size(), values.size());
  std::ranges::transform(values, tensor.data.begin(), [](uint8_t v) { return std::byte{v}; });
}

TEST(ToSigned, KeepsEveryValueOfChannelsThatFit) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE("TEACHABLE_SEED=" + std::to_string(seed));
  GraphBuilder b(Precision::U8, seed);
  TensorId t = b.input(6, 6, 3);
  t = b.conv(t, 8, {{3, 3}, {}, {}, {}}, Activation::relu6());
  t = b.depthwise(t, 1, {{3, 3}, {}, {}, {}}, Activation::relu6());
  t = b.fully_connected(t, 4);
  const std::vector<double> input = b.input_values();
  Graph graph = b.take(t);
  for (Tensor& tensor : graph.tensors) {
    if (tensor.is_constant() && tensor.type == DataType::U8)
      tensor.quantization.zero_points = {128};
    for (std::byte& value : tensor.data) {
      if (tensor.type == DataType::U8 && value == std::byte{0}) value = std::byte{1};
    }
  }
  const std::vector<double> expected = run(graph, t, input);
  to_signed(graph);
  validate(graph);
  const std::vector<double> got = run(graph, t, input);
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_DOUBLE_EQ(got[i], expected[i]) << "at " << i;
  for (const Tensor& tensor : graph.tensors) {
    EXPECT_TRUE(tensor.type != DataType::U8 || !tensor.is_constant()) << tensor.name;
  }
}

TEST(ToSigned, RoundsAWideChannelAndKeepsItsSum) {
  GraphBuilder b(Precision::U8, 1);
  const TensorId t = b.depthwise(b.input(3, 3, 3), 1, {{3, 3}, {}, {}, {}});
  Graph graph = b.take(t);
  auto& op = std::get<DepthwiseConv2d>(graph.nodes[0].op);
  Tensor& filter = graph.tensors[op.filter];
  filter.quantization = {{0.5f}, {50}, 0};
  // Channel 0 has a weight 199 steps from zero; the other channels stay within 50.
  std::vector<uint8_t> bytes;
  for (uint8_t tap = 0; tap < 9; ++tap) {
    bytes.push_back(static_cast<uint8_t>(tap == 4 ? 249 : 53 + 2 * tap));
    bytes.push_back(static_cast<uint8_t>(10 * tap));
    bytes.push_back(static_cast<uint8_t>(50 + tap));
  }
  set_bytes(filter, bytes);
  const std::vector<double> before = real_values(filter);
  const std::vector<double> bias_before = [&] {
    const auto* raw = reinterpret_cast<const int32_t*>(graph.tensors[op.bias].data.data());
    const double unit = double{graph.tensors[op.input].quantization.scales[0]} * 0.5;
    return std::vector<double>{unit * raw[0], unit * raw[1], unit * raw[2]};
  }();
  to_signed(graph);
  validate(graph);
  const auto& signed_op = std::get<DepthwiseConv2d>(graph.nodes[0].op);
  const Tensor& after = graph.tensors[signed_op.filter];
  EXPECT_EQ(after.type, DataType::I8);
  ASSERT_EQ(after.quantization.scales.size(), 3u);
  EXPECT_GE(after.quantization.scales[0], 0.5f * 199 / 127 * 0.9999f);
  EXPECT_EQ(after.quantization.scales[1], 0.5f);
  const std::vector<double> weights = real_values(after);
  double sum_before = 0, sum_after = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    EXPECT_NEAR(weights[i], before[i], i % 3 == 0 ? after.quantization.scales[0] : 1e-6);
    if (i % 3 == 0) sum_before += before[i];
    if (i % 3 == 0) sum_after += weights[i];
  }
  EXPECT_NEAR(sum_after, sum_before, 0.51 * after.quantization.scales[0]);
  const std::vector<double> bias_after = real_values(graph.tensors[signed_op.bias]);
  for (size_t c = 0; c < 3; ++c) {
    EXPECT_NEAR(bias_after[c], bias_before[c],
                0.51 * graph.tensors[signed_op.bias].quantization.scales[c]);
  }
}

/// Computes with plain loops the cost that to_signed() minimizes: the squared rounding errors of a
/// channel's weights and of their sum. The weights are multiples of `unit`, and those with the
/// largest errors are rounded in the other direction.
double plain_cost(const std::vector<int>& steps, double unit) {
  std::vector<double> errors;
  double sum = 0;
  for (int each : steps) {
    errors.push_back(each / unit - static_cast<double>(std::lround(each / unit)));
    sum += errors.back();
  }
  const int direction = sum > 0 ? 1 : -1;
  for (long left = std::lround(std::fabs(sum)); left > 0; --left) {
    size_t widest = steps.size();
    for (size_t i = 0; i < steps.size(); ++i) {
      const bool is_movable =
          errors[i] * direction > 0 && std::labs(std::lround(steps[i] / unit) + direction) <= 127;
      if (is_movable &&
          (widest == steps.size() || errors[i] * direction > errors[widest] * direction))
        widest = i;
    }
    if (widest == steps.size()) break;
    errors[widest] -= direction;
    sum -= direction;
  }
  double cost = 4 * sum * sum;
  for (double error : errors) cost += error * error;
  return cost * unit * unit;
}

TEST(ToSigned, FindsTheBestUnitOfAWideChannel) {
  std::mt19937 random(test_seed());
  for (const int taps : {9, 100, 700}) {
    constexpr int kChannels = 4;
    constexpr int kZeroPoint = 60;
    Graph graph;
    graph.tensors.resize(3);
    for (Tensor& tensor : graph.tensors) tensor.type = DataType::U8;
    for (Tensor& tensor : graph.tensors) tensor.quantization = {{0.5f}, {kZeroPoint}, 0};
    graph.tensors[1].shape = {kChannels, 1, 1, taps};
    graph.tensors[1].data = PaddedBuffer<std::byte>(kChannels * static_cast<size_t>(taps));
    std::vector<std::vector<int>> steps(kChannels);
    for (int i = 0; i < kChannels * taps; ++i) {
      const int step = i % taps == 0 ? 195 - i / taps : static_cast<int>(random() % 100) - 50;
      steps[static_cast<size_t>(i / taps)].push_back(step);
      graph.tensors[1].data.data()[static_cast<size_t>(i)] =
          static_cast<std::byte>(kZeroPoint + step);
    }
    Conv2d layer;
    layer.input = 0;
    layer.filter = 1;
    layer.output = 2;
    graph.nodes.push_back({layer, "layer"});
    to_signed(graph);
    const Tensor& filter = graph.tensors[std::get<Conv2d>(graph.nodes[0].op).filter];
    for (size_t c = 0; c < steps.size(); ++c) {
      const int widest = 195 - static_cast<int>(c);
      double best = plain_cost(steps[c], widest / 127.0);
      for (int highest = 126; highest >= 64; --highest)
        best = std::min(best, plain_cost(steps[c], static_cast<double>(widest) / highest));
      const double highest = std::round(widest / (filter.quantization.scales[c] / 0.5));
      EXPECT_NEAR(plain_cost(steps[c], widest / highest), best, 1e-9 * best)
          << taps << " taps, channel " << c;
    }
  }
}

TEST(ToSigned, KeepsTheResultOfAWholeNetwork) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE("TEACHABLE_SEED=" + std::to_string(seed));
  GraphBuilder b(Precision::U8, seed);
  const TensorId output = b.small_mobilenet(20, 7);
  const std::vector<double> input = b.input_values();
  Graph graph = b.take(output);
  simplify(graph);
  const std::vector<double> expected = run(graph, graph.embedding, input);
  choose_precision(graph, PrecisionChoice::Auto);
  validate(graph);
  EXPECT_EQ(graph.tensors[graph.input].type, DataType::I8);
  EXPECT_GT(cosine(run(graph, graph.embedding, input), expected), 0.99);
}

TEST(ToSigned, HandlesSharedConstants) {
  GraphBuilder b(Precision::U8, 5);
  const TensorId first = b.conv(b.input(4, 4, 3), 3, {});
  const TensorId second = b.conv(first, 3, {});
  const std::vector<double> input = b.input_values();
  Graph graph = b.take(second);
  auto& one = std::get<Conv2d>(graph.nodes[0].op);
  auto& two = std::get<Conv2d>(graph.nodes[1].op);
  two.filter = one.filter;
  two.bias = one.bias;
  graph.tensors[two.bias].quantization = {};
  for (Tensor& tensor : graph.tensors) {
    if (tensor.is_constant() && tensor.type == DataType::U8)
      tensor.quantization.zero_points = {127};
  }
  const std::vector<double> expected = run(graph, second, input);
  to_signed(graph);
  validate(graph);
  const std::vector<double> got = run(graph, second, input);
  const double step = graph.tensors[second].quantization.scales[0];
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(got[i], expected[i], 2.01 * step);
}

class ToFloat : public ::testing::TestWithParam<Precision> {};

TEST_P(ToFloat, KeepsTheResult) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE("TEACHABLE_SEED=" + std::to_string(seed));
  GraphBuilder b(GetParam(), seed);
  const TensorId output = b.small_mobilenet(20, 7);
  const std::vector<double> input = b.input_values();
  Graph graph = b.take(output);
  simplify(graph);
  const std::vector<double> expected = run(graph, graph.embedding, input);
  choose_precision(graph, PrecisionChoice::F32);
  validate(graph);
  for (const Tensor& tensor : graph.tensors) {
    EXPECT_TRUE(tensor.type == DataType::F32 || !tensor.is_constant()) << tensor.name;
  }
  EXPECT_GT(cosine(run(graph, graph.embedding, input), expected), 0.99);
}

INSTANTIATE_TEST_SUITE_P(Precisions, ToFloat,
                         ::testing::Values(Precision::F32, Precision::I8PerTensor,
                                           Precision::I8PerChannel, Precision::U8));

TEST(ToFloat, KeepsAnActivationThatIsGivenByTheScale) {
  GraphBuilder b(Precision::U8, 3);
  const TensorId t = b.conv(b.input(4, 4, 3), 3, {});
  Graph graph = b.take(t);
  graph.tensors[t].quantization = {{6.0f / 255}, {0}, 0};
  to_float(graph);
  const Activation activation = std::get<Conv2d>(graph.nodes[0].op).activation;
  EXPECT_EQ(activation.min, 0);
  EXPECT_FLOAT_EQ(activation.max, 6);
}

TEST(ToFloat, ReplacesAConversionInsideByAClamp) {
  GraphBuilder b(Precision::F32, 3);
  const TensorId bytes = b.convert(b.input(4, 4, 3), DataType::I8);
  const TensorId floats = b.convert(bytes, DataType::F32);
  const std::vector<double> input = b.input_values();
  Graph graph = b.take(floats);
  const double step = graph.tensors[bytes].quantization.scales[0];
  const std::vector<double> expected = run(graph, floats, input);
  to_float(graph);
  validate(graph);
  const std::vector<double> got = run(graph, floats, input);
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(got[i], expected[i], step);
}

TEST(ChoosePrecision, RejectsInt8ForAFloatModel) {
  GraphBuilder b(Precision::F32, 3);
  const TensorId output = b.small_mobilenet(20, 7);
  Graph graph = b.take(output);
  simplify(graph);
  try {
    choose_precision(graph, PrecisionChoice::Int8);
    FAIL() << "expected an error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::BadArgument);
  }
  choose_precision(graph, PrecisionChoice::Auto);
  EXPECT_EQ(graph.tensors[graph.input].type, DataType::F32);
}

TEST(ChoosePrecision, KeepsUint8ForExact) {
  GraphBuilder b(Precision::U8, 3);
  const TensorId output = b.small_mobilenet(20, 7);
  Graph graph = b.take(output);
  simplify(graph);
  choose_precision(graph, PrecisionChoice::Exact);
  EXPECT_EQ(graph.tensors[graph.input].type, DataType::U8);
}

}  // namespace
}  // namespace teachable::testing
