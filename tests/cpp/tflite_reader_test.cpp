#include "model/tflite_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>

#include "core/error.h"
#include "data.h"
#include "graph_builder.h"
#include "model/reader.h"
#include "reference.h"
#include "tflite_generated.h"
#include "tflite_writer.h"

namespace teachable::testing {
namespace {

std::vector<std::byte> small_file(Precision precision, uint32_t seed) {
  GraphBuilder builder(precision, seed);
  const TensorId output = builder.small_mobilenet(16, 5);
  return write_tflite(builder.take(output));
}

ErrorCode error_of(std::span<const std::byte> bytes, std::string* message = nullptr) {
  try {
    read_model(bytes);
  } catch (const Error& error) {
    if (message != nullptr) *message = error.what();
    return error.code();
  }
  ADD_FAILURE() << "expected an error";
  return ErrorCode::Internal;
}

/// Reads damaged bytes. Both a graph and an Error are fine; only a crash or a sanitizer's finding
/// fails the test.
void read_damaged(std::span<const std::byte> bytes) {
  try {
    read_model(bytes);
  } catch (const Error& error) {
    EXPECT_TRUE(error.code() == ErrorCode::BadModel || error.code() == ErrorCode::UnsupportedOp)
        << error.what();
    EXPECT_GT(std::strlen(error.what()), 10u);
  }
}

class TfLiteReader : public ::testing::TestWithParam<Precision> {};

TEST_P(TfLiteReader, ReadsTheGraphThatWasWritten) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE("TEACHABLE_SEED=" + std::to_string(seed));
  GraphBuilder builder(GetParam(), seed);
  const TensorId output = builder.small_mobilenet(16, 5);
  const std::vector<double> input = builder.input_values();
  const Graph written = builder.take(output);
  const Graph read = read_tflite(write_tflite(written));

  ASSERT_EQ(read.nodes.size(), written.nodes.size());
  for (size_t i = 0; i < read.nodes.size(); ++i) {
    EXPECT_EQ(read.nodes[i].op.index(), written.nodes[i].op.index());
  }
  Reference a(written);
  Reference b(read);
  a.run(input);
  b.run(input);
  EXPECT_EQ(a[written.output], b[read.output]);
}

TEST_P(TfLiteReader, FindsTheEndsOfASmallMobileNet) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE("TEACHABLE_SEED=" + std::to_string(seed));
  const Graph graph = read_model(small_file(GetParam(), seed)).graph;
  ASSERT_NE(graph.logits, kNoTensor);
  EXPECT_EQ(graph.tensors[graph.embedding].shape, (Shape{1, 1, 1, 32}));
  EXPECT_EQ(graph.tensors[graph.logits].shape.element_count(), 5u);
  for (const Node& node : graph.nodes) EXPECT_FALSE(std::holds_alternative<Softmax>(node.op));
}

INSTANTIATE_TEST_SUITE_P(Precisions, TfLiteReader,
                         ::testing::Values(Precision::F32, Precision::I8PerTensor,
                                           Precision::I8PerChannel, Precision::U8));

TEST_P(TfLiteReader, FindsTheEndsOfASmallMobileNetV3) {
  GraphBuilder builder(GetParam(), test_seed());
  const TensorId output = builder.small_mobilenet_v3(16, 5);
  const Graph graph = read_model(write_tflite(builder.take(output))).graph;
  ASSERT_NE(graph.logits, kNoTensor);
  // The hidden layer after the pool is a convolution, so it doesn't count to the classifier.
  EXPECT_EQ(graph.tensors[graph.embedding].shape, (Shape{1, 1, 1, 40}));
  EXPECT_EQ(graph.tensors[graph.logits].shape.element_count(), 5u);
}

/// Returns the largest difference between the outputs of two graphs with the same input.
double difference(const Graph& a, const Graph& b, const std::vector<double>& input) {
  Reference one(a);
  Reference two(b);
  one.run(input);
  two.run(input);
  double largest = 0;
  for (size_t i = 0; i < one[a.output].size(); ++i) {
    largest = std::max(largest, std::fabs(one[a.output][i] - two[b.output][i]));
  }
  return largest;
}

TEST(TfLiteWeights, ReadsFloat16AsFloat) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE("TEACHABLE_SEED=" + std::to_string(seed));
  GraphBuilder b(Precision::F32, seed);
  const TensorId output = b.small_mobilenet_v3(16, 5);
  const std::vector<double> input = b.input_values();
  const Graph written = b.take(output);
  const Graph read = read_tflite(write_half_tflite(written));
  validate(read);
  EXPECT_LT(difference(written, read, input), 0.01);
  for (const Node& node : read.nodes) EXPECT_FALSE(std::holds_alternative<Convert>(node.op));
}

TEST(TfLiteWeights, ReadsIntegerWeightsOfAFloatNetworkAsFloats) {
  GraphBuilder floats(Precision::F32, 7);
  GraphBuilder bytes(Precision::I8PerChannel, 7);
  Graph expected = floats.take(floats.small_mobilenet(16, 5));
  const Graph quantized = bytes.take(bytes.small_mobilenet(16, 5));
  // Puts the integer weights into the float network; then again as floats, for comparison.
  std::vector<std::byte> file;
  const auto filters_of = [](const Graph& graph) {
    std::vector<TensorId> ids;
    for (const Node& node : graph.nodes) {
      if (const auto* conv = std::get_if<Conv2d>(&node.op)) ids.push_back(conv->filter);
      if (const auto* dw = std::get_if<DepthwiseConv2d>(&node.op)) ids.push_back(dw->filter);
    }
    return ids;
  };
  const std::vector<TensorId> into = filters_of(expected);
  const std::vector<TensorId> from = filters_of(quantized);
  ASSERT_EQ(into.size(), from.size());
  const auto replace = [&](bool as_floats) {
    for (size_t i = 0; i < into.size(); ++i) {
      const Tensor& source = quantized.tensors[from[i]];
      Tensor copy;
      copy.type = source.type;
      copy.shape = source.shape;
      copy.quantization = source.quantization;
      copy.data = PaddedBuffer<std::byte>(source.data.size());
      std::ranges::copy(source.data, copy.data.begin());
      expected.tensors[into[i]] = as_floats ? to_float_constant(copy) : std::move(copy);
    }
  };
  replace(false);
  file = write_tflite(expected);
  replace(true);
  const Graph read = read_tflite(file);
  validate(read);
  EXPECT_EQ(difference(expected, read, floats.input_values()), 0);
}

TEST(TfLiteInput, ConvertsPreprocessingToTheInputRange) {
  GraphBuilder b(Precision::F32, 7);
  const TensorId in = b.input(8, 8, 3);
  const TensorId scaled = b.multiply(in, b.operand({}));
  const TensorId centered = b.add(scaled, b.operand({1}));
  const TensorId conv = b.conv(centered, 4, {});
  Graph graph = b.take(b.global_average_pool(conv, true));
  const auto set = [&](TensorId id, float value) {
    *reinterpret_cast<float*>(graph.tensors[id].data.data()) = value;
  };
  set(std::get<Multiply>(graph.nodes[0].op).b, 1 / 127.5f);
  set(std::get<Add>(graph.nodes[1].op).b, -1);
  const Graph read = read_model(write_tflite(graph)).graph;
  ASSERT_TRUE(read.input_range.has_value());
  EXPECT_NEAR(read.input_range->low, -1, 1e-5);
  EXPECT_NEAR(read.input_range->high, 1, 1e-5);
  EXPECT_EQ(read.nodes.size(), 2u);
}

TEST(TfLiteInput, RemovesFloatEndsOfAnIntegerNetwork) {
  GraphBuilder b(Precision::F32, 7);
  GraphBuilder body(Precision::I8PerChannel, 7);
  const TensorId logits = body.small_mobilenet_v3(16, 5);
  Graph graph = body.take(body.convert(logits, DataType::F32));
  // Adds a float input before the integer input.
  Tensor floats;
  floats.name = "floats";
  floats.shape = graph.tensors[graph.input].shape;
  graph.tensors.push_back(std::move(floats));
  const auto id = static_cast<TensorId>(graph.tensors.size() - 1);
  graph.nodes.insert(graph.nodes.begin(), Node{Convert{id, graph.input}, "quantize"});
  graph.input = id;
  const Graph read = read_model(write_tflite(graph)).graph;
  EXPECT_EQ(read.tensors[read.input].type, DataType::I8);
  EXPECT_EQ(read.tensors[read.logits].type, DataType::I8);
  EXPECT_TRUE(read.input_range.has_value());
}

TEST(TfLiteReaderDamage, RejectsTruncatedFiles) {
  const std::vector<std::byte> file = small_file(Precision::I8PerChannel, 1);
  for (size_t length = 0; length < file.size(); length += length < 2000 ? 1 : 7) {
    // The copy lets AddressSanitizer detect reads past the end.
    const std::vector<std::byte> cut(file.begin(),
                                     file.begin() + static_cast<std::ptrdiff_t>(length));
    std::string message;
    EXPECT_EQ(error_of(cut, &message), ErrorCode::BadModel)
        << "cut to " << length << ": " << message;
  }
}

TEST(TfLiteReaderDamage, SurvivesFlippedBits) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE("TEACHABLE_SEED=" + std::to_string(seed));
  std::mt19937 random(seed);
  const std::vector<std::byte> file = small_file(Precision::U8, seed);
  std::uniform_int_distribution<size_t> position(0, file.size() - 1);
  std::uniform_int_distribution<int> bit(0, 7);
  for (int round = 0; round < 20000; ++round) {
    std::vector<std::byte> damaged = file;
    for (int flips = 1 + round % 4; flips > 0; --flips) {
      damaged[position(random)] ^= std::byte{1} << bit(random);
    }
    read_damaged(damaged);
  }
}

TEST(TfLiteReaderDamage, SurvivesExtremeValues) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE("TEACHABLE_SEED=" + std::to_string(seed));
  const std::vector<std::byte> file = small_file(Precision::F32, seed);
  for (const int32_t extreme : {-1, INT32_MIN, INT32_MAX, 0, 1 << 24}) {
    for (size_t at = 0; at + 4 <= file.size(); at += 4) {
      std::vector<std::byte> damaged = file;
      std::memcpy(damaged.data() + at, &extreme, 4);
      read_damaged(damaged);
    }
  }
}

/// Returns the filter of operator 0.
tflite::Tensor* first_filter(std::vector<std::byte>& file) {
  const auto* graph = tflite::GetModel(file.data())->subgraphs()->Get(0);
  const auto filter = static_cast<uint32_t>(graph->operators()->Get(0)->inputs()->Get(1));
  return const_cast<tflite::Tensor*>(graph->tensors()->Get(filter));
}

void set_shape(tflite::Tensor* tensor, const std::vector<int32_t>& extents) {
  auto* shape = const_cast<flatbuffers::Vector<int32_t>*>(tensor->shape());
  ASSERT_EQ(shape->size(), extents.size());
  for (uint32_t i = 0; i < shape->size(); ++i) shape->Mutate(i, extents[i]);
}

TEST(TfLiteReaderDamage, RejectsMissingBuffers) {
  std::vector<std::byte> file = small_file(Precision::F32, 1);
  auto* filter = reinterpret_cast<flatbuffers::Table*>(first_filter(file));
  for (const uint32_t index : {9999u, 0x7fffffffu, 0xffffffffu}) {
    ASSERT_TRUE(filter->SetField<uint32_t>(tflite::Tensor::VT_BUFFER, index, 0));
    std::string message;
    EXPECT_EQ(error_of(file, &message), ErrorCode::BadModel) << message;
    EXPECT_NE(message.find("buffer"), std::string::npos) << message;
  }
}

TEST(TfLiteReaderDamage, RejectsASmallFileThatDeclaresTwoGigabytes) {
  const std::vector<std::byte> sound = small_file(Precision::I8PerChannel, 1);
  std::vector<std::byte> file = sound;
  set_shape(first_filter(file), {8, 16384, 16384, 1});
  EXPECT_EQ(error_of(file), ErrorCode::BadModel);

  file = sound;
  const auto* graph = tflite::GetModel(file.data())->subgraphs()->Get(0);
  const auto input = static_cast<uint32_t>(graph->inputs()->Get(0));
  set_shape(const_cast<tflite::Tensor*>(graph->tensors()->Get(input)), {1, 26755, 26755, 3});
  EXPECT_EQ(error_of(file), ErrorCode::BadModel);

  file = sound;
  const auto* model = tflite::GetModel(file.data());
  const auto* data = model->buffers()->Get(first_filter(file)->buffer())->data();
  const uint32_t two_gigabytes = 0x80000000u;
  // The length is stored before the elements.
  std::memcpy(const_cast<uint8_t*>(data->data()) - 4, &two_gigabytes, 4);
  EXPECT_EQ(error_of(file), ErrorCode::BadModel);
}

TEST(TfLiteReaderDamage, RejectsCycles) {
  std::vector<std::byte> file = small_file(Precision::F32, 1);
  const auto* operators = tflite::GetModel(file.data())->subgraphs()->Get(0)->operators();
  // Lets the first operator read the output of the third.
  auto* inputs = const_cast<flatbuffers::Vector<int32_t>*>(operators->Get(0)->inputs());
  inputs->Mutate(0, operators->Get(2)->outputs()->Get(0));
  EXPECT_EQ(error_of(file), ErrorCode::BadModel);
}

TEST(TfLiteReaderDamage, SurvivesDamageOfRealFiles) {
  READ_DATA_OR_SKIP(file, "models/mobilenet_v1_0.25_128_quant.tflite");
  const uint32_t seed = test_seed();
  SCOPED_TRACE("TEACHABLE_SEED=" + std::to_string(seed));
  std::mt19937 random(seed);
  std::uniform_int_distribution<size_t> position(0, file.size() - 1);
  for (int round = 0; round < 100; ++round) {
    // A zip archive of labels follows the model, so the last tenth isn't cut.
    const size_t length = position(random) * 9 / 10;
    const std::vector<std::byte> cut(file.begin(),
                                     file.begin() + static_cast<std::ptrdiff_t>(length));
    EXPECT_EQ(error_of(cut), ErrorCode::BadModel) << "cut to " << length;
    std::vector<std::byte> damaged = file;
    // Tables are at both ends of the file, weights in the middle.
    for (int i = 0; i < 8; ++i) {
      const size_t at =
          i % 2 == 0 ? position(random) % 40000 : file.size() - 1 - position(random) % 40000;
      damaged[at] ^= std::byte{1} << (i % 8);
    }
    read_damaged(damaged);
  }
}

TEST(TfLiteReaderErrors, RejectsAWebPage) {
  const std::string page = "<!doctype html><title>404</title>";
  std::string message;
  EXPECT_EQ(error_of(std::as_bytes(std::span(page)), &message), ErrorCode::BadModel);
  EXPECT_NE(message.find("TFL3"), std::string::npos) << message;
}

TEST(TfLiteReaderErrors, NamesAnUnsupportedOperatorAndItsPosition) {
  std::vector<std::byte> file = small_file(Precision::F32, 1);
  const auto* model = tflite::GetModel(file.data());
  // Changes node 1, a convolution, to EXP.
  const uint32_t code = model->subgraphs()->Get(0)->operators()->Get(1)->opcode_index();
  auto* operator_code = const_cast<tflite::OperatorCode*>(model->operator_codes()->Get(code));
  reinterpret_cast<flatbuffers::Table*>(operator_code)
      ->SetField<int32_t>(tflite::OperatorCode::VT_BUILTIN_CODE, tflite::BuiltinOperator_EXP, 0);
  std::string message;
  EXPECT_EQ(error_of(file, &message), ErrorCode::UnsupportedOp);
  EXPECT_NE(message.find("Unsupported operator EXP (node 1). Supported operators: "),
            std::string::npos)
      << message;
}

class RealModel : public ::testing::TestWithParam<const char*> {};

TEST_P(RealModel, IsReadWithItsEnds) {
  READ_DATA_OR_SKIP(file, GetParam());
  const Graph graph = read_model(file).graph;
  const std::string name = GetParam();
  const size_t embedding = name.find("0.25") != std::string::npos   ? 256
                           : name.find("0.5_") != std::string::npos ? 512
                           : name.find("0.75") != std::string::npos ? 768
                                                                    : 1280;
  EXPECT_EQ(graph.tensors[graph.embedding].shape.element_count(), embedding);
  ASSERT_NE(graph.logits, kNoTensor);
  EXPECT_EQ(graph.tensors[graph.logits].shape.element_count(), 1001u);
  ASSERT_TRUE(graph.input_range.has_value());
  EXPECT_NEAR(graph.input_range->low, -1, 0.01);
  EXPECT_NEAR(graph.input_range->high, 1, 0.01);
}

INSTANTIATE_TEST_SUITE_P(Files, RealModel, ::testing::ValuesIn(kModels));

}  // namespace
}  // namespace teachable::testing
