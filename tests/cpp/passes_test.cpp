// Passes must not change what the reference interpreter computes.
#include "model/passes.h"

#include <gtest/gtest.h>

#include <utility>

#include "core/error.h"
#include "full_networks.h"
#include "graph_builder.h"
#include "reference.h"

namespace teachable::testing {
namespace {

template <typename OpType>
size_t count(const Graph& graph) {
  size_t n = 0;
  for (const Node& node : graph.nodes) n += std::holds_alternative<OpType>(node.op) ? 1 : 0;
  return n;
}

/// Runs `pass`, and compares the values of `output` before with those of graph.output after it.
/// Returns the new graph.
Graph expect_same(GraphBuilder& builder, TensorId output, void (*pass)(Graph&),
                  double tolerance = 1e-5) {
  const std::vector<double> input = builder.input_values();
  Graph graph = builder.take(output);
  Reference before(graph);
  before.run(input);
  const std::vector<double> expected = before[output];
  pass(graph);
  validate(graph);
  Reference after(graph);
  after.run(input);
  const std::vector<double>& got = after[graph.output];
  EXPECT_EQ(got.size(), expected.size());
  for (size_t i = 0; i < expected.size() && i < got.size(); ++i) {
    EXPECT_NEAR(got[i], expected[i], tolerance) << "at element " << i;
  }
  return graph;
}

TEST(FoldBatchNorm, MovesIntoEveryLayerWithWeights) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE("TEACHABLE_SEED=" + std::to_string(seed));
  for (bool bias : {false, true}) {
    GraphBuilder b(Precision::F32, seed);
    TensorId t = b.input(6, 6, 3);
    t = b.scale_shift(b.conv(t, 5, {{3, 3}, {}, {}, {}}, {}, bias));
    t = b.scale_shift(b.depthwise(t, 2, {{3, 3}, {}, {}, {}}, {}, bias));
    t = b.scale_shift(b.fully_connected(t, 4, {}, bias));
    const Graph graph = expect_same(b, t, fold_batch_norm);
    EXPECT_EQ(count<ScaleShift>(graph), 0u);
    EXPECT_EQ(graph.nodes.size(), 3u);
  }
}

TEST(FoldBatchNorm, StaysBehindSharedLayersAndActivations) {
  GraphBuilder b(Precision::F32, 1);
  const TensorId conv = b.conv(b.input(4, 4, 3), 3, {});
  // The sum reads the convolution too.
  const TensorId sum = b.add(b.scale_shift(conv), conv);
  const TensorId clamped = b.conv(sum, 3, {}, Activation::relu6());
  const Graph graph = expect_same(b, b.scale_shift(clamped), fold_batch_norm);
  EXPECT_EQ(count<ScaleShift>(graph), 2u);
}

size_t constant_bytes(const Graph& graph) {
  size_t bytes = 0;
  for (const Tensor& tensor : graph.tensors) bytes += tensor.data.size();
  return bytes;
}

TEST(FoldBatchNorm, DoesNotCopySharedFilters) {
  GraphBuilder b(Precision::F32, 1);
  TensorId t = b.input(2, 2, 3);
  t = b.conv(t, 64, {});
  for (int i = 0; i < 20; ++i) t = b.scale_shift(b.conv(t, 64, {}));
  Graph graph = b.take(t);
  const auto& first = std::get<Conv2d>(graph.nodes[1].op);
  for (Node& node : graph.nodes) {
    auto* conv = std::get_if<Conv2d>(&node.op);
    if (conv == nullptr || node.where == graph.nodes[0].where) continue;
    if (conv->filter != first.filter) graph.tensors[conv->filter].data = {};
    if (conv->bias != first.bias) graph.tensors[conv->bias].data = {};
    conv->filter = first.filter;
    conv->bias = first.bias;
  }
  const size_t before = constant_bytes(graph);
  fold_batch_norm(graph);
  EXPECT_LE(constant_bytes(graph), 2 * before);
  validate(graph);
}

TEST(FoldBatchNorm, DoesNotChangeSharedFilters) {
  GraphBuilder b(Precision::F32, 1);
  const TensorId first = b.conv(b.input(4, 4, 3), 3, {});
  const TensorId second = b.conv(first, 3, {});
  const TensorId last = b.scale_shift(second);
  const std::vector<double> input = b.input_values();
  Graph graph = b.take(last);
  auto& one = std::get<Conv2d>(graph.nodes[0].op);
  auto& two = std::get<Conv2d>(graph.nodes[1].op);
  two.filter = one.filter;
  two.bias = one.bias;
  Reference before(graph);
  before.run(input);
  const std::vector<double> expected = before[graph.output];
  fold_batch_norm(graph);
  Reference after(graph);
  after.run(input);
  for (size_t i = 0; i < expected.size(); ++i)
    EXPECT_NEAR(after[graph.output][i], expected[i], 1e-5);
}

TEST(FuseActivations, MovesIntoTheOperatorBefore) {
  GraphBuilder b(Precision::F32, test_seed());
  TensorId t = b.clamp(b.conv(b.input(6, 6, 3), 5, {}), Activation::relu());
  t = b.clamp(b.add(t, t), Activation::relu6());
  const Graph graph = expect_same(b, t, fuse_activations);
  EXPECT_EQ(count<Clamp>(graph), 0u);
}

TEST(FoldPadding, MovesIntoConvolutions) {
  GraphBuilder b(Precision::F32, test_seed());
  const TensorId padded = b.pad(b.input(6, 6, 3), {.top = 0, .right = 1, .bottom = 1, .left = 0});
  const TensorId t = b.conv(padded, 4, {{3, 3}, {2, 2}, {}, {}});
  const TensorId other = b.conv(padded, 4, {{3, 3}, {2, 2}, {}, {}});
  const Graph graph = expect_same(b, b.add(t, other), fold_padding);
  EXPECT_EQ(count<Pad>(graph), 0u);
}

TEST(FoldPadding, StaysBeforeAPool) {
  GraphBuilder b(Precision::F32, test_seed());
  const TensorId padded = b.pad(b.input(6, 6, 3), {1, 1, 1, 1});
  const Graph graph =
      expect_same(b, b.average_pool(padded, {{2, 2}, {2, 2}, {}, {}}), fold_padding);
  EXPECT_EQ(count<Pad>(graph), 1u);
}

TEST(PoolByConvolution, RejectsHugeWeights) {
  GraphBuilder b(Precision::I8PerTensor, 1);
  const TensorId in = b.input(16, 16, 3);
  Graph graph = b.take(b.average_pool(in, {{8, 8}, {8, 8}, {}, {}}));
  for (const int64_t channels : {3, 1 << 17}) {
    graph.tensors[in].shape = {1, 16, 16, channels};
    graph.tensors[graph.output].shape = {1, 2, 2, channels};
    if (channels == 3) {
      Graph copy;
      copy.nodes = graph.nodes;
      for (const Tensor& tensor : graph.tensors) {
        copy.tensors.emplace_back();
        copy.tensors.back().type = tensor.type;
        copy.tensors.back().shape = tensor.shape;
      }
      pool_by_convolution(copy);
      EXPECT_EQ(count<DepthwiseConv2d>(copy), 1u);
      continue;
    }
    try {
      pool_by_convolution(graph);
      FAIL() << "expected an error";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::UnsupportedOp);
      EXPECT_NE(std::string(error.what()).find("131072 channels"), std::string::npos)
          << error.what();
    }
  }
}

TEST(AbsorbInputConversion, KeepsTheInputRange) {
  GraphBuilder b(Precision::U8, 3);
  const TensorId t = b.convert(b.input(4, 4, 3), DataType::I8);
  const TensorId end = b.clamp(t, Activation::relu());
  Graph graph = b.take(end);
  const Quantization original = graph.tensors[graph.input].quantization;
  absorb_input_conversion(graph);
  EXPECT_EQ(graph.tensors[graph.input].type, DataType::I8);
  ASSERT_TRUE(graph.input_range.has_value());
  EXPECT_FLOAT_EQ(graph.input_range->low,
                  original.scales[0] * static_cast<float>(0 - original.zero_points[0]));
  EXPECT_FLOAT_EQ(graph.input_range->high,
                  original.scales[0] * static_cast<float>(255 - original.zero_points[0]));
  EXPECT_EQ(count<Convert>(graph), 0u);
}

TEST(FindEnds, UsesTheOutputAsTheEmbeddingWithoutAClassifier) {
  GraphBuilder b(Precision::F32, 3);
  const TensorId conv = b.conv(b.input(4, 4, 3), 8, {}, Activation::relu6());
  const TensorId pooled = b.global_average_pool(conv, false);
  Graph graph = b.take(pooled);
  find_ends(graph);
  EXPECT_EQ(graph.logits, kNoTensor);
  EXPECT_EQ(graph.embedding, pooled);
}

TEST(FindEnds, IgnoresALastLayerWithAnActivation) {
  GraphBuilder b(Precision::F32, 3);
  const TensorId pooled = b.global_average_pool(b.conv(b.input(4, 4, 3), 8, {}), true);
  const TensorId last = b.conv(pooled, 16, {}, Activation::relu6());
  Graph graph = b.take(last);
  find_ends(graph);
  EXPECT_EQ(graph.logits, kNoTensor);
  EXPECT_EQ(graph.embedding, last);
}

TEST(FindEnds, FindsAFullyConnectedClassifier) {
  GraphBuilder b(Precision::F32, 3);
  const TensorId pooled = b.global_average_pool(b.conv(b.input(4, 4, 3), 8, {}), false);
  const TensorId logits = b.fully_connected(pooled, 5);
  Graph graph = b.take(b.softmax(logits));
  find_ends(graph);
  EXPECT_EQ(graph.logits, logits);
  EXPECT_EQ(graph.embedding, pooled);
}

TEST(FindEnds, CountsHiddenLayersToTheClassifier) {
  GraphBuilder b(Precision::F32, 3);
  const TensorId pooled = b.global_average_pool(b.conv(b.input(4, 4, 3), 8, {}), false);
  const TensorId flat = b.reshape(pooled, {1, 8});
  const TensorId hidden = b.fully_connected(flat, 6, Activation::relu());
  const TensorId logits = b.fully_connected(b.reshape(hidden, {1, 6}), 5);
  Graph graph = b.take(b.softmax(logits));
  find_ends(graph);
  EXPECT_EQ(graph.logits, logits);
  EXPECT_EQ(graph.embedding, flat);
}

TEST(FindEnds, FindsThePooledFeaturesBeforeAnyHead) {
  // What people put between their own layers: each returns the next vector.
  using Between = TensorId (*)(GraphBuilder&, TensorId);
  const Between cases[] = {
      [](GraphBuilder& b, TensorId t) { return b.scale_shift(t); },
      [](GraphBuilder& b, TensorId t) { return b.hard_swish(t); },
      [](GraphBuilder& b, TensorId t) { return b.clamp(t, Activation::relu()); },
      [](GraphBuilder& b, TensorId t) { return b.multiply(t, b.sigmoid(t)); },
      [](GraphBuilder& b, TensorId t) { return b.add(t, b.fully_connected(t, 4)); },
      [](GraphBuilder& b, TensorId t) { return b.add(t, b.operand({4})); },
  };
  for (const Between& between : cases) {
    SCOPED_TRACE(&between - cases);
    GraphBuilder b(Precision::F32, 3);
    const TensorId pooled = b.global_average_pool(b.conv(b.input(4, 4, 3), 8, {}), false);
    const TensorId hidden = between(b, b.fully_connected(pooled, 4, Activation::relu()));
    const TensorId logits = b.fully_connected(hidden, 2);
    Graph graph = b.take(b.softmax(logits));
    find_ends(graph);
    EXPECT_EQ(graph.logits, logits);
    EXPECT_EQ(graph.embedding, pooled);
    EXPECT_NE(graph.embedding_reason.find("classifier of"), std::string::npos);
    EXPECT_TRUE(graph.warnings.empty());
  }
}

TEST(FindEnds, FindsTheFeaturesBeforeScoresThatArePooled) {
  GraphBuilder b(Precision::F32, 3);
  const TensorId features = b.conv(b.input(4, 4, 3), 8, {});
  const TensorId scores = b.global_average_pool(b.conv(features, 5, {}, Activation::relu()), false);
  Graph graph = b.take(b.softmax(scores));
  find_ends(graph);
  validate(graph);
  EXPECT_EQ(graph.logits, scores);
  EXPECT_TRUE(graph.logits_need_input);
  EXPECT_EQ(graph.tensors[graph.embedding].shape, (Shape{1, 8}));
}

TEST(FindEnds, RefusesScoresOfManyPlacesUnlessAnEmbeddingIsChosen) {
  GraphBuilder b(Precision::F32, 3);
  const TensorId features = b.conv(b.input(12, 12, 3), 8, {});
  Graph graph = b.take(b.softmax(b.conv(features, 2, {})));
  Graph chosen;
  chosen.nodes = graph.nodes;
  chosen.input = graph.input;
  chosen.output = graph.output;
  for (const Tensor& tensor : graph.tensors) {
    chosen.tensors.emplace_back();
    chosen.tensors.back().shape = tensor.shape;
  }
  try {
    find_ends(graph);
    ADD_FAILURE() << "expected an error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::UnsupportedOp);
    EXPECT_NE(std::string(error.what()).find("12 x 12"), std::string::npos) << error.what();
  }
  chosen.embedding = features;
  find_ends(chosen);
  EXPECT_EQ(chosen.tensors[chosen.embedding].shape, (Shape{1, 8}));
  EXPECT_EQ(chosen.logits, kNoTensor);
}

TEST(FindEnds, WarnsOfAnEmbeddingWithoutPooling) {
  GraphBuilder b(Precision::F32, 3);
  const TensorId map = b.conv(b.input(8, 8, 3), 8, {}, Activation::relu());
  Graph graph = b.take(map);
  find_ends(graph);
  EXPECT_EQ(graph.embedding, map);
  ASSERT_EQ(graph.warnings.size(), 1u);
  EXPECT_NE(graph.warnings[0].find("512 numbers"), std::string::npos) << graph.warnings[0];
}

TEST(FindEnds, IgnoresAClassifierOfPixels) {
  GraphBuilder b(Precision::F32, 3);
  const TensorId logits = b.fully_connected(b.input(1, 1, 3), 5);
  Graph graph = b.take(logits);
  find_ends(graph);
  EXPECT_EQ(graph.logits, kNoTensor);
  EXPECT_EQ(graph.embedding, logits);
}

TEST(FindEnds, TakesASigmoidOffAClassifier) {
  GraphBuilder b(Precision::F32, 3);
  const TensorId pooled = b.global_average_pool(b.conv(b.input(4, 4, 3), 8, {}), false);
  const TensorId logits = b.fully_connected(pooled, 1);
  Graph graph = b.take(b.reshape(b.sigmoid(logits), {1, 1, 1, 1}));
  find_ends(graph);
  EXPECT_TRUE(graph.ends_in_sigmoid);
  EXPECT_EQ(graph.logits, logits);
  EXPECT_EQ(graph.embedding, pooled);
}

TEST(FindEnds, KeepsASigmoidWithoutAClassifier) {
  GraphBuilder b(Precision::F32, 3);
  const TensorId pooled = b.global_average_pool(b.conv(b.input(4, 4, 3), 8, {}), false);
  const TensorId gates = b.sigmoid(pooled);
  Graph graph = b.take(b.reshape(gates, {1, 1, 1, 8}));
  find_ends(graph);
  EXPECT_FALSE(graph.ends_in_sigmoid);
  EXPECT_EQ(graph.logits, kNoTensor);
  EXPECT_EQ(graph.embedding, gates);
}

TEST(FindEnds, RejectsAnOutputWithoutOperators) {
  GraphBuilder b(Precision::F32, 3);
  const TensorId in = b.input(4, 4, 3);
  Graph graph = b.take(b.reshape(in, {1, 48}));
  EXPECT_THROW(find_ends(graph), Error);
}

/// Returns the shape of the middle map; [] without one.
Shape middle_shape(GraphBuilder& b, TensorId output) {
  Graph graph = b.take(output);
  simplify(graph);
  return graph.middle == kNoTensor ? Shape{} : graph.tensors[graph.middle].shape;
}

TEST(FindMiddle, IsTheLastMapOf14PixelsInMobileNets) {
  using Build = FullNetwork (*)(GraphBuilder&);
  const std::pair<Build, Shape> cases[] = {{mobilenet_v1, {1, 14, 14, 512}},
                                           {mobilenet_v3_large, {1, 14, 14, 672}},
                                           {mobilenet_v3_small, {1, 14, 14, 288}}};
  for (const auto& [build, shape] : cases) {
    GraphBuilder b(Precision::F32, 1);
    const TensorId output = build(b).output;
    EXPECT_EQ(middle_shape(b, output), shape);
  }
}

TEST(FindMiddle, ComesAfterTheActivation) {
  GraphBuilder b(Precision::F32, 1);
  const Extent2d three{3, 3};
  const TensorId stem = b.conv(b.input(16, 16, 3), 4, {three, {2, 2}, {}, {}});
  const TensorId active = b.hard_swish(b.conv(stem, 6, {}));
  const TensorId padded = b.pad(active, {1, 1, 1, 1});
  const TensorId last = b.depthwise(padded, 1, {three, {2, 2}, {}, {}});
  Graph graph = b.take(b.global_average_pool(last, false));
  simplify(graph);
  EXPECT_EQ(graph.middle, active);
}

TEST(FindMiddle, IsMissingWhenOnlyTheFirstLayerHalves) {
  GraphBuilder first(Precision::F32, 1);
  EXPECT_EQ(middle_shape(first, first.small_mobilenet(16, 5)), Shape{});
  GraphBuilder none(Precision::F32, 1);
  const TensorId conv = none.conv(none.input(4, 4, 3), 8, {});
  EXPECT_EQ(middle_shape(none, none.global_average_pool(conv, false)), Shape{});
}

TEST(FindMiddle, IgnoresPoolsToOnePixelAndWhatTheEmbeddingDoesNotRead) {
  // The pool at the end of MobileNet v1 has a window of the whole map and a stride.
  GraphBuilder b(Precision::U8, 1);
  EXPECT_EQ(middle_shape(b, b.small_mobilenet_v1(16, 5)), (Shape{1, 8, 8, 16}));
  GraphBuilder branch(Precision::F32, 1);
  const TensorId image = branch.input(8, 8, 3);
  branch.conv(branch.conv(image, 4, {}), 4, {{1, 1}, {2, 2}, {}, {}});
  const TensorId pooled = branch.global_average_pool(branch.conv(image, 8, {}), false);
  EXPECT_EQ(middle_shape(branch, pooled), Shape{});
}

TEST(DropUnused, DropsNodesAndTheirWeights) {
  GraphBuilder b(Precision::F32, 3);
  const TensorId used = b.conv(b.input(4, 4, 3), 8, {});
  b.conv(used, 8, {});
  Graph graph = b.take(used);
  graph.embedding = used;
  drop_unused(graph);
  EXPECT_EQ(graph.nodes.size(), 1u);
  size_t constants = 0;
  for (const Tensor& tensor : graph.tensors) constants += tensor.is_constant() ? 1 : 0;
  EXPECT_EQ(constants, 2u);
}

}  // namespace
}  // namespace teachable::testing
