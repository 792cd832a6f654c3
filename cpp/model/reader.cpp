#include "model/reader.h"

#include <utility>

#include "core/error.h"
#include "model/passes.h"
#include "model/tfjs_reader.h"
#include "model/tflite_metadata.h"
#include "model/tflite_reader.h"

namespace teachable {
namespace {

bool looks_like_json(std::span<const std::byte> bytes) {
  for (std::byte b : bytes) {
    const char c = static_cast<char>(b);
    if (c == ' ' || c == '\n' || c == '\r' || c == '\t') continue;
    return c == '{';
  }
  return false;
}

}  // namespace

const char* to_string(ModelFormat format) {
  switch (format) {
    case ModelFormat::TfLite: return "tflite";
    case ModelFormat::TfJsLayers: return "tfjs-layers";
    case ModelFormat::TfJsGraph: return "tfjs-graph";
  }
  return "?";
}

Model read_model(std::span<const std::byte> model, std::span<const std::byte> weights,
                 PrecisionChoice precision) {
  Model result;
  TfliteMetadata metadata;
  if (is_tflite(model)) {
    result.graph = read_tflite(model);
    result.format = ModelFormat::TfLite;
    metadata = read_tflite_metadata(model);
    result.name = metadata.name;
    result.labels_file = metadata.labels_file;
  } else if (looks_like_json(model)) {
    TfjsModel read = read_tfjs(model, weights);
    result.graph = std::move(read.graph);
    result.format = read.is_graph_model ? ModelFormat::TfJsGraph : ModelFormat::TfJsLayers;
  } else {
    throw Error(ErrorCode::BadModel,
                {"model: ", model.size(),
                 " bytes that are neither TensorFlow Lite ('TFL3' at byte 4) nor a "
                 "TensorFlow.js model.json; is this a web page or a cut-off download?"});
  }
  // Passes walk tensors by index, so what they walk must be sound; and they must leave it sound.
  validate(result.graph);
  normalize_input(result.graph, metadata);
  simplify(result.graph);
  choose_precision(result.graph, precision);
  validate(result.graph);
  return result;
}

}  // namespace teachable
