#include "model/tflite_metadata.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "core/error.h"
#include "data.h"
#include "graph/summary.h"
#include "graph_builder.h"
#include "model/reader.h"
#include "reference.h"
#include "tflite_writer.h"

namespace teachable::testing {
namespace {

Graph small_network(Precision precision = Precision::F32) {
  GraphBuilder b(precision, 7);
  const TensorId output = b.small_mobilenet(16, 5);
  return b.take(output);
}

TfliteMetadata metadata_of(std::vector<float> mean, std::vector<float> std) {
  return {"a network", "labels.txt", std::move(mean), std::move(std)};
}

Model read(const TfliteMetadata& metadata, Precision precision = Precision::F32) {
  return read_model(write_tflite(small_network(precision), metadata));
}

TEST(TfliteMetadata, ReadsNameLabelsAndRange) {
  const Model model = read(metadata_of({127.5f}, {127.5f}));
  EXPECT_EQ(model.name, "a network");
  EXPECT_EQ(model.labels_file, "labels.txt");
  ASSERT_TRUE(model.graph.input_range.has_value());
  EXPECT_FLOAT_EQ(model.graph.input_range->low, -1);
  EXPECT_FLOAT_EQ(model.graph.input_range->high, 1);
  EXPECT_EQ(model.graph.range_source, RangeSource::Metadata);
}

TEST(TfliteMetadata, IsEmptyForAFileWithoutMetadata) {
  const Model model = read_model(write_tflite(small_network()));
  EXPECT_EQ(model.name, "");
  EXPECT_EQ(model.labels_file, "");
  EXPECT_FALSE(model.graph.input_range.has_value());
  EXPECT_EQ(model.graph.range_source, RangeSource::Assumed);
}

TEST(TfliteMetadata, AddsAnOperatorForDifferentChannels) {
  const std::vector<float> mean = {123.7f, 116.3f, 103.5f};
  const std::vector<float> std = {58.4f, 57.1f, 57.4f};
  const Graph with = read(metadata_of(mean, std)).graph;
  const Graph without = read_model(write_tflite(small_network())).graph;
  ASSERT_TRUE(with.input_range.has_value());
  EXPECT_EQ(with.input_range->low, 0);
  EXPECT_EQ(with.input_range->high, 255);
  std::vector<double> pixels, values;
  for (size_t i = 0; i < without.tensors[without.input].shape.element_count(); ++i) {
    pixels.push_back(static_cast<double>(i * 37 % 256));
    values.push_back((pixels.back() - double{mean[i % 3]}) / double{std[i % 3]});
  }
  Reference a(with), b(without);
  a.run(pixels);
  b.run(values);
  const std::vector<double>& got = a[with.embedding];
  const std::vector<double>& expected = b[without.embedding];
  ASSERT_EQ(got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], 1e-5);
}

TEST(TfliteMetadata, IsIgnoredForAnIntegerInput) {
  // The scale of the random input stands for about -1 to 1, as in a trained network.
  const Graph graph = read(metadata_of({127.5f}, {127.5f}), Precision::U8).graph;
  const Tensor& input = graph.tensors[graph.input];
  const float scale = input.quantization.scales[0];
  ASSERT_TRUE(graph.input_range.has_value());
  EXPECT_NEAR(graph.input_range->high - graph.input_range->low, 255 * scale, 1e-5);
  // Other normalizations don't change anything.
  for (const TfliteMetadata& metadata :
       {metadata_of({0}, {255}), metadata_of({0}, {1}), metadata_of({1, 2, 3}, {4})}) {
    const Graph other = read(metadata, Precision::U8).graph;
    EXPECT_EQ(other.input_range->low, graph.input_range->low);
    EXPECT_EQ(other.input_range->high, graph.input_range->high);
    EXPECT_EQ(other.range_source, RangeSource::File);
    EXPECT_EQ(other.nodes.size(), graph.nodes.size());
  }
}

TEST(TfliteMetadata, RejectsInvalidNormalizations) {
  const float infinity = std::numeric_limits<float>::infinity();
  const auto expect_error = [](const TfliteMetadata& metadata) {
    try {
      read(metadata);
      ADD_FAILURE() << "expected an error";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::BadModel) << error.what();
      EXPECT_NE(std::strstr(error.what(), "metadata"), nullptr) << error.what();
    }
  };
  for (float std : {0.0f, infinity, std::nanf("")}) {
    expect_error(metadata_of({127.5f}, {std}));
  }
  expect_error(metadata_of({1, 2}, {1}));
  expect_error(metadata_of({1}, {}));
  expect_error(metadata_of(std::vector<float>(1000, 1), {1}));
}

TEST(TfliteMetadata, SurvivesDamage) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE("TEACHABLE_SEED=" + std::to_string(seed));
  std::mt19937 random(seed);
  const std::vector<std::byte> file = write_tflite(small_network(), metadata_of({1, 2, 3}, {4}));
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  const size_t start = text.find("M001") - 4;
  for (int round = 0; round < 20000; ++round) {
    std::vector<std::byte> damaged = file;
    for (int flips = 1 + round % 4; flips > 0; --flips) {
      damaged[start + random() % 400] ^= std::byte{1} << (random() % 8);
    }
    try {
      read_model(damaged);
    } catch (const Error& error) {
      EXPECT_TRUE(error.code() == ErrorCode::BadModel || error.code() == ErrorCode::UnsupportedOp)
          << error.what();
    }
  }
}

TEST(TfliteMetadata, RejectsOffsetsOutsideOfTheBuffer) {
  std::vector<std::byte> file = write_tflite(small_network(), metadata_of({1}, {4}));
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  // Moves the root table of the metadata far away.
  const uint32_t far = 0x7fffff00;
  std::memcpy(file.data() + text.find("M001") - 4, &far, 4);
  try {
    read_model(file);
    ADD_FAILURE() << "expected an error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::BadModel);
    EXPECT_NE(std::strstr(error.what(), "metadata"), nullptr) << error.what();
  }
}

class RealMetadata : public ::testing::TestWithParam<const char*> {};

TEST_P(RealMetadata, IsRead) {
  READ_DATA_OR_SKIP(file, GetParam());
  const TfliteMetadata metadata = read_tflite_metadata(file);
  EXPECT_EQ(metadata.name, "ImageClassifier");
  EXPECT_EQ(metadata.labels_file, "imagenet_labels.txt");
  EXPECT_EQ(metadata.mean, std::vector<float>{127.5f});
  EXPECT_EQ(metadata.std, std::vector<float>{127.5f});
}

INSTANTIATE_TEST_SUITE_P(Files, RealMetadata, ::testing::ValuesIn(kModels));

TEST(GraphSummary, CountsOperatorsAndWeights) {
  const Graph graph = read_model(write_tflite(small_network(Precision::I8PerChannel))).graph;
  const Summary summary = summarize(graph);
  EXPECT_EQ(summary.precision, DataType::I8);
  size_t count = 0, bytes = 0;
  for (const auto& [name, times] : summary.operators) {
    EXPECT_NE(name, "Softmax");
    count += times;
  }
  EXPECT_EQ(count, graph.nodes.size());
  EXPECT_EQ(summary.operators[0].first, "Conv2d");
  for (const Node& node : graph.nodes) {
    for (TensorId id : inputs_of(node.op)) bytes += graph.tensors[id].data.size();
  }
  EXPECT_EQ(summary.weight_bytes, bytes);
}

}  // namespace
}  // namespace teachable::testing
