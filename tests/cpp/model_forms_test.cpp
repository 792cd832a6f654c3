// Variations in exported models: different ends, inputs and input ranges.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "classifier/classifier.h"
#include "core/error.h"
#include "graph_builder.h"
#include "model/reader.h"
#include "model/tflite_writer.h"
#include "reference.h"
#include "tflite_generated.h"
#include "tflite_writer.h"

namespace teachable::testing {
namespace {

constexpr int kSide = 16;

/// A classifier with a loaded model and one frame of random pixels, in the size of the model's
/// input.
struct LoadedModel {
  Classifier classifier{1};
  ModelInfo info;
  std::vector<uint8_t> pixels;  ///< [kSide, kSide, 3]

  explicit LoadedModel(const std::vector<std::byte>& file,
                       PrecisionChoice precision = PrecisionChoice::Exact) {
    std::ranges::copy(file, classifier.model_buffer(file.size()).begin());
    info = classifier.load_model({}, precision);
    std::mt19937 random(7);
    const std::span<uint8_t> rgba = classifier.frame_buffer(kSide, kSide);
    for (size_t i = 0; i < rgba.size(); ++i) {
      rgba[i] = i % 4 == 3 ? 255 : static_cast<uint8_t>(random() & 255);
      if (i % 4 != 3) pixels.push_back(rgba[i]);
    }
  }

  std::vector<double> real_pixels(double low, double high) const {
    std::vector<double> real;
    for (uint8_t pixel : pixels) real.push_back(low + pixel * (high - low) / 255);
    return real;
  }

  /// Returns the probabilities by class index.
  std::vector<double> probabilities() {
    std::vector<double> result(info.class_count);
    for (const ClassScore& score : classifier.classify(result.size()))
      result[score.class_index] = score.probability;
    return result;
  }

  std::vector<double> embedding() {
    const std::span<const float> values = classifier.embed();
    return {values.begin(), values.end()};
  }
};

double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
  EXPECT_EQ(a.size(), b.size());
  double largest = 0;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    largest = std::max(largest, std::fabs(a[i] - b[i]));
  return largest;
}

std::string message_of(const std::vector<std::byte>& file, ErrorCode code) {
  try {
    LoadedModel model(file);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "expected an error";
  return "";
}

/// Adds the pooled features of a MobileNet, as a vector or as an image of one pixel.
TensorId pooled_features(GraphBuilder& b, bool keep_dims = false) {
  const TensorId stem =
      b.conv(b.input(kSide, kSide, 3), 8, {{3, 3}, {2, 2}, {}, {}}, Activation::relu6());
  return b.global_average_pool(b.conv(stem, 12, {}, Activation::relu6()), keep_dims);
}

/// Returns the range of the real values of an integer input.
std::pair<double, double> range_of(const Tensor& input) {
  const double scale = input.quantization.scales[0];
  const double low =
      scale * ((input.type == DataType::I8 ? -128 : 0) - input.quantization.zero_points[0]);
  return {low, low + 255 * scale};
}

/// Runs the graph on the model's frame. Pixels are -1 to 1 in a float input.
Reference reference_of(const Graph& graph, const LoadedModel& model) {
  const Tensor& input = graph.tensors[graph.input];
  const auto [low, high] = input.type == DataType::F32 ? std::pair{-1.0, 1.0} : range_of(input);
  Reference reference(graph);
  reference.run(model.real_pixels(low, high));
  return reference;
}

// --- unused operators ---------------------------------------------------------------------------

TEST(ModelForms, UnusedOperatorsMayBeUnsupported) {
  GraphBuilder b(Precision::F32, 1);
  const TensorId pooled = pooled_features(b);
  b.hard_swish(pooled);
  std::vector<std::byte> file = write_tflite(b.take(pooled));
  // Every operator has a code of its own. Changes the last one to EXP.
  const auto* codes = tflite::GetModel(file.data())->operator_codes();
  auto* code = const_cast<tflite::OperatorCode*>(codes->Get(codes->size() - 1));
  ASSERT_TRUE(reinterpret_cast<flatbuffers::Table*>(code)->SetField<int32_t>(
      tflite::OperatorCode::VT_BUILTIN_CODE, tflite::BuiltinOperator_EXP, 0));
  EXPECT_EQ(LoadedModel(file).info.embedding_size, 12u);
}

// --- ends ----------------------------------------------------------------------------------------

class SigmoidEnd : public ::testing::TestWithParam<std::tuple<Precision, int>> {};

TEST_P(SigmoidEnd, GivesIndependentProbabilities) {
  const auto [precision, classes] = GetParam();
  GraphBuilder b(precision, 3);
  const TensorId pooled = pooled_features(b);
  const TensorId scores = b.sigmoid(b.fully_connected(pooled, classes));
  const Graph graph = b.take(scores);
  LoadedModel model(write_tflite(graph));
  ASSERT_EQ(model.info.class_count, static_cast<size_t>(classes));
  EXPECT_EQ(model.info.embedding_size, 12u);
  const Reference reference = reference_of(graph, model);
  EXPECT_LT(largest_difference(model.probabilities(), reference[scores]),
            precision == Precision::F32 ? 1e-5 : 0.05);
}

INSTANTIATE_TEST_SUITE_P(
    Networks, SigmoidEnd,
    ::testing::Combine(::testing::Values(Precision::F32, Precision::I8PerChannel, Precision::U8),
                       ::testing::Values(1, 3)));

class UnitLength : public ::testing::TestWithParam<std::tuple<Precision, PrecisionChoice>> {};

TEST_P(UnitLength, IsKeptAtTheEnd) {
  const auto [precision, choice] = GetParam();
  GraphBuilder b(precision, 3);
  const TensorId unit = b.to_unit_length(pooled_features(b, true));
  const Graph graph = b.take(unit);
  LoadedModel model(write_tflite(graph), choice);
  const Reference reference = reference_of(graph, model);
  const std::vector<double> embedding = model.embedding();
  double squares = 0;
  for (double v : embedding) squares += v * v;
  EXPECT_NEAR(squares, 1, 1e-5);
  EXPECT_EQ(model.info.class_count, 0u);
  EXPECT_LT(largest_difference(embedding, reference[unit]),
            precision == Precision::F32 ? 1e-5 : 0.1);
}

TEST_P(UnitLength, IsKeptBeforeTheClassifier) {
  const auto [precision, choice] = GetParam();
  GraphBuilder b(precision, 3);
  const TensorId unit = b.to_unit_length(pooled_features(b, true));
  const TensorId logits = b.conv(unit, 5, {});
  const Graph graph = b.take(b.softmax(b.reshape(logits, {1, 5})));
  LoadedModel model(write_tflite(graph), choice);
  const Reference reference = reference_of(graph, model);
  EXPECT_LT(largest_difference(model.embedding(), reference[unit]),
            precision == Precision::F32 ? 1e-5 : 0.1);
  const std::span<const float> got = model.classifier.logits();
  EXPECT_LT(largest_difference({got.begin(), got.end()}, reference[logits]),
            precision == Precision::F32 ? 1e-5 : 0.15);
}

INSTANTIATE_TEST_SUITE_P(
    Networks, UnitLength,
    ::testing::Combine(::testing::Values(Precision::F32, Precision::I8PerChannel, Precision::U8),
                       ::testing::Values(PrecisionChoice::Auto, PrecisionChoice::F32,
                                         PrecisionChoice::Exact)));

TEST(ModelForms, RejectsUnitLengthElsewhere) {
  GraphBuilder b(Precision::F32, 3);
  const TensorId unit = b.to_unit_length(pooled_features(b, true));
  const TensorId hidden = b.conv(unit, 5, {}, Activation::relu6());
  EXPECT_NE(message_of(write_tflite(b.take(hidden)), ErrorCode::UnsupportedOp)
                .find("L2_NORMALIZATION (node 3)"),
            std::string::npos);

  GraphBuilder whole(Precision::F32, 3);
  const TensorId conv = whole.conv(whole.input(kSide, kSide, 3), 8, {});
  const std::string message =
      message_of(write_tflite(whole.take(whole.to_unit_length(conv))), ErrorCode::UnsupportedOp);
  EXPECT_NE(
      message.find(
          "Unsupported shape [1, 16, 16, 8] in L2_NORMALIZATION (node 1). Supported: one vector."),
      std::string::npos)
      << message;
}

TEST(ModelForms, FullyConnectedLayersMayKeepTheRank) {
  for (const Precision precision : {Precision::F32, Precision::I8PerChannel, Precision::U8}) {
    GraphBuilder b(precision, 3);
    const TensorId dense = b.fully_connected(pooled_features(b, true), 20, Activation::relu());
    const TensorId logits = b.conv(b.reshape(dense, {1, 1, 1, 20}), 5, {});
    Graph graph = b.take(logits);
    // Removes the Reshape.
    graph.tensors[dense].shape = {1, 1, 1, 20};
    const auto reshape = graph.nodes.end() - 2;
    replace_input(graph.nodes.back().op, output_of(reshape->op), dense);
    graph.nodes.erase(reshape);
    LoadedModel model(write_tflite(graph));
    ASSERT_EQ(model.info.class_count, 5u);
    const Reference reference = reference_of(graph, model);
    const std::span<const float> got = model.classifier.logits();
    EXPECT_LT(largest_difference({got.begin(), got.end()}, reference[logits]),
              precision == Precision::F32 ? 1e-5 : 0.1);
  }
}

// --- inputs --------------------------------------------------------------------------------------

TEST(ModelForms, CastInputsReadPlainPixels) {
  GraphBuilder b(Precision::F32, 3);
  const TensorId output = pooled_features(b);
  Graph graph = b.take(output);
  cast_input(graph);
  LoadedModel model(write_tflite(graph));
  EXPECT_EQ(model.info.input_type, DataType::F32);
  EXPECT_EQ(model.info.range.low, 0);
  EXPECT_EQ(model.info.range.high, 255);
  EXPECT_STREQ(model.info.range_source, "file");
  Reference reference(graph);
  reference.run(model.real_pixels(0, 255));
  EXPECT_LT(largest_difference(model.embedding(), reference[output]), 1e-3);
}

TEST(ModelForms, RejectsACastElsewhere) {
  GraphBuilder b(Precision::U8, 3);
  const TensorId pooled = pooled_features(b);
  Graph graph = b.take(b.convert(pooled, DataType::F32));
  std::vector<std::byte> file = write_tflite(graph);
  const auto* codes = tflite::GetModel(file.data())->operator_codes();
  auto* code = const_cast<tflite::OperatorCode*>(codes->Get(codes->size() - 1));
  ASSERT_TRUE(reinterpret_cast<flatbuffers::Table*>(code)->SetField<int32_t>(
      tflite::OperatorCode::VT_BUILTIN_CODE, tflite::BuiltinOperator_CAST, 0));
  EXPECT_NE(message_of(file, ErrorCode::UnsupportedOp).find("CAST (node 3)"), std::string::npos);
}

/// Preprocessing in a network's first operators, (x - mean) * scale with one value or one per
/// channel, and the input range that follows from it.
struct Preprocessing {
  std::vector<float> mean, scale;
  double low, high;
  const char* source = "file";
};

class Range : public ::testing::TestWithParam<Preprocessing> {};

TEST_P(Range, FollowsFromTheFirstOperators) {
  const Preprocessing& preprocessing = GetParam();
  GraphBuilder b(Precision::F32, 3);
  const TensorId in = b.input(kSide, kSide, 3);
  const TensorId scaled = b.scale_shift(in);
  const TensorId output = b.global_average_pool(b.conv(scaled, 12, {}, Activation::relu6()), false);
  Graph graph = b.take(output);
  const auto& affine = std::get<ScaleShift>(graph.nodes[0].op);
  for (size_t c = 0; c < 3; ++c) {
    const float scale = preprocessing.scale[c % preprocessing.scale.size()];
    reinterpret_cast<float*>(graph.tensors[affine.scale].data.data())[c] = scale;
    reinterpret_cast<float*>(graph.tensors[affine.offset].data.data())[c] =
        -preprocessing.mean[c % preprocessing.mean.size()] * scale;
  }
  LoadedModel model(write_tflite(graph));
  EXPECT_NEAR(model.info.range.low, preprocessing.low, 1e-4);
  EXPECT_NEAR(model.info.range.high, preprocessing.high, 1e-3);
  EXPECT_STREQ(model.info.range_source, preprocessing.source);
  Reference reference(graph);
  reference.run(model.real_pixels(preprocessing.low, preprocessing.high));
  EXPECT_LT(largest_difference(model.embedding(), reference[output]), 1e-4);
}

INSTANTIATE_TEST_SUITE_P(
    Networks, Range,
    ::testing::Values(
        Preprocessing{{123.7f, 116.3f, 103.5f}, {1 / 58.f, 1 / 57.f, 1 / 57.f}, 0, 255},
        Preprocessing{{0.485f, 0.456f, 0.406f}, {1 / 0.229f, 1 / 0.224f, 1 / 0.225f}, 0, 1},
        Preprocessing{{123.7f, 116.3f, 103.5f}, {1}, 0, 255},
        Preprocessing{{127.5f}, {1 / 127.5f}, 0, 255}, Preprocessing{{127}, {1 / 128.f}, 0, 255},
        Preprocessing{{0}, {1 / 255.f}, 0, 255}, Preprocessing{{-1}, {0.5f}, -1, 1},
        Preprocessing{{-1}, {127.5f}, -1, 1}, Preprocessing{{0.5f}, {2}, 0, 1},
        Preprocessing{{0}, {255}, 0, 1},
        // Here several ranges fit equally well.
        Preprocessing{{0.5f}, {1}, 0, 1, "assumed"}, Preprocessing{{0}, {1}, -1, 1, "assumed"}));

TEST(ModelForms, UsesTheRangeOfTheCaller) {
  GraphBuilder b(Precision::F32, 3);
  const std::vector<std::byte> file = write_tflite(b.take(pooled_features(b)));
  Classifier classifier(1);
  std::ranges::copy(file, classifier.model_buffer(file.size()).begin());
  FrameOptions options;
  options.range = InputRange{0, 1};
  EXPECT_STREQ(classifier.load_model(options).range_source, "given");
  std::ranges::copy(file, classifier.model_buffer(file.size()).begin());
  EXPECT_STREQ(classifier.load_model({}).range_source, "assumed");
}

// --- what people really have ---------------------------------------------------------------------

class AnyPrecision : public ::testing::TestWithParam<Precision> {};
INSTANTIATE_TEST_SUITE_P(ModelForms, AnyPrecision,
                         ::testing::Values(Precision::F32, Precision::I8PerTensor,
                                           Precision::I8PerChannel, Precision::U8));

class AnyInteger : public AnyPrecision {};
INSTANTIATE_TEST_SUITE_P(ModelForms, AnyInteger,
                         ::testing::Values(Precision::I8PerTensor, Precision::I8PerChannel,
                                           Precision::U8));

TEST_P(AnyPrecision, GreyNetworksReadTheLuma) {
  GraphBuilder b(GetParam(), 3);
  const TensorId stem = b.conv(b.input(kSide, kSide, 1), 8, {{3, 3}, {2, 2}, {}, {}});
  const TensorId pooled = b.global_average_pool(stem, false);
  const Graph graph = b.take(pooled);
  for (const PrecisionChoice choice : {PrecisionChoice::Exact, PrecisionChoice::Auto}) {
    LoadedModel model(write_tflite(graph), choice);
    EXPECT_EQ(model.info.input_channels, 1);
    const bool is_float = GetParam() == Precision::F32;
    const auto [low, high] = is_float ? std::pair{-1.0, 1.0} : range_of(graph.tensors[graph.input]);
    std::vector<double> luma;
    const std::vector<double> real = model.real_pixels(low, high);
    for (size_t i = 0; i < real.size(); i += 3)
      luma.push_back(0.299 * real[i] + 0.587 * real[i + 1] + 0.114 * real[i + 2]);
    Reference reference(graph);
    reference.run(luma);
    const double unit = is_float ? 1e-5 : graph.tensors[pooled].quantization.scales[0];
    EXPECT_LT(largest_difference(model.embedding(), reference[pooled]),
              choice == PrecisionChoice::Exact ? 1.01 * unit : 3 * unit);
  }
}

TEST_P(AnyPrecision, OpenInputsTakeTheSizeOfTheCaller) {
  GraphBuilder b(GetParam(), 5);
  // Converters declare one pixel.
  const TensorId in = b.input(1, 1, 3);
  GraphBuilder::Window window{{3, 3}, {2, 2}, {}, {}};
  window.padding = b.same(in, window.kernel, window.stride);
  const TensorId map = b.conv(in, 8, window, Activation::relu());
  const TensorId pooled = b.global_average_pool(b.add(map, b.conv(map, 8, {})), false);
  Graph graph = b.take(pooled);
  graph.has_any_size = true;
  const TfliteFile file = to_tflite(graph);
  graph.tensors[graph.input].shape = Shape{1, kSide, kSide, 3};
  const auto [before, after] = same_padding(kSide, 3, 2, 1);
  std::get<Conv2d>(graph.nodes[0].op).padding = {before, after, after, before};
  for (const Node& node : graph.nodes)
    graph.tensors[output_of(node.op)].shape = infer_shape(graph, node);

  const auto [low, high] =
      GetParam() == Precision::F32 ? std::pair{-1.0, 1.0} : range_of(graph.tensors[graph.input]);
  Classifier classifier(1);
  // The quantization of an input of one pixel is unusual.
  const InputRange range{static_cast<float>(low), static_cast<float>(high)};
  const auto load = [&](InputSize size) {
    std::ranges::copy(file.bytes, classifier.model_buffer(file.bytes.size()).begin());
    FrameOptions options;
    options.input_size = size;
    options.range = range;
    return classifier.load_model(options, PrecisionChoice::Exact);
  };
  const ModelInfo usual = load({});
  EXPECT_EQ(usual.input_width, 224);
  EXPECT_EQ(usual.input_height, 224);
  EXPECT_NE(usual.warnings.at(0).find("any size"), std::string::npos);
  const ModelInfo info = load({.width = kSide, .height = kSide});
  EXPECT_EQ(info.input_width, kSide);
  const std::span<uint8_t> rgba = classifier.frame_buffer(kSide, kSide);
  std::mt19937 random(7);
  std::vector<double> real;
  for (size_t i = 0; i < rgba.size(); ++i) {
    rgba[i] = i % 4 == 3 ? 255 : static_cast<uint8_t>(random() & 255);
    if (i % 4 != 3) real.push_back(low + rgba[i] * (high - low) / 255);
  }
  Reference reference(graph);
  reference.run(real);
  const std::span<const float> got = classifier.embed();
  // Each operator may round by one unit of its output.
  double tolerance = 1e-5;
  for (const Node& node : graph.nodes)
    for (const float scale : graph.tensors[output_of(node.op)].quantization.scales)
      tolerance += 1.01 * scale;
  EXPECT_LT(largest_difference({got.begin(), got.end()}, reference[pooled]), tolerance);
}

TEST(ModelForms, FixedInputsKeepTheirSize) {
  GraphBuilder b(Precision::F32, 3);
  const std::vector<std::byte> file = write_tflite(b.take(pooled_features(b)));
  Classifier classifier(1);
  FrameOptions options;
  for (const InputSize size : {InputSize{.width = kSide}, InputSize{.width = 24}}) {
    std::ranges::copy(file, classifier.model_buffer(file.size()).begin());
    options.input_size = size;
    try {
      EXPECT_EQ(classifier.load_model(options).input_width, kSide);
      EXPECT_EQ(size.width, kSide);
    } catch (const Error& error) {
      EXPECT_EQ(size.width, 24);
      EXPECT_EQ(error.code(), ErrorCode::BadArgument);
      EXPECT_NE(std::string(error.what()).find("has 16 pixels"), std::string::npos) << error.what();
    }
  }
}

TEST_P(AnyPrecision, ChannelsFirstBecomeChannelsLast) {
  GraphBuilder b(GetParam(), 5);
  const TensorId stem = b.conv(b.input(kSide, kSide, 3), 8, {{3, 3}, {2, 2}, {}, {}});
  const TensorId factors = b.operand({8});
  const TensorId scaled = b.multiply(b.multiply(stem, factors), factors, Activation::relu());
  const TensorId gate = b.sigmoid(b.conv(b.global_average_pool(scaled, true), 8, {}));
  const TensorId excited = b.multiply(scaled, gate);
  const TensorId sum = b.add(b.depthwise(excited, 1, {}), excited);
  const TensorId pooled = b.global_average_pool(b.pad(sum, {1, 0, 0, 2}), false);
  const TensorId scores = b.softmax(b.fully_connected(pooled, 3));
  const Graph graph = b.take(scores);
  LoadedModel model(write_channels_first(graph));
  EXPECT_EQ(model.info.embedding_size, 8u);
  const bool is_float = GetParam() == Precision::F32;
  const Reference reference = reference_of(graph, model);
  EXPECT_LT(largest_difference(model.embedding(), reference[pooled]),
            is_float ? 1e-5 : 1.01 * graph.tensors[pooled].quantization.scales[0]);
  EXPECT_LT(largest_difference(model.probabilities(), reference[scores]), is_float ? 1e-5 : 0.05);
}

TEST(ModelForms, NamesWhatDependsOnChannelsFirst) {
  GraphBuilder b(Precision::F32, 5);
  const TensorId map = b.conv(b.input(kSide, kSide, 3), 8, {{3, 3}, {2, 2}, {}, {}});
  const TensorId flat = b.reshape(map, {1, 8 * 7 * 7});
  const std::string message =
      message_of(write_channels_first(b.take(b.softmax(b.fully_connected(flat, 3)))),
                 ErrorCode::UnsupportedOp);
  EXPECT_NE(message.find("flattened map of shape [1, 7, 7, 8] in RESHAPE (node 3)"),
            std::string::npos)
      << message;
  EXPECT_NE(message.find("channels first (NCHW)"), std::string::npos) << message;
}

TEST_P(AnyPrecision, RunsRareActivations) {
  for (const Function function :
       {Function::Elu, Function::Gelu, Function::LeakyRelu, Function::Tanh}) {
    GraphBuilder b(GetParam(), 5);
    const TensorId map = b.conv(b.input(kSide, kSide, 3), 8, {{3, 3}, {2, 2}, {}, {}});
    const TensorId pooled = b.global_average_pool(b.apply(map, function, 0.3f), false);
    const Graph graph = b.take(pooled);
    LoadedModel model(write_tflite(graph));
    EXPECT_EQ(model.info.embedding_size, 8u);
    const bool is_float = GetParam() == Precision::F32;
    const Reference reference = reference_of(graph, model);
    EXPECT_LT(largest_difference(model.embedding(), reference[pooled]),
              is_float ? 1e-5 : 1.01 * graph.tensors[pooled].quantization.scales[0])
        << static_cast<int>(function);
  }
}

TEST_P(AnyPrecision, RunsGeluByTanh) {
  GraphBuilder b(GetParam(), 5);
  const TensorId map = b.conv(b.input(kSide, kSide, 3), 8, {{3, 3}, {2, 2}, {}, {}});
  const TensorId active = b.apply(map, Function::Gelu, /*slope=*/1);
  const TensorId pooled = b.global_average_pool(active, false);
  const Graph graph = b.take(pooled);
  for (const PrecisionChoice choice : {PrecisionChoice::Exact, PrecisionChoice::F32}) {
    LoadedModel model(write_tflite(graph), choice);
    const bool is_float = GetParam() == Precision::F32;
    const Reference reference = reference_of(graph, model);
    // The exact form differs by up to 0.0005.
    EXPECT_LT(largest_difference(model.embedding(), reference[pooled]),
              is_float ? 1e-6
              : choice == PrecisionChoice::Exact
                  ? 1.01 * graph.tensors[pooled].quantization.scales[0]
                  : 0.05);
  }
}

/// Changes the operator of a file; every operator has a code of its own.
void set_operator(std::vector<std::byte>& file, uint32_t index, tflite::BuiltinOperator code) {
  const auto* codes = tflite::GetModel(file.data())->operator_codes();
  auto* table =
      reinterpret_cast<flatbuffers::Table*>(const_cast<tflite::OperatorCode*>(codes->Get(index)));
  ASSERT_TRUE(table->SetField<int32_t>(tflite::OperatorCode::VT_BUILTIN_CODE, code, 0));
  ASSERT_TRUE(table->SetField<int8_t>(tflite::OperatorCode::VT_DEPRECATED_BUILTIN_CODE,
                                      static_cast<int8_t>(code), 0));
}

TEST(ModelForms, RunsTheDecomposedGelu) {
  for (const bool is_power : {true, false}) {
    GraphBuilder b(Precision::F32, 5);
    const TensorId x = b.conv(b.input(kSide, kSide, 3), 8, {{3, 3}, {2, 2}, {}, {}});
    // POW is written as MUL first.
    const TensorId cube = is_power ? b.multiply(x, b.scalar(3)) : b.multiply(b.multiply(x, x), x);
    const TensorId sum = b.add(x, b.multiply(cube, b.scalar(0.044715f)));
    const TensorId tanh = b.apply(b.multiply(sum, b.scalar(0.7978845608f)), Function::Tanh);
    const TensorId gate = b.multiply(b.add(tanh, b.scalar(1)), b.scalar(0.5f));
    const TensorId pooled = b.global_average_pool(b.multiply(x, gate), false);
    const Graph graph = b.take(pooled);
    std::vector<std::byte> file = write_tflite(graph);
    if (is_power) set_operator(file, 1, tflite::BuiltinOperator_POW);
    LoadedModel model(file);
    const Reference reference = reference_of(graph, model);
    std::vector<double> means(8);
    for (size_t i = 0; i < reference[x].size(); ++i) {
      const double v = reference[x][i];
      means[i % 8] += v / 2 * (1 + std::tanh(0.7978845608028654 * (v + 0.044715 * v * v * v))) / 49;
    }
    EXPECT_LT(largest_difference(model.embedding(), means), 1e-6);
  }
  GraphBuilder b(Precision::F32, 5);
  const TensorId x = b.conv(b.input(kSide, kSide, 3), 8, {{3, 3}, {2, 2}, {}, {}});
  std::vector<std::byte> file = write_tflite(b.take(b.multiply(x, b.scalar(2.5f))));
  set_operator(file, 1, tflite::BuiltinOperator_POW);
  EXPECT_NE(message_of(file, ErrorCode::UnsupportedOp)
                .find("Unsupported power 2.5 in POW (node 1). Supported: 2 and 3"),
            std::string::npos);
}

TEST(ModelForms, TheCallerChoosesAmongSeveralOutputs) {
  GraphBuilder b(Precision::F32, 3);
  const TensorId pooled = pooled_features(b);
  const TensorId many = b.sigmoid(b.fully_connected(pooled, 7));
  const TensorId scores = b.softmax(b.fully_connected(pooled, 5));
  const TensorId reshaped = b.reshape(scores, {1, 1, 5});
  const TensorId last = b.fully_connected(pooled, 3);
  Graph graph = b.take(last);
  graph.tensors[many].name = "many:0";
  graph.tensors[reshaped].name = "StatefulPartitionedCall:1";
  graph.tensors[last].name = "last";
  const std::vector<std::byte> file =
      write_tflite_outputs(graph, {pooled, many, reshaped, last}, {{reshaped, "kinds"}});
  Classifier classifier(1);
  const auto load = [&](const std::string& output) {
    std::ranges::copy(file, classifier.model_buffer(file.size()).begin());
    FrameOptions options;
    options.output = output;
    return classifier.load_model(options);
  };
  const std::tuple<const char*, size_t, size_t> cases[] = {
      {"", 2, 5},     {"kinds", 2, 5}, {"StatefulPartitionedCall:1", 2, 5},
      {"2", 2, 5},    {"many", 1, 7},  {"many:0", 1, 7},
      {"last", 3, 3}, {"3", 3, 3},     {"0", 0, 0}};
  for (const auto& [output, index, classes] : cases) {
    const ModelInfo info = load(output);
    EXPECT_EQ(info.output, index) << output;
    EXPECT_EQ(info.class_count, classes) << output;
    EXPECT_EQ(info.embedding_size, 12u) << output;
    ASSERT_EQ(info.outputs.size(), 4u);
    EXPECT_EQ(info.outputs[1], "many:0");
    EXPECT_EQ(info.outputs[2], "kinds");
  }
  for (const char* wrong : {"nothing", "4", "-1", "1.5"}) {
    try {
      load(wrong);
      ADD_FAILURE() << "expected an error for " << wrong;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::BadArgument);
      const std::string message = error.what();
      EXPECT_NE(message.find(std::string("output: got '") + wrong), std::string::npos) << message;
      EXPECT_NE(message.find("1 'many:0', 2 'kinds', 3 'last'."), std::string::npos) << message;
    }
  }
}

TEST(ModelForms, UsesTheLastOutputWithoutScores) {
  GraphBuilder b(Precision::F32, 3);
  const TensorId pooled = pooled_features(b);
  const TensorId other = b.fully_connected(pooled, 7, Activation::relu());
  const LoadedModel model(write_tflite_outputs(b.take(other), {pooled, other, pooled}, {}));
  EXPECT_EQ(model.info.output, 2u);
  EXPECT_EQ(model.info.embedding_size, 12u);
}

TEST(ModelForms, RefusesHundredsOfOutputs) {
  GraphBuilder b(Precision::F32, 3);
  const TensorId pooled = pooled_features(b);
  const Graph graph = b.take(pooled);
  EXPECT_NE(message_of(write_tflite_outputs(graph, std::vector<TensorId>(257, pooled), {}),
                       ErrorCode::UnsupportedOp)
                .find("outputs (257)"),
            std::string::npos);
}

TEST_P(AnyPrecision, DenseLayersOfEachPlaceAreConvolutions) {
  GraphBuilder b(GetParam(), 5);
  const TensorId map = b.conv(b.input(kSide, kSide, 3), 8, {{6, 6}, {5, 5}, {}, {}});
  ASSERT_EQ(b.graph().tensors[map].shape, (Shape{1, 3, 3, 8}));
  const TensorId each = b.fully_connected_rows(b.reshape(map, {9, 8}), 4);
  const TensorId flat = b.reshape(each, {1, 36});
  const TensorId scores = b.softmax(b.fully_connected(flat, 2));
  const Graph graph = b.take(scores);
  LoadedModel model(write_tflite(graph));
  EXPECT_EQ(model.info.class_count, 2u);
  EXPECT_EQ(model.info.embedding_size, 36u);
  const Reference reference = reference_of(graph, model);
  EXPECT_LT(largest_difference(model.probabilities(), reference[scores]),
            GetParam() == Precision::F32 ? 1e-5 : 0.05);
}

TEST_P(AnyInteger, SubtractsAndDividesByConstants) {
  for (const auto code : {tflite::BuiltinOperator_SUB, tflite::BuiltinOperator_DIV}) {
    SCOPED_TRACE(code);
    GraphBuilder b(GetParam(), 5);
    const TensorId in = b.input(kSide, kSide, 3);
    const TensorId constant = b.scalar(0.5f);
    // The file names this operator, a product, which is then renamed.
    const TensorId out = b.multiply(in, constant);
    Graph graph = b.take(out);
    // Values from -3 to 3, so that no result is cut off.
    Quantization& q = graph.tensors[out].quantization;
    q.scales = {6.0f / 255};
    q.zero_points = {graph.tensors[out].type == DataType::I8 ? 0 : 128};
    std::vector<std::byte> file = write_tflite(graph);
    const auto* codes = tflite::GetModel(file.data())->operator_codes();
    auto* written = const_cast<tflite::OperatorCode*>(codes->Get(0));
    ASSERT_TRUE(reinterpret_cast<flatbuffers::Table*>(written)->SetField<int32_t>(
        tflite::OperatorCode::VT_BUILTIN_CODE, code, 0));
    LoadedModel model(file);
    const auto [low, high] = range_of(graph.tensors[in]);
    std::vector<double> expected = model.real_pixels(low, high);
    const double c = real_values(graph.tensors[constant])[0];
    for (double& v : expected) {
      v = round_to_quantization(graph.tensors[in], v);
      v = round_to_quantization(graph.tensors[out],
                                code == tflite::BuiltinOperator_SUB ? v - c : v / c);
    }
    EXPECT_LT(largest_difference(model.embedding(), expected), 1.01 * q.scales[0]);
    LoadedModel as_float(file, PrecisionChoice::F32);
    EXPECT_LT(largest_difference(as_float.embedding(), expected), 1.01 * q.scales[0]);
  }
}

TEST_P(AnyInteger, RunsLayersOfUnusualScalesInFloat) {
  GraphBuilder b(GetParam(), 5);
  const TensorId stem = b.conv(b.input(kSide, kSide, 3), 4, {});
  const TensorId pooled = b.global_average_pool(stem, false);
  Graph graph = b.take(pooled);
  auto& conv = std::get<Conv2d>(graph.nodes[0].op);
  for (float& scale : graph.tensors[conv.filter].quantization.scales) scale *= 1e5f;
  graph.tensors[conv.bias].quantization = {};
  for (const PrecisionChoice choice : {PrecisionChoice::Exact, PrecisionChoice::Auto}) {
    LoadedModel model(write_tflite(graph), choice);
    const Reference reference = reference_of(graph, model);
    EXPECT_LT(largest_difference(model.embedding(), reference[pooled]),
              2.5 * graph.tensors[pooled].quantization.scales[0]);
  }
}

TEST(ModelForms, DoesNotBelieveAnUnusualQuantization) {
  GraphBuilder b(Precision::U8, 3);
  Graph graph = b.take(pooled_features(b));
  graph.tensors[graph.input].quantization = {{0.0413f}, {129}, 0};
  auto& conv = std::get<Conv2d>(graph.nodes[0].op);
  graph.tensors[conv.bias].quantization = {};
  const std::vector<std::byte> file = write_tflite(graph);
  LoadedModel model(file, PrecisionChoice::Auto);
  EXPECT_STREQ(model.info.range_source, "assumed");
  EXPECT_EQ(model.info.range.low, -1);
  EXPECT_EQ(model.info.range.high, 1);
  ASSERT_EQ(model.info.warnings.size(), 1u);
  EXPECT_NE(model.info.warnings[0].find("-5.3277 to 5.2038"), std::string::npos)
      << model.info.warnings[0];
  // Pixels have these values in the network, too.
  Reference reference(graph);
  reference.run(model.real_pixels(-1, 1));
  EXPECT_LT(largest_difference(model.embedding(), reference[graph.output]),
            3 * graph.tensors[graph.output].quantization.scales[0]);
  std::ranges::copy(file, model.classifier.model_buffer(file.size()).begin());
  FrameOptions options;
  options.range = InputRange{0, 1};
  EXPECT_TRUE(model.classifier.load_model(options).warnings.empty());
}

TEST(ModelForms, WarnsOfAnAssumedRangeOnly) {
  GraphBuilder b(Precision::F32, 3);
  const std::vector<std::byte> file = write_tflite(b.take(pooled_features(b)));
  const LoadedModel model(file);
  ASSERT_EQ(model.info.warnings.size(), 1u);
  EXPECT_NE(model.info.warnings[0].find("is assumed"), std::string::npos);
  GraphBuilder q(Precision::U8, 3);
  EXPECT_TRUE(LoadedModel(write_tflite(q.take(pooled_features(q)))).info.warnings.empty());
}

TEST_P(AnyPrecision, ChannelsMayHaveRangesOfTheirOwn) {
  GraphBuilder b(GetParam(), 3);
  const Graph graph = b.take(pooled_features(b));
  const std::vector<std::byte> file = write_tflite(graph);
  LoadedModel model(file);
  std::ranges::copy(file, model.classifier.model_buffer(file.size()).begin());
  FrameOptions options;
  options.channel_ranges = {InputRange{-1, 0.5f}, InputRange{-0.5f, 1}, InputRange{0, 0.75f}};
  const ModelInfo info = model.classifier.load_model(options, PrecisionChoice::Exact);
  EXPECT_STREQ(info.range_source, "given");
  std::vector<double> input;
  for (size_t i = 0; i < model.pixels.size(); ++i) {
    const InputRange& range = (*options.channel_ranges)[i % 3];
    input.push_back(range.low + model.pixels[i] * (double{range.high} - range.low) / 255);
  }
  Reference reference(graph);
  reference.run(input);
  const double unit =
      GetParam() == Precision::F32 ? 1e-5 : graph.tensors[graph.output].quantization.scales[0];
  EXPECT_LT(largest_difference(model.embedding(), reference[graph.output]), 1.01 * unit);
}

TEST(ModelForms, UsesAChosenEmbedding) {
  GraphBuilder b(Precision::F32, 3);
  const TensorId map = b.conv(b.input(kSide, kSide, 3), 8, {{3, 3}, {2, 2}, {}, {}});
  const TensorId flat = b.reshape(map, {1, 7 * 7 * 8});
  const TensorId scores = b.softmax(b.fully_connected(flat, 5));
  Graph graph = b.take(scores);
  graph.tensors[map].name = "last_map";
  const std::vector<std::byte> file = write_tflite(graph);
  LoadedModel own(file);
  EXPECT_EQ(own.info.embedding_size, 392u);
  for (const std::string& name : {std::string("last_map"), std::to_string(map)}) {
    FrameOptions options;
    options.embedding = name;
    std::ranges::copy(file, own.classifier.model_buffer(file.size()).begin());
    const ModelInfo info = own.classifier.load_model(options);
    EXPECT_EQ(info.embedding_size, 8u);
    EXPECT_EQ(info.embedding_layer, "last_map");
    EXPECT_NE(info.embedding_reason.find("chosen"), std::string::npos);
    // The classes don't change.
    Reference reference(graph);
    reference.run(own.real_pixels(-1, 1));
    EXPECT_LT(largest_difference(own.probabilities(), reference[scores]), 1e-5);
    std::vector<double> means(8);
    for (size_t i = 0; i < reference[map].size(); ++i) means[i % 8] += reference[map][i] / 49;
    EXPECT_LT(largest_difference(own.embedding(), means), 1e-5);
  }
  FrameOptions options;
  options.embedding = "nothing";
  std::ranges::copy(file, own.classifier.model_buffer(file.size()).begin());
  try {
    own.classifier.load_model(options);
    ADD_FAILURE() << "expected an error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::BadArgument);
  }
}

// --- Teachable Machine's exports to TensorFlow Lite ---------------------------------------------

TEST(TeachableMachine, FloatingPoint) {
  GraphBuilder b(Precision::F32, 3);
  const TensorId output = b.small_teachable_machine(kSide, 3);
  const Graph graph = b.take(output);
  LoadedModel model(write_keras_tflite(graph));
  // Teachable Machine's own Python example uses pixels / 127.5 - 1. The file doesn't state a range.
  EXPECT_STREQ(model.info.range_source, "assumed");
  Reference reference(graph);
  reference.run(model.real_pixels(-1, 1));
  EXPECT_EQ(model.info.embedding_size, 32u);
  EXPECT_LT(largest_difference(model.probabilities(), reference[output]), 1e-5);
}

TEST(TeachableMachine, Quantized) {
  GraphBuilder b(Precision::I8PerChannel, 3);
  const TensorId body = b.small_teachable_machine(kSide, 3);
  const TensorId output = b.convert(body, DataType::U8);
  Graph graph = b.take(output);
  // Adds a uint8 input with the same real values.
  Tensor bytes;
  bytes.name = "pixels";
  bytes.type = DataType::U8;
  bytes.shape = graph.tensors[graph.input].shape;
  bytes.quantization = graph.tensors[graph.input].quantization;
  bytes.quantization.zero_points[0] += 128;
  graph.tensors.push_back(std::move(bytes));
  const auto id = static_cast<TensorId>(graph.tensors.size() - 1);
  graph.nodes.insert(graph.nodes.begin(), Node{Convert{id, graph.input}, "quantize"});
  graph.input = id;
  const auto [low, high] = range_of(graph.tensors[id]);
  for (const PrecisionChoice choice :
       {PrecisionChoice::Exact, PrecisionChoice::Auto, PrecisionChoice::F32}) {
    LoadedModel model(write_keras_tflite(graph), choice);
    EXPECT_STREQ(model.info.range_source, "file");
    EXPECT_NEAR(model.info.range.low, low, 1e-5);
    EXPECT_NEAR(model.info.range.high, high, 1e-5);
    EXPECT_EQ(model.info.embedding_size, 32u);
    Reference reference(graph);
    reference.run(model.real_pixels(low, high));
    EXPECT_LT(largest_difference(model.probabilities(), reference[output]), 0.05);
  }
}

// --- limits for small files that declare large networks ------------------------------------------

TEST(ModelLimits, RejectsActivationsOfHalfAGigabyte) {
  GraphBuilder b(Precision::F32, 3);
  const TensorId in = b.input(2, 2, 3);
  const TensorId output = b.max_pool(in, {{2, 2}, {2, 2}, {}, {}});
  Graph graph = b.take(output);
  graph.tensors[in].shape = {1, 9000, 9000, 3};
  graph.tensors[output].shape = {1, 4500, 4500, 3};
  const std::string message = message_of(write_tflite(graph), ErrorCode::BadModel);
  EXPECT_NE(message.find("exceed the limit of 512 MB"), std::string::npos) << message;
}

TEST(ModelLimits, RejectsManyOverlappingWindows) {
  GraphBuilder b(Precision::F32, 3);
  const TensorId in = b.input(2, 2, 3);
  const TensorId output = b.max_pool(in, {{2, 2}, {1, 1}, {}, {}});
  Graph graph = b.take(output);
  graph.tensors[in].shape = {1, 1000, 1000, 3};
  graph.tensors[output].shape = {1, 501, 501, 3};
  std::get<MaxPool2d>(graph.nodes[0].op).window = {500, 500};
  const std::string message = message_of(write_tflite(graph), ErrorCode::BadModel);
  EXPECT_NE(message.find("501 x 501 windows of 500 x 500 pixels"), std::string::npos) << message;
}

}  // namespace
}  // namespace teachable::testing
