// All MobileNet versions in all formats and precisions. The test writers write small networks with
// random weights; the readers and XNNPACK must agree with the reference interpreter.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <span>
#include <string>

#include "converted.h"
#include "graph_builder.h"
#include "model/precision.h"
#include "model/reader.h"
#include "net/network.h"
#include "reference.h"
#include "tfjs_writer.h"
#include "tflite_writer.h"

namespace teachable::testing {
namespace {

constexpr int64_t kSize = 20;
constexpr int64_t kClasses = 7;

/// A file and its network. The weights are rounded as the file stores them.
struct Written {
  Graph graph;
  std::vector<double> input;
  TfjsFile file;  ///< for TensorFlow Lite, `model_json` has the bytes of the file
};

/// A version of MobileNet.
struct Version {
  const char* name;
  TensorId (GraphBuilder::*build)(int64_t size, int64_t classes);
};

constexpr Version kVersions[] = {{"v1", &GraphBuilder::small_mobilenet_v1},
                                 {"v1keras", &GraphBuilder::small_keras_v1},
                                 {"v2", &GraphBuilder::small_mobilenet},
                                 {"v3small", &GraphBuilder::small_mobilenet_v3},
                                 {"v3keras", &GraphBuilder::small_keras_v3},
                                 {"v3large", &GraphBuilder::small_mobilenet_v3_large}};

Written build(const Version& version, Precision precision, uint32_t seed) {
  GraphBuilder b(precision, seed);
  const TensorId output = (b.*version.build)(kSize, kClasses);
  Written result;
  result.input = b.input_values();
  result.graph = b.take(output);
  return result;
}

TfjsFile as_file(const std::vector<std::byte>& tflite) {
  const auto* text = reinterpret_cast<const char*>(tflite.data());
  return {std::string(text, tflite.size()), {}};
}

/// Rounds the weights and biases of layers as a format stores them.
void round_weights(Graph& graph, TfjsStorage storage) {
  for (Tensor& tensor : graph.tensors) {
    if (!tensor.is_constant() || tensor.shape.element_count() == 1) continue;
    auto* values = reinterpret_cast<float*>(tensor.data.data());
    const size_t count = tensor.shape.element_count();
    std::ranges::copy(as_stored({values, values + count}, storage), values);
  }
}

/// Returns a graph with symmetric int8 filters, with one scale per channel. Everything else stays
/// float. Rounds the filters of `graph` to the same values.
Graph with_byte_filters(Graph& graph) {
  Graph bytes;
  bytes.nodes = graph.nodes;
  bytes.input = graph.input;
  bytes.output = graph.output;
  const auto copy_of = [](const Tensor& tensor) {
    Tensor copy;
    copy.name = tensor.name;
    copy.type = tensor.type;
    copy.shape = tensor.shape;
    copy.data = PaddedBuffer<std::byte>(tensor.data.size());
    std::ranges::copy(tensor.data, copy.data.begin());
    return copy;
  };
  for (const Tensor& tensor : graph.tensors) bytes.tensors.push_back(copy_of(tensor));
  const auto quantize = [&](TensorId id, size_t axis) {
    const Tensor& source = graph.tensors[id];
    Tensor& tensor = bytes.tensors[id];
    const auto channels = static_cast<size_t>(source.shape[axis]);
    const size_t inner = axis == 0 ? source.shape.element_count() / channels : 1;
    const auto* floats = reinterpret_cast<const float*>(source.data.data());
    std::vector<float> largest(channels);
    for (size_t i = 0; i < source.shape.element_count(); ++i) {
      float& maximum = largest[i / inner % channels];
      maximum = std::max(maximum, std::fabs(floats[i]));
    }
    tensor.type = DataType::I8;
    tensor.data = PaddedBuffer<std::byte>(source.shape.element_count());
    tensor.quantization.axis = axis;
    tensor.quantization.zero_points.assign(channels, 0);
    for (float maximum : largest) tensor.quantization.scales.push_back(maximum / 127);
    for (size_t i = 0; i < source.shape.element_count(); ++i) {
      const float scale = tensor.quantization.scales[i / inner % channels];
      tensor.data.data()[i] = static_cast<std::byte>(std::lround(floats[i] / scale));
    }
    graph.tensors[id] = to_float_constant(tensor);
  };
  for (const Node& node : graph.nodes) {
    if (const auto* conv = std::get_if<Conv2d>(&node.op)) quantize(conv->filter, 0);
    if (const auto* dw = std::get_if<DepthwiseConv2d>(&node.op)) quantize(dw->filter, 3);
  }
  return bytes;
}

/// Adds a float input and output to an integer network.
void add_float_ends(Graph& graph) {
  const auto add_tensor = [&](const Shape& shape) {
    Tensor tensor;
    tensor.name = "floats";
    tensor.shape = shape;
    graph.tensors.push_back(std::move(tensor));
    return static_cast<TensorId>(graph.tensors.size() - 1);
  };
  const TensorId in = add_tensor(graph.tensors[graph.input].shape);
  const TensorId out = add_tensor(graph.tensors[graph.output].shape);
  graph.nodes.insert(graph.nodes.begin(), Node{Convert{in, graph.input}, "quantize"});
  graph.nodes.push_back(Node{Convert{graph.output, out}, "dequantize"});
  graph.input = in;
  graph.output = out;
}

/// A kind of file: format and precision.
struct Kind {
  const char* name;
  std::function<Written(const Version&, uint32_t seed)> write;
  /// Minimum cosine similarity to the reference. Floats differ by rounding, integers by single
  /// steps.
  double cosine = 0.999999;
};

using Write = std::vector<std::byte> (*)(const Graph&);

std::vector<std::byte> write_plain_tflite(const Graph& graph) { return write_tflite(graph); }

Kind of_integers(const char* name, Precision precision, bool has_float_ends,
                 Write write = write_plain_tflite) {
  return {name,
          [=](const Version& version, uint32_t seed) {
            Written written = build(version, precision, seed);
            if (has_float_ends) add_float_ends(written.graph);
            written.file = as_file(write(written.graph));
            return written;
          },
          0.995};
}

Kind of_tfjs(const char* name, TfjsStorage storage,
             std::function<TfjsFile(const Graph&, TfjsStorage)> write) {
  return {name, [=](const Version& version, uint32_t seed) {
            Written written = build(version, Precision::F32, seed);
            round_weights(written.graph, storage);
            written.file = write(written.graph, storage);
            return written;
          }};
}

std::vector<Kind> all_kinds() {
  std::vector<Kind> kinds = {
      {"tflite_float32",
       [](const Version& version, uint32_t seed) {
         Written written = build(version, Precision::F32, seed);
         written.file = as_file(write_tflite(written.graph));
         return written;
       }},
      {"tflite_float32_any_batch",
       [](const Version& version, uint32_t seed) {
         Written written = build(version, Precision::F32, seed);
         written.file = as_file(write_keras_tflite(written.graph));
         return written;
       }},
      {"tflite_float16_weights",
       [](const Version& version, uint32_t seed) {
         Written written = build(version, Precision::F32, seed);
         round_weights(written.graph, TfjsStorage::F16);
         written.file = as_file(write_half_tflite(written.graph));
         return written;
       },
       // The scalars of squeeze-and-excite are rounded too, so the limit is lower.
       0.99999},
      {"tflite_dynamic_range",
       [](const Version& version, uint32_t seed) {
         Written written = build(version, Precision::F32, seed);
         written.file = as_file(write_tflite(with_byte_filters(written.graph)));
         return written;
       }},
      of_integers("tflite_int8_per_tensor", Precision::I8PerTensor, false),
      of_integers("tflite_int8_per_channel", Precision::I8PerChannel, false),
      of_integers("tflite_uint8", Precision::U8, false),
      of_integers("tflite_int8_float_ends", Precision::I8PerChannel, true),
      of_integers("tflite_int8_any_batch", Precision::I8PerChannel, true, write_keras_tflite),
      of_integers("tflite_uint8_float_ends", Precision::U8, true),
  };
  const auto layers = [](const Graph& graph, TfjsStorage s) {
    return write_layers_model(graph, s);
  };
  const auto fused = [](const Graph& graph, TfjsStorage s) {
    return write_graph_model(graph, true, s);
  };
  const auto plain = [](const Graph& graph, TfjsStorage s) {
    return write_graph_model(graph, false, s);
  };
  kinds.push_back(of_tfjs("layers_float32", TfjsStorage::F32, layers));
  kinds.push_back(of_tfjs("layers_float16", TfjsStorage::F16, layers));
  kinds.push_back(of_tfjs("layers_uint8", TfjsStorage::U8, layers));
  kinds.push_back(of_tfjs("layers_uint16", TfjsStorage::U16, layers));
  kinds.push_back(of_tfjs("graph_fused_float32", TfjsStorage::F32, fused));
  kinds.push_back(of_tfjs("graph_fused_float16", TfjsStorage::F16, fused));
  kinds.push_back(of_tfjs("graph_fused_uint8", TfjsStorage::U8, fused));
  kinds.push_back(of_tfjs("graph_fused_uint16", TfjsStorage::U16, fused));
  kinds.push_back(of_tfjs("graph_plain_float32", TfjsStorage::F32, plain));
  kinds.push_back(of_tfjs("graph_plain_uint8", TfjsStorage::U8, plain));
  const auto layers_first = [](const Graph& graph, TfjsStorage s) {
    return write_layers_model(graph, s, TfjsOrder::ChannelsFirst);
  };
  const auto fused_first = [](const Graph& graph, TfjsStorage s) {
    return write_graph_model(graph, true, s, TfjsOrder::ChannelsFirst);
  };
  const auto plain_first = [](const Graph& graph, TfjsStorage s) {
    return write_graph_model(graph, false, s, TfjsOrder::ChannelsFirst);
  };
  kinds.push_back(of_tfjs("layers_channels_first", TfjsStorage::F32, layers_first));
  kinds.push_back(of_tfjs("graph_fused_channels_first", TfjsStorage::F32, fused_first));
  kinds.push_back(of_tfjs("graph_plain_channels_first", TfjsStorage::F32, plain_first));
  return kinds;
}

Model read(const TfjsFile& file, PrecisionChoice choice = PrecisionChoice::Exact) {
  const auto bytes = std::as_bytes(std::span(file.model_json));
  return file.weights.empty() ? read_model(bytes, choice)
                              : read_converted(bytes, file.weights, choice);
}

std::vector<double> run_network(Network& network, const std::vector<double>& input) {
  for (size_t i = 0; i < input.size(); ++i) {
    if (network.input_type() == DataType::F32) {
      network.input_f32()[i] = static_cast<float>(input[i]);
      continue;
    }
    const bool is_signed = network.input_type() == DataType::I8;
    const long q =
        std::lround(input[i] / double{network.input_scale()}) + network.input_zero_point();
    if (is_signed) network.input_i8()[i] = static_cast<int8_t>(std::clamp(q, -128l, 127l));
    if (!is_signed) network.input_u8()[i] = static_cast<uint8_t>(std::clamp(q, 0l, 255l));
  }
  network.run_backbone();
  network.run_head();
  return {network.embedding().begin(), network.embedding().end()};
}

/// Returns the input and the output of the classifier, which is the last convolution.
std::pair<std::vector<double>, std::vector<double>> run_reference(const Written& written) {
  Reference reference(written.graph);
  reference.run(written.input);
  std::pair<std::vector<double>, std::vector<double>> result;
  for (const Node& node : written.graph.nodes) {
    const auto* conv = std::get_if<Conv2d>(&node.op);
    if (conv != nullptr) result = {reference[conv->input], reference[conv->output]};
  }
  return result;
}

template <typename A, typename B>
double cosine(const A& a, const B& b) {
  double dot = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    dot += double{a[i]} * b[i];
    aa += double{a[i]} * a[i];
    bb += double{b[i]} * b[i];
  }
  return dot / std::sqrt(aa * bb);
}

class Matrix : public ::testing::TestWithParam<std::tuple<Version, Kind>> {};

TEST_P(Matrix, MatchesTheReference) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE("TEACHABLE_SEED=" + std::to_string(seed));
  const auto& [version, kind] = GetParam();
  const Written written = kind.write(version, seed);
  const auto [embedding, logits] = run_reference(written);

  Network network(read(written.file).graph, nullptr);
  const std::vector<double> got = run_network(network, written.input);
  ASSERT_EQ(got.size(), embedding.size());
  ASSERT_EQ(network.class_count(), static_cast<size_t>(kClasses));
  EXPECT_GT(cosine(got, embedding), kind.cosine);
  EXPECT_GT(cosine(network.logits(), logits), kind.cosine);
}

std::string name_of(const ::testing::TestParamInfo<std::tuple<Version, Kind>>& info) {
  return std::string(std::get<0>(info.param).name) + "_" + std::get<1>(info.param).name;
}

INSTANTIATE_TEST_SUITE_P(All, Matrix,
                         ::testing::Combine(::testing::ValuesIn(kVersions),
                                            ::testing::ValuesIn(all_kinds())),
                         name_of);

class AllFormats : public ::testing::TestWithParam<Version> {};

TEST_P(AllFormats, GiveTheSameEmbedding) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE("TEACHABLE_SEED=" + std::to_string(seed));
  const Written written = build(GetParam(), Precision::F32, seed);
  const Model tflite_model = read(as_file(write_tflite(written.graph)));
  const size_t node_count = tflite_model.graph.nodes.size();
  Network network(read(as_file(write_tflite(written.graph))).graph, nullptr);
  const std::vector<double> embedding = run_network(network, written.input);
  const std::vector<float> logits(network.logits().begin(), network.logits().end());

  const auto expect_same = [&](const char* name, const TfjsFile& file, TfjsFormat format) {
    SCOPED_TRACE(name);
    Model model = read(file);
    EXPECT_EQ(convert_tfjs(std::as_bytes(std::span(file.model_json)), file.weights).format, format);
    // Passes simplify all formats to the same number of operators.
    EXPECT_EQ(model.graph.nodes.size(), node_count);
    Network other(std::move(model.graph), nullptr);
    const std::vector<double> got = run_network(other, written.input);
    ASSERT_EQ(got.size(), embedding.size());
    for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], embedding[i], 1e-5);
    for (size_t i = 0; i < logits.size(); ++i) EXPECT_NEAR(other.logits()[i], logits[i], 1e-5);
  };
  expect_same("layers model", write_layers_model(written.graph), TfjsFormat::Layers);
  expect_same("graph model with fused operators", write_graph_model(written.graph, true),
              TfjsFormat::Graph);
  expect_same("graph model with single operators", write_graph_model(written.graph, false),
              TfjsFormat::Graph);
}

INSTANTIATE_TEST_SUITE_P(Versions, AllFormats, ::testing::ValuesIn(kVersions),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace teachable::testing
