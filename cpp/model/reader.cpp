#include "model/reader.h"

#include <utility>

#include "graph/errors.h"
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

Model read_model(std::span<const std::byte> file, PrecisionChoice precision,
                 ConstantStorage storage) {
  if (looks_like_json(file)) {
    throw_bad_model("model",
                    "found JSON; expected a TensorFlow Lite file. Convert a TensorFlow.js "
                    "model.json and its weights first");
  }
  if (!is_tflite(file)) {
    throw_bad_model("model",
                    {"unknown format (", file.size(),
                     " bytes). Supported: TensorFlow Lite ('TFL3' at byte 4). Check that the file "
                     "isn't a web page or an incomplete download"});
  }
  Model result;
  result.graph = read_tflite(file, storage);
  const TfliteMetadata metadata = read_tflite_metadata(file);
  result.name = metadata.name;
  result.labels_file = metadata.labels_file;
  // Passes use tensor indices without checks, so the graph must be valid. It is checked again after
  // the passes.
  validate(result.graph);
  normalize_input(result.graph, metadata);
  simplify(result.graph);
  choose_precision(result.graph, precision);
  validate(result.graph);
  return result;
}

}  // namespace teachable
