#include "model/reader.h"

#include <utility>

#include "core/error.h"
#include "model/passes.h"
#include "model/tflite_metadata.h"

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

Model read_model(std::span<const std::byte> file, PrecisionChoice precision, Constants constants) {
  if (looks_like_json(file)) {
    throw Error(ErrorCode::BadModel,
                "model: JSON, wanted a TensorFlow Lite file; a TensorFlow.js model.json is "
                "converted first, together with its weights");
  }
  if (!is_tflite(file)) {
    throw Error(ErrorCode::BadModel,
                {"model: ", file.size(),
                 " bytes that are neither TensorFlow Lite ('TFL3' at byte 4) nor a "
                 "TensorFlow.js model.json; is this a web page or a cut-off download?"});
  }
  Model result;
  result.graph = read_tflite(file, constants);
  const TfliteMetadata metadata = read_tflite_metadata(file);
  result.name = metadata.name;
  result.labels_file = metadata.labels_file;
  // Passes walk tensors by index, so what they walk must be sound; and they must leave it sound.
  validate(result.graph);
  normalize_input(result.graph, metadata);
  simplify(result.graph);
  choose_precision(result.graph, precision);
  validate(result.graph);
  return result;
}

}  // namespace teachable
