// Tests of the reader of TensorFlow.js graph models.
#include "tfjs/graph_model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <random>
#include <tuple>

#include "converted.h"
#include "core/error.h"
#include "graph_builder.h"
#include "model/reader.h"
#include "reference.h"
#include "tfjs_writer.h"

namespace teachable::testing {
namespace {

using Json = nlohmann::json;  // writes JSON; the reader has a Json type of its own

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

std::vector<double> embed(const Graph& graph, const std::vector<double>& input, TensorId output) {
  Reference reference(graph);
  reference.run(input);
  return reference[output];
}

/// A graph model with an input of 4 x 4 pixels and the nodes that a test adds. The last node is the
/// output.
class Nodes {
 public:
  explicit Nodes(bool is_channels_first = false) {
    const auto size = [](int n) { return Json{{"size", std::to_string(n)}}; };
    Json dims = {size(-1), size(4), size(4), size(3)};
    if (is_channels_first) dims = {size(-1), size(3), size(4), size(4)};
    add("in", "Placeholder", Json::array(), {{"shape", {{"shape", {{"dim", dims}}}}}});
  }

  Nodes& add(const std::string& name, const std::string& op, Json inputs,
             Json attr = Json::object()) {
    nodes_.push_back(
        {{"name", name}, {"op", op}, {"input", std::move(inputs)}, {"attr", std::move(attr)}});
    return *this;
  }

  template <typename T>
  Nodes& constant(const std::string& name, std::vector<int64_t> shape,
                  const std::vector<T>& values) {
    add(name, "Const", Json::array());
    manifest_.push_back({{"name", name},
                         {"shape", std::move(shape)},
                         {"dtype", std::is_same_v<T, float> ? "float32" : "int32"}});
    const auto* begin = reinterpret_cast<const std::byte*>(values.data());
    weights_.insert(weights_.end(), begin, begin + values.size() * sizeof(T));
    return *this;
  }

  /// Adds an output to the signature.
  Nodes& output(const std::string& key, const std::string& name) {
    outputs_[key] = {{"name", name}};
    return *this;
  }

  /// Returns the graph of one output; see OutputChoice.
  Graph read(const std::string& output = "") const {
    Json model = {{"modelTopology", {{"node", nodes_}}}};
    if (!outputs_.empty()) model["signature"] = {{"outputs", outputs_}};
    const std::string text = model.dump();
    const std::string manifest = Json{{{"paths", {"w"}}, {"weights", manifest_}}}.dump();
    TfjsWeights weights(parse_json(bytes_of(manifest), "the manifest"), weights_);
    Graph graph = read_tfjs_graph(parse_json(bytes_of(text), "the topology"), weights, output);
    validate(graph);
    return graph;
  }

  std::vector<double> run() const {
    std::vector<double> input(48);
    for (size_t i = 0; i < input.size(); ++i) input[i] = static_cast<double>(i) / 10 - 2;
    const Graph graph = read();
    return embed(graph, input, graph.output);
  }

  Error failure(const std::string& output = "") const {
    try {
      read(output);
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "expected an error";
    return {ErrorCode::Internal, ""};
  }

 private:
  Json nodes_ = Json::array();
  Json manifest_ = Json::array();
  Json outputs_ = Json::object();
  std::vector<std::byte> weights_;
};

Json list(const char* kind, Json values) { return {{"list", {{kind, std::move(values)}}}}; }

double input_at(size_t i) { return static_cast<double>(i) / 10 - 2; }

TEST(GraphModel, ComputesMoreActivations) {
  using Function = double (*)(double);
  const std::tuple<const char*, Json, Function> cases[] = {
      {"LeakyRelu", {{"alpha", {{"f", 0.25}}}}, [](double x) { return x < 0 ? x / 4 : x; }},
      {"Tanh", Json::object(), [](double x) { return std::tanh(x); }},
      {"Elu", Json::object(), [](double x) { return x < 0 ? std::expm1(x) : x; }},
      {"Selu", Json::object(),
       [](double x) { return 1.05070098735 * (x < 0 ? 1.6732632423 * std::expm1(x) : x); }},
      {"Softplus", Json::object(), [](double x) { return std::log1p(std::exp(x)); }},
  };
  for (const auto& [op, attr, function] : cases) {
    Nodes n;
    const std::vector<double> got = n.add("out", op, {"in"}, attr).run();
    for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], function(input_at(i)), 1e-5) << op;
  }
}

TEST(GraphModel, ComputesFusedActivations) {
  using Function = double (*)(double);
  const std::tuple<const char*, Json, Function> cases[] = {
      {"RWx1", Json::object(), [](double x) { return x < 0 ? std::expm1(x) : x; }},
      {"TGVha3lSZWx1", {{"f", 0.5}}, [](double x) { return x < 0 ? x / 2 : x; }},
  };
  for (const auto& [fused, alpha, function] : cases) {
    Nodes n;  // Texts of protocol buffers are base64.
    n.constant<float>("filter", {1, 1, 3, 3}, {1, 0, 0, 0, 1, 0, 0, 0, 1});
    n.constant<float>("bias", {3}, {0.5, 0.5, 0.5});
    const Json attr = {{"strides", list("i", {1, 1, 1, 1})},
                       {"fused_ops", list("s", {"Qmlhc0FkZA==", fused})},
                       {"leakyrelu_alpha", alpha}};
    const std::vector<double> got =
        n.add("out", "_FusedConv2D", {"in", "filter", "bias"}, attr).run();
    ASSERT_EQ(got.size(), 48u);
    for (size_t i = 0; i < got.size(); ++i)
      EXPECT_NEAR(got[i], function(input_at(i) + 0.5), 1e-5) << fused;
  }
}

TEST(GraphModel, TakesTheMaximumOfAllPixels) {
  for (const bool keeps : {false, true}) {
    Nodes n;
    n.constant<int32_t>("axes", {2}, {1, 2});
    n.add("out", "Max", {"in", "axes"}, {{"keep_dims", {{"b", keeps}}}});
    EXPECT_EQ(n.run(), (std::vector<double>{input_at(45), input_at(46), input_at(47)}));
  }
}

TEST(GraphModel, JoinsTheChannelsOfMaps) {
  for (const int axis : {3, -1}) {
    Nodes n;
    n.constant<float>("two", {}, {2}).constant<int32_t>("axis", {}, {axis});
    n.add("a", "Mul", {"in", "two"}).add("b", "Relu", {"in"});
    const std::vector<double> got = n.add("out", "ConcatV2", {"a", "in", "b", "axis"}).run();
    ASSERT_EQ(got.size(), 3u * 48);
    for (size_t i = 0; i < got.size(); ++i) {
      const double in = input_at(i / 9 * 3 + i % 3);
      const double expected[] = {2 * in, in, std::max(in, 0.0)};
      EXPECT_NEAR(got[i], expected[i / 3 % 3], 1e-6);
    }
  }
  Nodes nested;
  nested.constant<int32_t>("axis", {}, {3});
  const Json floats = {{"T", {{"type", "DT_FLOAT"}}}};
  nested.add("pair", "ConcatV2", {"in", "in", "axis"}, floats);
  EXPECT_EQ(nested.add("out", "ConcatV2", {"pair", "in", "axis"}, floats).run().size(), 3u * 48);
  Nodes n;
  n.constant<int32_t>("axis", {}, {1});
  const Error error = n.add("join", "ConcatV2", {"in", "in", "axis"}).failure();
  EXPECT_NE(std::string(error.what()).find("'join' (ConcatV2)"), std::string::npos) << error.what();
}

TEST(GraphModel, UsesClassScoresAmongSeveralOutputs) {
  Nodes n;
  n.constant<int32_t>("axes", {2}, {1, 2});
  n.add("pooled", "Mean", {"in", "axes"}).add("first", "Relu", {"in"});
  n.add("scores", "Softmax", {"pooled"}).add("last", "Relu6", {"in"});
  EXPECT_EQ(n.run().size(), 3u);
  Nodes without;
  without.add("first", "Relu", {"in"}).add("last", "Relu6", {"in"});
  EXPECT_EQ(without.read().nodes.back().where, "node 'last' (Relu6)");
}

TEST(GraphModel, TheCallerChoosesAmongSeveralOutputs) {
  Nodes n;
  n.constant<int32_t>("axes", {2}, {1, 2});
  n.add("pooled", "Mean", {"in", "axes"});
  n.add("many", "Sigmoid", {"pooled"}).add("kinds", "Softmax", {"pooled"});
  n.add("Identity", "Identity", {"many"}).add("Identity_1", "Identity", {"kinds"});
  n.add("Identity_2", "Identity", {"pooled"});
  Nodes with_signature = n;
  with_signature.output("a", "Identity:0").output("b", "Identity_1:0").output("c", "Identity_2:0");
  const std::tuple<const char*, const char*, const char*> cases[] = {
      {"", "", "(Softmax)"},
      {"a", "Identity", "(Sigmoid)"},
      {"Identity_1", "Identity_1:0", "(Softmax)"},
      {"c", "2", "(Mean)"}};
  for (const auto& [in_signature, alone, expected] : cases) {
    for (const bool has_signature : {true, false}) {
      const Graph graph = has_signature ? with_signature.read(in_signature) : n.read(alone);
      EXPECT_NE(graph.nodes.back().where.find(expected), std::string::npos) << expected;
      EXPECT_EQ(graph.file_outputs,
                has_signature ? (std::vector<std::string>{"a", "b", "c"})
                              : (std::vector<std::string>{"Identity", "Identity_1", "Identity_2"}));
    }
  }
  const Error error = with_signature.failure("d");
  EXPECT_EQ(error.code(), ErrorCode::BadArgument);
  EXPECT_NE(std::string(error.what()).find("outputs are 0 'a', 1 'b', 2 'c'."), std::string::npos)
      << error.what();
}

TEST(GraphModel, ComputesPowers) {
  for (const int exponent : {2, 3}) {
    Nodes n;
    n.constant<float>("exponent", {}, {static_cast<float>(exponent)});
    const std::vector<double> got = n.add("out", "Pow", {"in", "exponent"}).run();
    for (size_t i = 0; i < got.size(); ++i)
      EXPECT_NEAR(got[i], std::pow(input_at(i), exponent), 1e-5);
  }
  Nodes square;
  EXPECT_NEAR(square.add("out", "Square", {"in"}).run()[0], 4, 1e-6);
  Nodes n;
  n.constant<float>("exponent", {}, {0.5f}).add("out", "Pow", {"in", "exponent"});
  EXPECT_EQ(n.failure().code(), ErrorCode::UnsupportedOp);
}

// In base64.
constexpr const char* kNchw = "TkNIVw==";
constexpr const char* kNhwc = "TkhXQw==";
Json format(const char* order) { return {{"data_format", {{"s", order}}}}; }

TEST(GraphModel, AbsorbsChannelsFirst) {
  // The elements of the graph's own maps have their channels last.
  const std::vector<float> per_channel = {2, 3, 4};
  Nodes n(true);
  n.constant<float>("scale", {1, 3, 1, 1}, per_channel).constant<float>("shift", {3}, per_channel);
  n.constant<int32_t>("pads", {4, 2}, {0, 0, 0, 0, 1, 0, 0, 2}).constant<int32_t>("axis", {}, {1});
  n.add("scaled", "Mul", {"in", "scale"});
  n.add("shifted", "BiasAdd", {"scaled", "shift"}, format(kNchw));
  n.add("padded", "Pad", {"shifted", "pads"});
  n.add("both", "ConcatV2", {"padded", "padded", "axis"}, {{"T", {{"type", "DT_FLOAT"}}}});
  const std::vector<double> got = n.run();
  ASSERT_EQ(got.size(), 5u * 6 * 6);
  for (size_t y = 0; y < 4; ++y) {
    for (size_t x = 0; x < 4; ++x) {
      for (size_t c = 0; c < 6; ++c) {
        const double factor = per_channel[c % 3];
        EXPECT_NEAR(got[((y + 1) * 6 + x) * 6 + c],
                    factor * input_at((y * 4 + x) * 3 + c % 3) + factor, 1e-5);
      }
    }
  }

  for (const bool begins_first : {true, false}) {
    Nodes pooled(begins_first);
    pooled.constant<int32_t>("to_first", {4}, {0, 3, 1, 2});
    pooled.constant<int32_t>("to_last", {4}, {0, 2, 3, 1});
    pooled.constant<int32_t>("first_axes", {2}, {2, 3}).constant<int32_t>("last_axes", {2}, {1, 2});
    const std::string first = begins_first ? "to_last" : "to_first";
    const std::string second = begins_first ? "to_first" : "to_last";
    pooled.add("turned", "Transpose", {"in", first}).add("active", "Relu", {"turned"});
    pooled.add("back", "Transpose", {"active", second});
    const Json keeps = {{"keep_dims", {{"b", true}}}};
    const char* axes = begins_first ? "first_axes" : "last_axes";
    pooled.add("mean", "Mean", {"back", axes}, keeps);
    pooled.add("max", "Max", {"active", begins_first ? "last_axes" : "first_axes"});
    pooled.add("flat", "Squeeze", {"mean"},
               {{"squeeze_dims", list("i", begins_first ? Json{"2", "3"} : Json{"1", "2"})}});
    pooled.add("out", "AddV2", {"flat", "max"});
    const std::vector<double> got_means = pooled.run();
    for (size_t c = 0; c < 3; ++c) {
      double sum = 0;
      for (size_t i = 0; i < 16; ++i) sum += std::max(input_at(i * 3 + c), 0.0);
      EXPECT_NEAR(got_means[c], sum / 16 + input_at(45 + c), 1e-5);
    }
  }
}

TEST(GraphModel, NamesWhatDependsOnChannelsFirst) {
  const auto expect = [](Nodes& n, const char* message) {
    const Error error = n.failure();
    EXPECT_EQ(error.code(), ErrorCode::UnsupportedOp);
    EXPECT_NE(std::string(error.what()).find(message), std::string::npos) << error.what();
  };
  const auto first = [] { return Nodes(true); };
  Nodes flattens = first();
  flattens.constant<int32_t>("shape", {2}, {1, 48}).add("out", "Reshape", {"in", "shape"});
  expect(flattens, "flattening to [1, 48] of maps with channels first (NCHW) in node 'out'");
  Nodes softmax = first();
  expect(softmax.add("out", "Softmax", {"in"}), "softmax of maps with channels first");
  Nodes by_width = first();
  by_width.constant<float>("four", {4}, {1, 2, 3, 4}).add("out", "Mul", {"in", "four"});
  expect(by_width, "constant of shape [4]");
  Nodes three = first();
  three.constant<float>("three", {3}, {1, 2, 3}).add("out", "Mul", {"in", "three"});
  expect(three, "constant of shape [3]");
  Nodes mixed = first();
  mixed.constant<int32_t>("to_last", {4}, {0, 2, 3, 1});
  mixed.add("last", "Transpose", {"in", "to_last"}).add("out", "AddV2", {"in", "last"});
  expect(mixed, "other operands of maps with channels first");
  Nodes other_order = first();
  other_order.constant<int32_t>("order", {4}, {0, 1, 3, 2});
  expect(other_order.add("out", "Transpose", {"in", "order"}), "order of axes in node 'out'");
  Nodes biased = first();
  biased.constant<float>("bias", {3}, {1, 2, 3});
  expect(biased.add("out", "BiasAdd", {"in", "bias"}, format(kNhwc)), "data_format 'NHWC'");
  Nodes vector = first();
  vector.constant<int32_t>("axes", {2}, {2, 3}).add("mean", "Mean", {"in", "axes"});
  expect(vector.add("out", "Mul", {"in", "mean"}), "operand of shape [1, 3]");
  Nodes last;
  last.constant<float>("bias", {3}, {1, 2, 3});
  expect(last.add("out", "BiasAdd", {"in", "bias"}, format(kNchw)), "data_format 'NCHW'");
}

TEST(GraphModel, ComputesWithConstants) {
  Nodes n;
  n.constant<float>("two", {}, {2}).constant<float>("each", {3}, {1, 2, 4});
  n.add("a", "Mul", {"two", "in"}).add("b", "Sub", {"a", "two"}).add("c", "RealDiv", {"b", "each"});
  n.add("d", "Sub", {"each", "c"});
  const std::vector<double> got = n.run();
  for (size_t i = 0; i < got.size(); ++i) {
    const double each = std::vector<double>{1, 2, 4}[i % 3];
    const double in = static_cast<double>(i) / 10 - 2;
    EXPECT_NEAR(got[i], each - (2 * in - 2) / each, 1e-5);
  }
}

TEST(GraphModel, ReadsBatchNormalization) {
  Nodes n;
  n.constant<float>("scale", {3}, {1, 2, 3}).constant<float>("offset", {3}, {0, 1, 2});
  n.constant<float>("mean", {3}, {.1f, .2f, .3f}).constant<float>("variance", {3}, {1, 4, 9});
  n.add("bn", "FusedBatchNormV3", {"in", "scale", "offset", "mean", "variance"},
        {{"epsilon", {{"f", 0.001}}}});
  const std::vector<double> got = n.run();
  for (size_t i = 0; i < got.size(); ++i) {
    const double c = static_cast<double>(i % 3);
    const double in = static_cast<double>(i) / 10 - 2;
    EXPECT_NEAR(got[i], (in - 0.1 * (c + 1)) / std::sqrt((c + 1) * (c + 1) + 0.001) * (c + 1) + c,
                1e-5);
  }
}

TEST(GraphModel, ReadsHardSwishAndSqueezeAndExciteFromSingleOperators) {
  Nodes n;
  n.constant<float>("three", {}, {3}).constant<float>("sixth", {}, {1.0f / 6});
  n.constant<int32_t>("axes", {2}, {1, 2});
  n.add("mean", "Mean", {"in", "axes"}, {{"keep_dims", {{"b", true}}}});
  n.add("up", "AddV2", {"mean", "three"})
      .add("cut", "Relu6", {"up"})
      .add("gate", "Mul", {"cut", "sixth"});
  n.add("out", "Mul", {"gate", "in"});
  const std::vector<double> got = n.run();
  ASSERT_EQ(got.size(), 48u);
  // `mean` is the mean of channel c over the 16 pixels.
  for (size_t i = 0; i < got.size(); ++i) {
    const double c = static_cast<double>(i % 3);
    const double mean = (7.5 * 3 + c) / 10 - 2;
    const double in = static_cast<double>(i) / 10 - 2;
    EXPECT_NEAR(got[i], in * std::clamp(mean + 3, 0.0, 6.0) / 6, 1e-5);
  }
}

TEST(GraphModel, ReadsComputedShapes) {
  Nodes n;
  n.constant<int32_t>("zero", {1}, {0}).constant<int32_t>("one", {1}, {1});
  n.constant<int32_t>("rest", {}, {-1});
  n.add("shape", "Shape", {"in"});
  n.add("batch", "StridedSlice", {"shape", "zero", "one", "one"},
        {{"shrink_axis_mask", {{"i", "1"}}}});
  n.add("target", "Pack", {"batch", "rest"}).add("flat", "Reshape", {"in", "target"});
  n.add("out", "Identity", {"flat"});
  const Graph graph = n.read();
  EXPECT_EQ(graph.tensors[graph.output].shape, (Shape{1, 48}));
}

TEST(GraphModel, ReadsPaddingNodesAndExplicitPaddings) {
  Nodes n;
  n.constant<int32_t>("around", {4, 2}, {0, 0, 1, 0, 0, 2, 0, 0});
  n.constant<float>("filter", {1, 1, 3, 1}, {1, 1, 1});
  n.add("pad", "Pad", {"in", "around"});
  n.add("conv", "Conv2D", {"pad", "filter"},
        {{"strides", list("i", {"1", "1", "1", "1"})},
         {"padding", {{"s", "RVhQTElDSVQ="}}},
         {"explicit_paddings", list("i", {"0", "0", "0", "1", "0", "0", "0", "0"})}});
  const Graph graph = n.read();
  EXPECT_EQ(graph.tensors[graph.output].shape, (Shape{1, 6, 6, 1}));
}

TEST(GraphModel, NamesContradictions) {
  const auto expect = [](const Nodes& nodes, ErrorCode code, const std::string& says) {
    const Error error = nodes.failure();
    EXPECT_EQ(error.code(), code) << error.what();
    EXPECT_NE(std::string(error.what()).find(says), std::string::npos) << error.what();
  };
  using enum ErrorCode;
  expect(Nodes().add("x", "Relu", {"y"}).add("y", "Relu", {"x"}).add("z", "Relu", {"y"}), BadModel,
         "depends on itself");
  expect(Nodes().add("x", "Identity", {"x"}).add("z", "Relu", {"x"}), BadModel, "'x'");
  expect(Nodes().add("x", "Relu", {"nobody"}), BadModel, "'nobody'");
  expect(Nodes().add("x", "Erf", {"in"}), UnsupportedOp, "'x' (Erf)");
  expect(Nodes().add("x", "Relu", {"in"}).add("x", "Relu", {"in"}), BadModel, "two nodes");
  expect(Nodes().add("x", "Relu", {"in:1"}), UnsupportedOp,
         "Unsupported input 'in:1' in node 'x' (Relu). Supported: first outputs (:0).");
  expect(Nodes().add("w", "Const", Json::array()).add("x", "Mul", {"in", "w"}), BadModel,
         "model.json: weightsManifest has no weight 'w'");
  expect(Nodes().add("x", "AvgPool", {"in"}, format(kNchw)), UnsupportedOp, "NCHW");
}

TEST(GraphModel, SurvivesDamage) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE("TEACHABLE_SEED=" + std::to_string(seed));
  GraphBuilder b(Precision::F32, seed);
  const TensorId output = b.small_mobilenet(12, 4);
  const TfjsFile file = write_graph_model(b.take(output));
  std::mt19937 random(seed);
  const std::string likely = "0123456789-.eE,:[]{}\"tfn \\";
  for (int round = 0; round < 400; ++round) {
    std::string damaged = file.model_json;
    for (uint32_t change = random() % 4 + 1; change > 0; --change) {
      damaged[random() % damaged.size()] = likely[random() % likely.size()];
    }
    try {
      read_converted(bytes_of(damaged), file.weights);
    } catch (const Error& error) {
      EXPECT_TRUE(error.code() == ErrorCode::BadModel || error.code() == ErrorCode::UnsupportedOp)
          << error.what();
    }
  }
}

std::vector<std::byte> read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> chars{std::istreambuf_iterator<char>(file), {}};
  const auto* begin = reinterpret_cast<const std::byte*>(chars.data());
  return {begin, begin + chars.size()};
}

TEST(GraphModel, ReadsTheRealBackbone) {
  const std::filesystem::path folder =
      std::filesystem::path(TEACHABLE_SOURCE_DIR) / "models/files/mobilenet-v2-1.4-224-nsfwjs";
  const std::vector<std::byte> json = read_file(folder / "model.json");
  if (json.empty()) GTEST_SKIP() << "needs mobilenet-v2-1.4-224-nsfwjs in models/files";
  const Model model = read_converted(json, read_file(folder / "weights.bin"));
  const Graph& graph = model.graph;
  EXPECT_EQ(graph.tensors[graph.input].shape, (Shape{1, 224, 224, 3}));
  EXPECT_EQ(graph.tensors[graph.embedding].shape.element_count(), 1792u);
  EXPECT_EQ(graph.tensors[graph.logits].shape.element_count(), 5u);
  ASSERT_TRUE(graph.input_range.has_value());
  EXPECT_FLOAT_EQ(graph.input_range->low, -1);
  EXPECT_FLOAT_EQ(graph.input_range->high, 1);
  for (const Node& node : graph.nodes) {
    EXPECT_FALSE(std::holds_alternative<ScaleShift>(node.op)) << node.where;
    EXPECT_FALSE(std::holds_alternative<Clamp>(node.op)) << node.where;
  }
}

}  // namespace
}  // namespace teachable::testing
