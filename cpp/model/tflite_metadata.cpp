#include "model/tflite_metadata.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "graph/errors.h"
#include "tflite_generated.h"
#include "tflite_metadata_generated.h"

namespace teachable {
namespace {

/// Maximum length of names, which appear in messages and in JavaScript. A hostile name may have
/// megabytes.
constexpr size_t kMaxNameLength = 256;

[[noreturn]] void bad(const Text& what) { throw_bad_model("TensorFlow Lite metadata", what); }

std::string text_of(const flatbuffers::String* text) {
  return text == nullptr ? "" : text->str().substr(0, kMaxNameLength);
}

/// Returns a copy of the metadata buffer, because flatbuffers needs an alignment that the buffer
/// may not have inside the file. Empty if there is none.
std::vector<uint8_t> metadata_buffer(std::span<const std::byte> bytes) {
  const auto* model = tflite::GetModel(bytes.data());
  if (model->metadata() == nullptr || model->buffers() == nullptr) return {};
  for (const auto* entry : *model->metadata()) {
    if (entry->name() == nullptr || entry->name()->string_view() != "TFLITE_METADATA") continue;
    if (entry->buffer() >= model->buffers()->size()) {
      bad({"buffer ", entry->buffer(), " doesn't exist; the file has ", model->buffers()->size(),
           " buffers"});
    }
    const auto* data = model->buffers()->Get(entry->buffer())->data();
    if (data == nullptr) return {};
    return {data->begin(), data->end()};
  }
  return {};
}

template <typename Vector>
auto first_of(const Vector* vector) -> decltype(vector->Get(0)) {
  return vector == nullptr || vector->size() == 0 ? nullptr : vector->Get(0);
}

std::vector<float> numbers_of(const flatbuffers::Vector<float>* vector) {
  // Copies at most one value more than allowed; normalize_input() rejects wrong counts.
  if (vector == nullptr) return {};
  return {vector->begin(), vector->begin() + std::min<uint32_t>(vector->size(), 4)};
}

}  // namespace

TfliteMetadata read_tflite_metadata(std::span<const std::byte> bytes) {
  TfliteMetadata result;
  const std::vector<uint8_t> buffer = metadata_buffer(bytes);
  if (buffer.size() < 8 || !tflite_metadata::ModelMetadataBufferHasIdentifier(buffer.data())) {
    return result;
  }
  flatbuffers::Verifier verifier(buffer.data(), buffer.size(), /*max_depth=*/16,
                                 /*max_tables=*/1 << 12);
  if (!tflite_metadata::VerifyModelMetadataBuffer(verifier)) {
    bad("an offset points outside of it; the file is damaged");
  }
  const auto* metadata = tflite_metadata::GetModelMetadata(buffer.data());
  result.name = text_of(metadata->name());
  const auto* subgraph = first_of(metadata->subgraph_metadata());
  if (subgraph == nullptr) return result;

  const auto* input = first_of(subgraph->input_tensor_metadata());
  if (input != nullptr && input->process_units() != nullptr) {
    for (const auto* unit : *input->process_units()) {
      const auto* normalization = unit->options_as_NormalizationOptions();
      if (normalization == nullptr) continue;
      result.mean = numbers_of(normalization->mean());
      result.std = numbers_of(normalization->std());
    }
  }
  const auto* output = first_of(subgraph->output_tensor_metadata());
  if (output != nullptr && output->associated_files() != nullptr) {
    for (const auto* file : *output->associated_files()) {
      if (file->type() != tflite_metadata::AssociatedFileType_TENSOR_AXIS_LABELS) continue;
      // The first file is used. Others have the same labels in other languages.
      result.labels_file = text_of(file->name());
      break;
    }
  }
  return result;
}

void normalize_input(Graph& graph, const TfliteMetadata& metadata) {
  const Tensor& input = graph.tensors[graph.input];
  if (input.type != DataType::F32 || (metadata.mean.empty() && metadata.std.empty())) return;
  const auto is_valid_count = [](const std::vector<float>& values) {
    return values.size() == 1 || values.size() == 3;
  };
  if (!is_valid_count(metadata.mean) || !is_valid_count(metadata.std)) {
    bad({"the normalization has ", metadata.mean.size(), " means and ", metadata.std.size(),
         " standard deviations; expected 1 or 3 of each"});
  }
  std::vector<InputRange> ranges;
  for (size_t c = 0; c < 3; ++c) {
    const float mean = metadata.mean[metadata.mean.size() == 1 ? 0 : c];
    const float std = metadata.std[metadata.std.size() == 1 ? 0 : c];
    const InputRange range = {(0 - mean) / std, (255 - mean) / std};
    if (!std::isfinite(range.low) || !std::isfinite(range.high) || range.low == range.high) {
      bad({"a normalization with mean ", mean, " and standard deviation ", std,
           " gives no finite range"});
    }
    ranges.push_back(range);
  }
  graph.range_source = RangeSource::Metadata;
  const bool are_equal = std::ranges::all_of(ranges, [&](const InputRange& range) {
    return range.low == ranges[0].low && range.high == ranges[0].high;
  });
  if (are_equal || input.shape.channels() != 3) {
    graph.input_range = ranges[0];
    return;
  }
  const auto add_tensor = [&](Tensor tensor) {
    graph.tensors.push_back(std::move(tensor));
    return static_cast<TensorId>(graph.tensors.size() - 1);
  };
  const auto add_constant = [&](const char* name, auto&& value_of) {
    Tensor tensor;
    tensor.name = name;
    tensor.shape = Shape{3};
    tensor.data = PaddedBuffer<std::byte>(3 * sizeof(float));
    auto* values = reinterpret_cast<float*>(tensor.data.data());
    for (size_t c = 0; c < 3; ++c) values[c] = value_of(ranges[c]);
    return add_tensor(std::move(tensor));
  };
  Tensor pixels;
  pixels.name = "pixels";
  pixels.shape = input.shape;
  ScaleShift op;
  op.output = graph.input;
  op.scale = add_constant("scale", [](const InputRange& r) { return (r.high - r.low) / 255; });
  op.offset = add_constant("offset", [](const InputRange& r) { return r.low; });
  op.input = graph.input = add_tensor(std::move(pixels));
  graph.nodes.insert(graph.nodes.begin(), Node{op, "the metadata's normalization"});
  graph.input_range = InputRange{0, 255};
}

}  // namespace teachable
