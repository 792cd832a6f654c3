#include "tfjs/reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <nlohmann/json.hpp>
#include <random>
#include <tuple>

#include "converted.h"
#include "core/error.h"
#include "graph_builder.h"
#include "model/passes.h"
#include "model/reader.h"
#include "reference.h"

namespace teachable::testing {
namespace {

using Json = nlohmann::json;
using Bytes = std::vector<std::byte>;

Bytes read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> chars{std::istreambuf_iterator<char>(file), {}};
  const auto* begin = reinterpret_cast<const std::byte*>(chars.data());
  return {begin, begin + chars.size()};
}

Bytes to_bytes(const std::string& text) {
  const auto* begin = reinterpret_cast<const std::byte*>(text.data());
  return {begin, begin + text.size()};
}

/// A model.json and its weights, which a test may change.
struct TfjsFiles {
  Json model;
  Bytes weights;

  static TfjsFiles load(const std::filesystem::path& folder) {
    const Bytes text = read_file(folder / "model.json");
    const auto* begin = reinterpret_cast<const char*>(text.data());
    return {Json::parse(begin, begin + text.size(), nullptr, false),
            read_file(folder / "weights.bin")};
  }

  Graph read() const { return read_tfjs(to_bytes(model.dump()), weights).graph; }

  /// Returns the layers of the outermost model.
  Json& layers() { return model["modelTopology"]["config"]["layers"]; }

  Json& layer(const std::string& name) {
    for (Json& layer : layers()) {
      if (layer["name"] == name) return layer;
    }
    throw std::out_of_range(name);
  }

  Json& manifest() { return model["weightsManifest"][0]["weights"]; }

  Json& weight(const std::string& name) {
    for (Json& weight : manifest()) {
      if (weight["name"] == name) return weight;
    }
    throw std::out_of_range(name);
  }
};

std::filesystem::path fixtures() {
  return std::filesystem::path(TEACHABLE_SOURCE_DIR) / "tests/data/tfjs";
}

struct Failure {
  ErrorCode code = ErrorCode::Internal;
  std::string message;
};

Failure failure_of(const std::function<void()>& run) {
  try {
    run();
  } catch (const Error& error) {
    return {error.code(), error.what()};
  }
  ADD_FAILURE() << "expected an error";
  return {};
}

/// Reads a damaged model. Both a graph and an Error are fine; only a crash or a sanitizer's finding
/// fails the test.
void read_damaged(std::span<const std::byte> model, std::span<const std::byte> weights) {
  try {
    read_converted(model, weights);
  } catch (const Error& error) {
    EXPECT_TRUE(error.code() == ErrorCode::BadModel || error.code() == ErrorCode::UnsupportedOp)
        << error.what();
    EXPECT_GT(std::strlen(error.what()), 10u);
    EXPECT_LT(std::strlen(error.what()), 1000u);
  }
}

double element(const Tensor& tensor, size_t index) { return real_values(tensor)[index]; }

class TfjsFixture : public ::testing::TestWithParam<const char*> {};

TEST_P(TfjsFixture, MatchesTensorFlowJs) {
  const std::filesystem::path folder = fixtures() / GetParam();
  const Bytes text = read_file(folder / "expected.json");
  const auto* begin = reinterpret_cast<const char*>(text.data());
  const Json expected = Json::parse(begin, begin + text.size());
  Graph graph = TfjsFiles::load(folder).read();
  validate(graph);

  const auto compare = [&](const char* when) {
    SCOPED_TRACE(when);
    Reference reference(graph);
    reference.run(expected["input"].get<std::vector<double>>());
    const std::vector<double>& output = reference[graph.output];
    ASSERT_EQ(output.size(), expected["output"].size());
    for (size_t i = 0; i < output.size(); ++i) {
      EXPECT_NEAR(output[i], expected["output"][i].get<double>(), 2e-6) << "at " << i;
    }
  };
  compare("as read");
  fold_batch_norm(graph);
  fuse_activations(graph);
  fold_padding(graph);
  validate(graph);
  compare("folded");
}

TEST_P(TfjsFixture, SurvivesTruncation) {
  const Bytes model = read_file(fixtures() / GetParam() / "model.json");
  const Bytes weights = read_file(fixtures() / GetParam() / "weights.bin");
  for (size_t size = 0; size < model.size(); size += size < 64 ? 1 : 17) {
    const auto cut = std::span(model).first(size);
    EXPECT_EQ(failure_of([&] { read_tfjs(cut, weights); }).code, ErrorCode::BadModel);
  }
  for (size_t size = 0; size < weights.size(); size += 3) {
    const auto cut = std::span(weights).first(size);
    EXPECT_EQ(failure_of([&] { read_tfjs(model, cut); }).code, ErrorCode::BadModel);
  }
}

TEST_P(TfjsFixture, SurvivesDamagedBytes) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE("TEACHABLE_SEED=" + std::to_string(seed));
  std::mt19937 random(seed);
  const Bytes model = read_file(fixtures() / GetParam() / "model.json");
  const Bytes weights = read_file(fixtures() / GetParam() / "weights.bin");
  // These bytes often keep the text valid JSON, so they reach more code than random bytes.
  const std::string likely = "0123456789-.eE,:[]{}\"tfn \\";
  for (int round = 0; round < 600; ++round) {
    Bytes damaged = model;
    Bytes damaged_weights = weights;
    for (uint32_t change = random() % 4 + 1; change > 0; --change) {
      const size_t at = random() % damaged.size();
      const bool any = random() % 8 == 0;
      damaged[at] = static_cast<std::byte>(any ? random() % 256 : likely[random() % likely.size()]);
      damaged_weights[random() % weights.size()] = static_cast<std::byte>(random() % 256);
    }
    read_damaged(damaged, round % 2 == 0 ? weights : damaged_weights);
  }
}

/// Replaces every value of the tree, one at a time. Damaged bytes rarely reach these cases.
TEST_P(TfjsFixture, SurvivesChangedValues) {
  const TfjsFiles files = TfjsFiles::load(fixtures() / GetParam());
  const Json flat = files.model.flatten();
  const Json replacements = {nullptr,        true,       0,    -1,     3,
                             1e300,          4294967296, "",   "conv", Json::array(),
                             Json::object(), {-1, 1e9},  {{0}}};
  size_t at = 0;
  for (const auto& [pointer, value] : flat.items()) {
    Json changed = files.model;
    changed[Json::json_pointer(pointer)] = replacements[at++ % replacements.size()];
    read_damaged(to_bytes(changed.dump()), files.weights);
  }
}

INSTANTIATE_TEST_SUITE_P(Models, TfjsFixture,
                         ::testing::Values("nested", "functional", "quantized"));

TEST(TfjsReader, TransposesFilters) {
  TfjsFiles files = TfjsFiles::load(fixtures() / "functional");
  // stem/kernel [3, 2, 3, 4] is the first weight.
  for (size_t i = 0; i < 72; ++i) {
    const float value = static_cast<float>(i);
    std::memcpy(files.weights.data() + 4 * i, &value, 4);
  }
  const Graph graph = files.read();
  const auto& conv = std::get<Conv2d>(graph.nodes[0].op);
  const Tensor& filter = graph.tensors[conv.filter];
  EXPECT_EQ(filter.shape, (Shape{4, 3, 2, 3}));
  for (size_t out = 0; out < 4; ++out) {
    for (size_t rest = 0; rest < 18; ++rest) {
      EXPECT_EQ(element(filter, out * 18 + rest), static_cast<double>(rest * 4 + out));
    }
  }
  EXPECT_EQ(conv.activation, Activation::relu());
  EXPECT_EQ(conv.stride, (Extent2d{1, 2}));
  EXPECT_EQ(conv.padding, (Padding{1, 0, 1, 0}));
  EXPECT_EQ(std::get<Conv2d>(graph.nodes[1].op).dilation, (Extent2d{2, 2}));
  const auto& depthwise = std::get<DepthwiseConv2d>(graph.nodes[2].op);
  EXPECT_EQ(graph.tensors[depthwise.filter].shape, (Shape{1, 3, 3, 8}));
}

TEST(TfjsReader, SharesWeightsBetweenCallsOfALayer) {
  const Graph graph = TfjsFiles::load(fixtures() / "functional").read();
  std::vector<TensorId> filters;
  for (const Node& node : graph.nodes) {
    if (node.where.find("'shared'") == std::string::npos) continue;
    filters.push_back(std::get<Conv2d>(node.op).filter);
  }
  ASSERT_EQ(filters.size(), 2u);
  EXPECT_EQ(filters[0], filters[1]);
}

TEST(TfjsReader, FindsTheEmbeddingInsideNestedModels) {
  const TfjsFiles files = TfjsFiles::load(fixtures() / "nested");
  const Bytes text = to_bytes(files.model.dump());
  EXPECT_EQ(convert_tfjs(text, files.weights).format, TfjsFormat::Layers);
  const Model model = read_converted(text, files.weights);
  ASSERT_NE(model.graph.logits, kNoTensor);
  EXPECT_EQ(model.graph.tensors[model.graph.logits].shape.element_count(), 3u);
}

TEST(TfjsReader, ReadsVariationsOfKeras) {
  const TfjsFiles original = TfjsFiles::load(fixtures() / "functional");
  const size_t node_count = original.read().nodes.size();
  const auto read_changed = [&](const char* what, const std::function<void(TfjsFiles&)>& change) {
    SCOPED_TRACE(what);
    TfjsFiles files = original;
    change(files);
    const Graph graph = files.read();
    validate(graph);
    EXPECT_EQ(graph.nodes.size(), node_count);
  };
  read_changed("model_config around the model", [](TfjsFiles& files) {
    const Json model = files.model["modelTopology"];
    files.model["modelTopology"] = {{"keras_version", "2.2.4"}, {"model_config", model}};
  });
  read_changed("class Functional",
               [](TfjsFiles& files) { files.model["modelTopology"]["class_name"] = "Functional"; });
  read_changed("names that end in :0", [](TfjsFiles& files) {
    for (Json& weight : files.manifest()) weight["name"] = weight["name"].get<std::string>() + ":0";
  });
  read_changed("names inside a model's name", [](TfjsFiles& files) {
    for (Json& weight : files.manifest())
      weight["name"] = "net/" + weight["name"].get<std::string>();
  });
  read_changed("weights in several groups", [](TfjsFiles& files) {
    const Json weights = files.manifest();
    files.model["weightsManifest"] = Json::array();
    for (const Json& weight : weights) {
      files.model["weightsManifest"].push_back({{"paths", {"a"}}, {"weights", {weight}}});
    }
  });
  read_changed("layers in another order", [](TfjsFiles& files) {
    std::reverse(files.layers().begin(), files.layers().end());
  });
  read_changed("Keras 3 inputs, outputs and activations", [](TfjsFiles& files) {
    for (Json& layer : files.layers()) {
      Json nodes = Json::array();
      for (const Json& inputs : layer["inbound_nodes"]) {
        Json tensors = Json::array();
        for (const Json& input : inputs) {
          const Json history = {input[0], input[1], input[2]};
          tensors.push_back({{"class_name", "__keras_tensor__"},
                             {"config", {{"shape", {nullptr, 1}}, {"keras_history", history}}}});
        }
        const Json args = tensors.size() > 1 ? Json::array({tensors}) : tensors;
        nodes.push_back({{"args", args}, {"kwargs", Json::object()}});
      }
      layer["inbound_nodes"] = nodes;
      Json& config = layer["config"];
      if (config.contains("activation")) {
        config["activation"] = {{"class_name", "function"}, {"config", config["activation"]}};
      }
      if (config.contains("batch_input_shape")) {
        config["batch_shape"] = config["batch_input_shape"];
        config.erase("batch_input_shape");
      }
    }
    Json& config = files.model["modelTopology"]["config"];
    config["input_layers"] = Json(config["input_layers"][0]);
    config["output_layers"] = Json(config["output_layers"][0]);
  });
  read_changed("Keras 3 depthwise kernel", [](TfjsFiles& files) {
    files.weight("wide/depthwise_kernel")["name"] = "wide/kernel";
  });
  read_changed("an unused branch", [](TfjsFiles& files) {
    files.layers().push_back({{"name", "aux"},
                              {"class_name", "LSTM"},
                              {"config", Json::object()},
                              {"inbound_nodes", {{{"flat", 0, 0, Json::object()}}}}});
  });
}

/// Keras 2 gives the first call of a nested model the number 1.
/// Runs a layer on pixels of 2 x 2 with values from -2.0 to 0.75. `call` is its inbound node in a
/// functional model; without one, the model is sequential.
std::vector<double> run_layer(const std::string& class_name, Json config, Json call = nullptr) {
  const Json shape = {nullptr, 2, 2, 3};
  config["name"] = "layer";
  Json input = {{"class_name", "InputLayer"}, {"config", {{"batch_input_shape", shape}}}};
  Json layer = {{"class_name", class_name}, {"config", config}};
  Json model = {{"class_name", "Sequential"}, {"config", {{"layers", {input, layer}}}}};
  if (!call.is_null()) {
    input["name"] = "input";
    input["inbound_nodes"] = Json::array();
    layer["name"] = "layer";
    layer["inbound_nodes"] = Json::array({call});
    model = {{"class_name", "Functional"},
             {"config",
              {{"layers", {input, layer}},
               {"input_layers", {{"input", 0, 0}}},
               {"output_layers", {{"layer", 0, 0}}}}}};
  }
  const Json file = {{"modelTopology", model}, {"weightsManifest", Json::array()}};
  const Graph graph = read_tfjs(to_bytes(file.dump()), {}).graph;
  if (graph.output == graph.input) return {};
  validate(graph);
  std::vector<double> pixels;
  for (int i = 0; i < 12; ++i) pixels.push_back(i / 4.0 - 2);
  Reference reference(graph);
  reference.run(pixels);
  return reference[graph.output];
}

TEST(TfjsReader, ComputesMoreActivations) {
  using Function = double (*)(double);
  const std::tuple<Json, Function> cases[] = {
      {{{"activation", "swish"}}, [](double x) { return x / (1 + std::exp(-x)); }},
      {{{"activation", "silu"}}, [](double x) { return x / (1 + std::exp(-x)); }},
      {{{"activation", "tanh"}}, [](double x) { return std::tanh(x); }},
      {{{"activation", "hard_sigmoid"}},
       [](double x) { return std::clamp(0.2 * x + 0.5, 0.0, 1.0); }},
      {{{"activation", "hard_sigmoid"}, {"dtype", {{"class_name", "DTypePolicy"}}}},
       [](double x) { return std::clamp(x / 6 + 0.5, 0.0, 1.0); }},
      {{{"activation", "leaky_relu"}}, [](double x) { return x < 0 ? 0.2 * x : x; }},
      {{{"activation", "elu"}}, [](double x) { return x < 0 ? std::expm1(x) : x; }},
      {{{"activation", "selu"}},
       [](double x) { return 1.05070098735 * (x < 0 ? 1.6732632423 * std::expm1(x) : x); }},
      {{{"activation", "gelu"}}, [](double x) { return x * std::erfc(-x / std::sqrt(2)) / 2; }},
      {{{"activation", "gelu_new"}},
       [](double x) {
         return x / 2 * (1 + std::tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)));
       }},
      {{{"activation", "softplus"}}, [](double x) { return std::log1p(std::exp(x)); }},
  };
  for (const auto& [config, function] : cases) {
    const std::vector<double> got = run_layer("Activation", config);
    ASSERT_EQ(got.size(), 12u);
    for (int i = 0; i < 12; ++i)
      EXPECT_NEAR(got[static_cast<size_t>(i)], function(i / 4.0 - 2), 1e-6) << config;
  }
  const std::vector<double> leaky = run_layer("LeakyReLU", {{"alpha", 0.5}});
  EXPECT_NEAR(leaky[0], -1, 1e-6);
  EXPECT_NEAR(leaky[11], 0.75, 1e-6);
  const std::vector<double> elu = run_layer("ELU", {{"alpha", 0.5}});
  EXPECT_NEAR(elu[0], std::expm1(-2) / 2, 1e-6);
  EXPECT_NEAR(elu[11], 0.75, 1e-6);
}

TEST(TfjsReader, ComputesArithmeticOfKeras) {
  const auto keras2 = [](double y) { return Json{{"input", 0, 0, {{"y", y}}}}[0]; };
  const Json tensor = {{"class_name", "__keras_tensor__"},
                       {"config", {{"keras_history", {"input", 0, 0}}}}};
  const auto keras3 = [&](double y) { return Json{{"args", {tensor, y}}}; };
  const std::tuple<const char*, Json, Json, double> cases[] = {
      {"TFOpLambda", {{"function", "math.truediv"}}, keras2(4), -0.5},
      {"TFOpLambda", {{"function", "math.subtract"}}, keras2(1), -3},
      {"TFOpLambda", {{"function", "math.multiply"}}, keras2(3), -6},
      {"TrueDivide", Json::object(), keras3(4), -0.5},
      {"Subtract", Json::object(), keras3(1), -3},
      {"Multiply", Json::object(), keras3(3), -6},
  };
  for (const auto& [name, config, call, expected] : cases)
    EXPECT_NEAR(run_layer(name, config, call)[0], expected, 1e-6) << name << config;
  const std::vector<double> normalized =
      run_layer("Normalization", {{"mean", {1, 2, 3}}, {"variance", {4, 16, 1}}});
  EXPECT_NEAR(normalized[0], -1.5, 1e-6);
  EXPECT_NEAR(normalized[1], (-1.75 - 2) / 4, 1e-6);
  EXPECT_NEAR(normalized[2], -4.5, 1e-6);
  EXPECT_EQ(run_layer("GlobalMaxPooling2D", Json::object()),
            (std::vector<double>{0.25, 0.5, 0.75}));
}

TEST(TfjsReader, LeavesOutLayersThatDoNothingAtInference) {
  for (const char* name :
       {"RandomRotation", "RandomFlip", "RandomZoom", "RandomTranslation", "RandomContrast",
        "GaussianNoise", "GaussianDropout", "SpatialDropout2D", "ActivityRegularization"})
    EXPECT_TRUE(run_layer(name, {{"rate", 0.5}}).empty()) << name;
}

TEST(TfjsReader, LetsTheCallerChooseTheSizeOfOpenInputs) {
  const Json input = {{"class_name", "InputLayer"},
                      {"config", {{"batch_input_shape", {nullptr, nullptr, nullptr, 3}}}}};
  const Json pad = {{"class_name", "ZeroPadding2D"}, {"config", {{"name", "pad"}}}};
  const Json pool = {{"class_name", "GlobalAveragePooling2D"}, {"config", {{"name", "pool"}}}};
  const Json file = {{"modelTopology",
                      {{"class_name", "Sequential"}, {"config", {{"layers", {input, pad, pool}}}}}},
                     {"weightsManifest", Json::array()}};
  const auto converted = convert_tfjs(to_bytes(file.dump()), {});
  const auto read = [&](InputSize size) {
    return read_model(converted.file.bytes, PrecisionChoice::Auto, ConstantStorage::Copied, "",
                      size)
        .graph;
  };
  const Graph usual = read({});
  EXPECT_EQ(usual.tensors[usual.input].shape, (Shape{1, 224, 224, 3}));
  ASSERT_FALSE(usual.warnings.empty());
  EXPECT_NE(usual.warnings[0].find("pictures of any size. Its input has 224 x 224 pixels"),
            std::string::npos)
      << usual.warnings[0];
  const Graph chosen = read({.width = 96, .height = 64});
  EXPECT_EQ(chosen.tensors[chosen.input].shape, (Shape{1, 64, 96, 3}));
  EXPECT_EQ(chosen.tensors[output_of(chosen.nodes[0].op)].shape, (Shape{1, 66, 98, 3}));
  for (const std::string& warning : chosen.warnings)
    EXPECT_EQ(warning.find("any size"), std::string::npos) << warning;
}

TEST(TfjsReader, GivesInputsOfAnySizeTheUsualOne) {
  const Json layer = {{"class_name", "ReLU"},
                      {"config", {{"batch_input_shape", {nullptr, nullptr, nullptr, 3}}}}};
  const Json model = {{"class_name", "Sequential"}, {"config", {{"layers", {layer}}}}};
  const Json file = {{"modelTopology", model}, {"weightsManifest", Json::array()}};
  const Graph graph = read_tfjs(to_bytes(file.dump()), {}).graph;
  EXPECT_EQ(graph.tensors[graph.input].shape, (Shape{1, 224, 224, 3}));
}

/// Returns a layers-model of an input and layers that need no weights.
Json model_of(const Json& input_shape, std::vector<Json> layers, Json outputs) {
  Json all = {{{"class_name", "InputLayer"},
               {"name", "input"},
               {"config", {{"batch_input_shape", input_shape}}},
               {"inbound_nodes", Json::array()}}};
  for (Json& layer : layers) all.push_back(std::move(layer));
  const Json config = {{"name", "model"},
                       {"layers", all},
                       {"input_layers", {{"input", 0, 0}}},
                       {"output_layers", std::move(outputs)}};
  return {{"modelTopology", {{"class_name", "Model"}, {"config", config}}},
          {"weightsManifest", Json::array()}};
}

Json layer_of(const std::string& class_name, const std::string& name, Json config,
              const std::vector<std::string>& inputs) {
  Json calls = Json::array();
  for (const std::string& input : inputs) calls.push_back({input, 0, 0, Json::object()});
  config["name"] = name;
  return {{"class_name", class_name},
          {"name", name},
          {"config", std::move(config)},
          {"inbound_nodes", Json::array({calls})}};
}

TEST(TfjsReader, TheCallerChoosesAmongSeveralOutputs) {
  const Json pool = layer_of("GlobalAveragePooling2D", "pool", Json::object(), {"input"});
  const Json many = layer_of("Activation", "many", {{"activation", "sigmoid"}}, {"pool"});
  const Json kinds = layer_of("Softmax", "kinds", Json::object(), {"pool"});
  const Json end = layer_of("ReLU", "end", Json::object(), {"pool"});
  const Json unsupported = layer_of("Lambda", "other", Json::object(), {"pool"});
  const Json shape = {nullptr, 4, 4, 3};
  const Json list = {{"many", 0, 0}, {"kinds", 0, 0}, {"other", 0, 0}, {"end", 0, 0}};
  const Json by_key = {{"a", {"many", 0, 0}}, {"b", {"kinds", 0, 0}}, {"c", {"end", 0, 0}}};
  const auto read = [&](const Json& outputs, const std::string& wanted) {
    const Json model = model_of(shape, {pool, many, kinds, unsupported, end}, outputs);
    return read_tfjs(to_bytes(model.dump()), {}, wanted).graph;
  };
  const std::tuple<const char*, size_t, const char*> cases[] = {{"", 1, "(Softmax)"},
                                                                {"kinds", 1, "(Softmax)"},
                                                                {"many", 0, "(Activation)"},
                                                                {"3", 3, "(ReLU)"}};
  for (const auto& [wanted, index, where] : cases) {
    const Graph graph = read(list, wanted);
    EXPECT_EQ(graph.file_output, index);
    EXPECT_EQ(graph.file_outputs, (std::vector<std::string>{"many", "kinds", "other", "end"}));
    EXPECT_NE(graph.nodes.back().where.find(where), std::string::npos) << wanted;
  }
  for (const char* wanted : {"c", "end", "2"}) EXPECT_EQ(read(by_key, wanted).file_output, 2u);
  EXPECT_EQ(read(list, "end").file_output, 3u);
  const Failure failure = failure_of([&] { read(list, "nothing"); });
  EXPECT_EQ(failure.code, ErrorCode::BadArgument);
  EXPECT_NE(failure.message.find("0 'many', 1 'kinds', 2 'other', 3 'end'."), std::string::npos)
      << failure.message;
  EXPECT_EQ(failure_of([&] { read(list, "other"); }).code, ErrorCode::UnsupportedOp);

  // Scores at the end of a nested model count too.
  Json head = {{"class_name", "Sequential"},
               {"name", "head"},
               {"config",
                {{"name", "head"}, {"layers", {layer_of("Softmax", "inner", Json::object(), {})}}}},
               {"inbound_nodes", pool["inbound_nodes"]}};
  head["inbound_nodes"][0][0][0] = "pool";
  const Json nested = model_of(shape, {pool, head, end}, {{"head", 0, 0}, {"end", 0, 0}});
  EXPECT_EQ(read_tfjs(to_bytes(nested.dump()), {}).graph.file_output, 0u);

  // Only the outermost model may have several.
  Json inner = model_of(shape, {pool, many, end}, {{"many", 0, 0}, {"end", 0, 0}})["modelTopology"];
  inner["name"] = "inner";
  inner["inbound_nodes"] = many["inbound_nodes"];
  inner["inbound_nodes"][0][0][0] = "input";
  const Json outer = model_of(shape, {inner}, {{"inner", 0, 0}});
  EXPECT_NE(failure_of([&] {
              read_tfjs(to_bytes(outer.dump()), {});
            }).message.find("2 output_layers; expected 1"),
            std::string::npos);
}

TEST(TfjsReader, NamesTheOutputOfASequentialModel) {
  Json input = layer_of("InputLayer", "input", {{"batch_input_shape", {nullptr, 4, 4, 3}}}, {});
  const Json layers = {input, layer_of("ReLU", "active", Json::object(), {})};
  const Json file = {
      {"modelTopology", {{"class_name", "Sequential"}, {"config", {{"layers", layers}}}}},
      {"weightsManifest", Json::array()}};
  for (const char* wanted : {"", "active", "0"}) {
    EXPECT_EQ(read_tfjs(to_bytes(file.dump()), {}, wanted).graph.file_outputs,
              std::vector<std::string>{"active"});
  }
  EXPECT_EQ(failure_of([&] { read_tfjs(to_bytes(file.dump()), {}, "1"); }).code,
            ErrorCode::BadArgument);
}

TEST(TfjsReader, TurnsMapsWithChannelsFirst) {
  const Json first = {{"data_format", "channels_first"}};
  const auto layer = [&](const char* class_name, const char* name, const char* input) {
    return layer_of(class_name, name, first, {input});
  };
  const Json pad =
      layer_of("ZeroPadding2D", "pad",
               {{"data_format", "channels_first"}, {"padding", {{1, 0}, {0, 2}}}}, {"input"});
  const Json joined = layer_of("Concatenate", "joined", {{"axis", 1}}, {"pad", "pad"});
  const Json model = model_of({nullptr, 3, 4, 2}, {pad, joined, layer("Flatten", "flat", "joined")},
                              {{"flat", 0, 0}});
  const Graph graph = read_tfjs(to_bytes(model.dump()), {}).graph;
  EXPECT_EQ(graph.tensors[graph.input].shape, (Shape{1, 4, 2, 3}));
  std::vector<double> pixels(24);
  for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<double>(i + 1);
  Reference reference(graph);
  reference.run(pixels);
  const std::vector<double>& got = reference[graph.output];
  ASSERT_EQ(got.size(), 5u * 4 * 6);
  for (size_t y = 0; y < 5; ++y) {
    for (size_t x = 0; x < 4; ++x) {
      for (size_t c = 0; c < 6; ++c) {
        const bool is_inside = y > 0 && x < 2;
        EXPECT_EQ(got[(y * 4 + x) * 6 + c], is_inside ? pixels[((y - 1) * 2 + x) * 3 + c % 3] : 0);
      }
    }
  }

  // Permute layers between the orders, an input of any size, and squeeze-and-excite.
  const Json to_first = layer_of("Permute", "to_first", {{"dims", {3, 1, 2}}}, {"input"});
  const Json mean = layer("GlobalAveragePooling2D", "mean", "to_first");
  const Json gate = layer_of("Reshape", "gate", {{"target_shape", {3, 1, 1}}}, {"mean"});
  const Json product = layer_of("Multiply", "product", Json::object(), {"to_first", "gate"});
  const Json to_last = layer_of("Permute", "to_last", {{"dims", {2, 3, 1}}}, {"product"});
  const Json end = layer_of("GlobalMaxPooling2D", "end", Json::object(), {"to_last"});
  const Json excited = model_of({nullptr, nullptr, nullptr, 3},
                                {to_first, mean, gate, product, to_last, end}, {{"end", 0, 0}});
  const Graph excites = read_tfjs(to_bytes(excited.dump()), {}).graph;
  EXPECT_EQ(excites.tensors[excites.output].shape, (Shape{1, 3}));
  EXPECT_TRUE(excites.has_any_size);
  const Json open = model_of({nullptr, 3, nullptr, nullptr},
                             {layer("GlobalAveragePooling2D", "mean", "input")}, {{"mean", 0, 0}});
  const Graph any = read_tfjs(to_bytes(open.dump()), {}).graph;
  EXPECT_EQ(any.tensors[any.input].shape, (Shape{1, 224, 224, 3}));
  EXPECT_TRUE(any.has_any_size);
}

TEST(TfjsReader, NamesLayersThatDependOnChannelsFirst) {
  const Json shape = {nullptr, 3, 4, 4};
  const auto permuted = layer_of("Permute", "last", {{"dims", {2, 3, 1}}}, {"input"});
  const std::tuple<std::vector<Json>, const char*> cases[] = {
      {{layer_of("Flatten", "end", Json::object(), {"input"})}, "flattening"},
      {{layer_of("Reshape", "end", {{"target_shape", {48}}}, {"input"})}, "Reshape of a map"},
      {{layer_of("Dense", "end", {{"units", 4}}, {"input"})}, "Dense layer over the width"},
      {{layer_of("Activation", "end", {{"activation", "softmax"}}, {"input"})},
       "softmax over the width"},
      {{layer_of("Softmax", "end", Json::object(), {"input"})}, "axis"},
      {{layer_of("Concatenate", "end", {{"axis", -1}}, {"input", "input"})}, "axis -1"},
      {{layer_of("BatchNormalization", "end", {{"axis", 3}}, {"input"})}, "axis"},
      {{layer_of("Rescaling", "end", {{"scale", {1, 2, 3}}}, {"input"})}, "data_format"},
      {{layer_of("GlobalAveragePooling2D", "end", Json::object(), {"input"})},
       "data_format 'channels_last'"},
      {{permuted, layer_of("Add", "end", Json::object(), {"input", "last"})},
       "mixture of maps with channels first and last"},
      {{layer_of("Permute", "end", {{"dims", {1, 3, 2}}}, {"input"})}, "order of axes"},
      {{layer_of("GlobalAveragePooling2D", "mean", {{"data_format", "channels_first"}}, {"input"}),
        layer_of("Multiply", "end", Json::object(), {"input", "mean"})},
       "operand of shape [1, 3]"},
  };
  for (const auto& [layers, message] : cases) {
    const Json model = model_of(shape, layers, {{"end", 0, 0}});
    const Failure failure = failure_of([&] { read_tfjs(to_bytes(model.dump()), {}); });
    EXPECT_EQ(failure.code, ErrorCode::UnsupportedOp) << failure.message;
    EXPECT_NE(failure.message.find(message), std::string::npos) << failure.message;
  }
}

TEST(TfjsReader, ReadsNestedFunctionalModels) {
  TfjsFiles files = TfjsFiles::load(fixtures() / "functional");
  const size_t node_count = files.read().nodes.size();
  for (const int number : {0, 1}) {
    TfjsFiles outer = files;
    Json inner = files.model["modelTopology"];
    inner["name"] = "inner";
    inner["inbound_nodes"] = {{{"outer_input", 0, 0, Json::object()}}};
    Json input = files.layer("picture");
    input["name"] = input["config"]["name"] = "outer_input";
    outer.model["modelTopology"] = {{"class_name", "Functional"},
                                    {"config",
                                     {{"name", "outer"},
                                      {"layers", {input, inner}},
                                      {"input_layers", {{"outer_input", 0, 0}}},
                                      {"output_layers", {{"inner", number, 0}}}}}};
    EXPECT_EQ(outer.read().nodes.size(), node_count);
  }
}

struct Contradiction {
  const char* name;
  ErrorCode code;
  const char* message;  ///< part of the message
  std::function<void(TfjsFiles&)> make;
};

class TfjsContradiction : public ::testing::TestWithParam<Contradiction> {};

TEST_P(TfjsContradiction, IsReportedWithItsPosition) {
  TfjsFiles files = TfjsFiles::load(fixtures() / "functional");
  GetParam().make(files);
  const Failure failure = failure_of([&] { files.read(); });
  EXPECT_EQ(failure.code, GetParam().code) << failure.message;
  EXPECT_NE(failure.message.find(GetParam().message), std::string::npos) << failure.message;
}

constexpr ErrorCode kBad = ErrorCode::BadModel;
constexpr ErrorCode kUnsupported = ErrorCode::UnsupportedOp;

const Contradiction kContradictions[] = {
    {"GraphModelWithoutNodes", kBad, "nodes",
     [](TfjsFiles& f) { f.model["modelTopology"] = {{"node", Json::array()}}; }},
    {"NoTopology", kBad, "no modelTopology", [](TfjsFiles& f) { f.model.erase("modelTopology"); }},
    {"NoManifest", kBad, "no weightsManifest",
     [](TfjsFiles& f) { f.model.erase("weightsManifest"); }},
    {"UnknownModelClass", kUnsupported, "RNN",
     [](TfjsFiles& f) { f.model["modelTopology"]["class_name"] = "RNN"; }},
    {"UnknownLayer", kUnsupported, "'sum' (Maximum)",
     [](TfjsFiles& f) { f.layer("sum")["class_name"] = "Maximum"; }},
    {"UnknownFunction", kUnsupported, "'math.erf'",
     [](TfjsFiles& f) {
       f.layer("sum")["class_name"] = "TFOpLambda";
       f.layer("sum")["config"]["function"] = "math.erf";
     }},
    {"RescalingOfOtherChannels", kBad, "found 7 values",
     [](TfjsFiles& f) {
       f.layer("drop")["class_name"] = "Rescaling";
       f.layer("drop")["config"]["scale"] = {1, 2, 3, 4, 5, 6, 7};
     }},
    {"UnknownActivation", kUnsupported, "'mish'",
     [](TfjsFiles& f) { f.layer("stem")["config"]["activation"] = "mish"; }},
    {"ChannelsFirst", kUnsupported, "channels_first",
     [](TfjsFiles& f) { f.layer("stem")["config"]["data_format"] = "channels_first"; }},
    {"CausalPadding", kUnsupported, "'causal'",
     [](TfjsFiles& f) { f.layer("stem")["config"]["padding"] = "causal"; }},
    {"Groups", kUnsupported, "groups",
     [](TfjsFiles& f) { f.layer("stem")["config"]["groups"] = 2; }},
    {"BatchNormAxis", kUnsupported, "axis",
     [](TfjsFiles& f) { f.layer("plain")["config"]["axis"] = 1; }},
    {"SoftmaxAxis", kUnsupported, "axis",
     [](TfjsFiles& f) { f.layer("probabilities")["config"]["axis"] = 0; }},
    {"OpenChannelCount", kUnsupported, "Unsupported variable number of channels",
     [](TfjsFiles& f) {
       f.layer("picture")["config"]["batch_input_shape"] = {nullptr, 8, 8, nullptr};
     }},
    {"Batch", kUnsupported, "batch size 8",
     [](TfjsFiles& f) { f.layer("picture")["config"]["batch_input_shape"][0] = 8; }},
    {"HugeInput", kBad, "too large",
     [](TfjsFiles& f) {
       f.layer("picture")["config"]["batch_input_shape"] = {nullptr, 1e9, 1e9, 3};
     }},
    {"Cycle", kBad, "depends on its own output",
     [](TfjsFiles& f) { f.layer("stem")["inbound_nodes"][0][0][0] = "sum"; }},
    {"MissingLayer", kBad, "'nowhere' doesn't exist",
     [](TfjsFiles& f) { f.layer("flat")["inbound_nodes"][0][0][0] = "nowhere"; }},
    {"MissingCall", kBad, "call 7",
     [](TfjsFiles& f) { f.layer("flat")["inbound_nodes"][0][0][1] = 7; }},
    {"DuplicateLayer", kBad, "two layers have this name",
     [](TfjsFiles& f) { f.layers().push_back(f.layer("flat")); }},
    {"ReshapeCount", kBad, "target_shape",
     [](TfjsFiles& f) { f.layer("row")["config"]["target_shape"] = {7}; }},
    {"ZeroStride", kBad, "strides",
     [](TfjsFiles& f) { f.layer("stem")["config"]["strides"] = {0, 1}; }},
    {"NegativePadding", kBad, "padding",
     [](TfjsFiles& f) { f.layer("frame")["config"]["padding"] = {{-1, 0}, {0, 0}}; }},
    {"KernelShape", kBad, "kernel has shape [3, 2, 3, 4]; expected [3, 2, 3, 5]",
     [](TfjsFiles& f) { f.layer("stem")["config"]["filters"] = 5; }},
    {"MissingWeight", kBad, "has no weight 'stem/kernel'",
     [](TfjsFiles& f) { f.weight("stem/kernel")["name"] = "other"; }},
    {"DuplicateWeight", kBad, "twice",
     [](TfjsFiles& f) { f.weight("stem/bias")["name"] = "stem/kernel"; }},
    {"WeightOfManyNames", kBad, "of more than 32 parts",
     [](TfjsFiles& f) { f.weight("stem/bias")["name"] = std::string(500, '/'); }},
    {"AmbiguousWeight", kBad, "several weights",
     [](TfjsFiles& f) {
       f.weight("stem/bias")["name"] = "a/head/bias";
       f.weight("head/bias")["name"] = "b/head/bias";
       f.layer("stem")["config"]["use_bias"] = false;
     }},
    {"ShortWeights", kBad, "the weights have", [](TfjsFiles& f) { f.weights.pop_back(); }},
    {"LongWeights", kBad, "bytes of weights; found",
     [](TfjsFiles& f) { f.weights.push_back(std::byte{0}); }},
    {"HugeWeight", kBad, "the weights have",
     [](TfjsFiles& f) { f.weight("head/bias")["shape"] = {1 << 27}; }},
    {"OverflowingWeight", kBad, "too large",
     [](TfjsFiles& f) { f.weight("head/bias")["shape"] = {1 << 30, 1 << 30, 1 << 30}; }},
    {"NegativeDimension", kBad, "at least 0",
     [](TfjsFiles& f) { f.weight("head/bias")["shape"] = {-6}; }},
    {"NanWeight", kBad, "at index 0 isn't finite",
     [](TfjsFiles& f) { std::memset(f.weights.data(), 0xff, 4); }},
    {"IntegerWeight", kBad, "isn't float32",
     [](TfjsFiles& f) { f.weight("head/bias")["dtype"] = "int32"; }},
    {"StringWeight", kUnsupported, "'string'",
     [](TfjsFiles& f) { f.weight("head/bias")["dtype"] = "string"; }},
    {"UnknownQuantization", kUnsupported, "'int4'",
     [](TfjsFiles& f) { f.weight("head/bias")["quantization"] = {{"dtype", "int4"}}; }},
    {"NoScale", kBad, "scale",
     [](TfjsFiles& f) {
       f.weight("head/bias")["quantization"] = {{"dtype", "uint8"}, {"min", 0}};
     }},
    {"ZeroScale", kBad, "scale",
     [](TfjsFiles& f) {
       f.weight("head/bias")["quantization"] = {{"dtype", "uint8"}, {"min", 0}, {"scale", 0}};
     }},
    {"LeakyRelu", kUnsupported, "negative_slope",
     [](TfjsFiles& f) {
       f.layer("drop")["class_name"] = "ReLU";
       f.layer("drop")["config"] = {{"negative_slope", 0.1}};
     }},
    {"NegativeVariance", kBad, "no finite scale for channel 0",
     [](TfjsFiles& f) { f.layer("plain")["config"]["epsilon"] = -1000; }},
};

INSTANTIATE_TEST_SUITE_P(Models, TfjsContradiction, ::testing::ValuesIn(kContradictions),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(TfjsReader, RejectsDeepAndWideJsonEarly) {
  EXPECT_EQ(failure_of([] { read_tfjs(to_bytes(std::string(1 << 20, '[')), {}); }).code, kBad);
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "{\"a\":";
  const Failure nested = failure_of([&] { read_tfjs(to_bytes(deep), {}); });
  EXPECT_NE(nested.message.find("nested deeper than 64"), std::string::npos) << nested.message;
  std::string wide = "[0";
  for (int i = 0; i < 1'000'000; ++i) wide += ",0";
  const Failure many = failure_of([&] { read_tfjs(to_bytes(wide + "]"), {}); });
  EXPECT_NE(many.message.find("more than 500000 values"), std::string::npos) << many.message;
  std::string members = "{\"a\":0";
  for (int i = 0; i < 1024; ++i) members += ",\"a\":0";
  const Failure object = failure_of([&] { read_tfjs(to_bytes(members + "}"), {}); });
  EXPECT_NE(object.message.find("more than 1024 members"), std::string::npos) << object.message;
  const Failure text =
      failure_of([] { read_tfjs(to_bytes("{\"" + std::string(2 << 20, 'a') + "\":0}"), {}); });
  EXPECT_NE(text.message.find("more than 1048576 bytes"), std::string::npos) << text.message;
  const Failure number = failure_of([] { read_tfjs(to_bytes("{\"a\":1e999}"), {}); });
  EXPECT_NE(number.message.find("out of range"), std::string::npos) << number.message;
}

/// If every layer reads the previous one twice, the number of operators doubles at every level.
TEST(TfjsReader, RejectsModelsWithTooManyCalls) {
  TfjsFiles files = TfjsFiles::load(fixtures() / "functional");
  Json& add = files.layer("sum");
  const Json input = add["inbound_nodes"][0][0];
  for (int i = 0; i < 64; ++i) add["inbound_nodes"][0].push_back(input);
  const Failure failure = failure_of([&] { files.read(); });
  EXPECT_NE(failure.message.find("Unsupported number of inputs (67)"), std::string::npos)
      << failure.message;

  files = TfjsFiles::load(fixtures() / "functional");
  files.layers() = Json::array({files.layer("picture")});
  Json sums = {{"name", "sums"},
               {"class_name", "Add"},
               {"config", Json::object()},
               {"inbound_nodes", Json::array()}};
  for (int i = 0; i < 5000; ++i) {
    const Json before = i == 0 ? Json{"picture", 0, 0} : Json{"sums", i - 1, 0};
    sums["inbound_nodes"].push_back({before, before});
  }
  files.layers().push_back(sums);
  files.model["modelTopology"]["config"]["output_layers"] = {{"sums", 4999, 0}};
  const Failure calls = failure_of([&] { files.read(); });
  EXPECT_NE(calls.message.find("more than 4096 calls of layers"), std::string::npos)
      << calls.message;

  files = TfjsFiles::load(fixtures() / "functional");
  Json inner = files.model["modelTopology"];
  inner["inbound_nodes"] = {{{"a", 0, 0}}, {{"b", 0, 0}}};
  inner["name"] = "twice";
  files.layers().push_back(inner);
  files.model["modelTopology"]["config"]["output_layers"] = {{"twice", 1, 0}};
  EXPECT_EQ(failure_of([&] { files.read(); }).code, kUnsupported);
}

TEST(TfjsReader, ReadsAChainAsLongAsTheLimitAllows) {
  TfjsFiles files = TfjsFiles::load(fixtures() / "functional");
  Json layers = Json::array({files.layer("picture")});
  std::string before = "picture";
  for (int i = 0; i < 4000; ++i) {
    const std::string name = "relu" + std::to_string(i);
    layers.push_back({{"name", name},
                      {"class_name", "ReLU"},
                      {"config", {{"max_value", nullptr}}},
                      {"inbound_nodes", {{{before, 0, 0, Json::object()}}}}});
    before = name;
  }
  files.layers() = layers;
  files.model["modelTopology"]["config"]["output_layers"] = {{before, 0, 0}};
  EXPECT_EQ(files.read().nodes.size(), 4000u);
}

TEST(TfjsReader, ReadsTheRealBackbone) {
  const std::filesystem::path folder =
      std::filesystem::path(TEACHABLE_SOURCE_DIR) / "models/files/mobilenet-v2-1.0-224-nsfwjs";
  const Bytes json = read_file(folder / "model.json");
  if (json.empty()) GTEST_SKIP() << "needs mobilenet-v2-1.0-224-nsfwjs in models/files";
  const Model model = read_converted(json, read_file(folder / "weights.bin"));
  const Graph& graph = model.graph;
  EXPECT_EQ(graph.tensors[graph.input].shape, (Shape{1, 224, 224, 3}));
  EXPECT_EQ(graph.tensors[graph.embedding].shape.element_count(), 1280u);
  EXPECT_EQ(graph.logits, kNoTensor);
  for (const Node& node : graph.nodes) {
    EXPECT_FALSE(std::holds_alternative<ScaleShift>(node.op)) << node.where;
    EXPECT_FALSE(std::holds_alternative<Clamp>(node.op)) << node.where;
    EXPECT_FALSE(std::holds_alternative<Pad>(node.op)) << node.where;
  }
  // 52 convolutions and depthwise convolutions, 10 residuals, the pool.
  EXPECT_EQ(graph.nodes.size(), 63u);
}

}  // namespace
}  // namespace teachable::testing
