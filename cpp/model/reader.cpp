#include "model/reader.h"

#include <utility>

#include "core/error.h"
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

/// Returns the activation with this name, else the one with this index. Throws Error{BadArgument}.
TensorId chosen_embedding(const Graph& graph, const std::string& name) {
  TensorId by_index = kNoTensor;
  std::string last;
  for (const Node& node : graph.nodes) {
    const TensorId id = output_of(node.op);
    if (graph.tensors[id].name == name) return id;
    if (std::to_string(id) == name) by_index = id;
    last = graph.tensors[id].name;
  }
  if (by_index != kNoTensor) return by_index;
  throw Error(ErrorCode::BadArgument,
              {"embedding: got '", name, "', which is no result of the model's layers. The ",
               "last one is '", last, "'."});
}

}  // namespace

Model read_model(std::span<const std::byte> file, PrecisionChoice precision,
                 ConstantStorage storage, const std::string& embedding, InputSize size,
                 const std::string& output) {
  if (looks_like_json(file)) {
    throw_bad_model("model",
                    "found JSON; expected a TensorFlow Lite file. Convert a TensorFlow.js "
                    "model.json and its weights first");
  }
  if (!is_tflite(file)) {
    throw_bad_model("model",
                    {"unknown format (", file.size(),
                     " bytes). Supported: TensorFlow Lite ('TFL3' at byte 4). Pass "
                     "weights such as weights.bin with the model.json beside them, and check that "
                     "the download is complete"});
  }
  Model result;
  result.graph = read_tflite(file, storage, size, output);
  const TfliteMetadata metadata = read_tflite_metadata(file);
  result.name = metadata.name;
  result.labels_file = metadata.labels_file;
  // Passes use tensor indices without checks, so the graph must be valid. It is checked again after
  // the passes.
  validate(result.graph);
  if (!embedding.empty()) result.graph.embedding = chosen_embedding(result.graph, embedding);
  normalize_input(result.graph, metadata);
  simplify(result.graph);
  choose_precision(result.graph, precision);
  validate(result.graph);
  return result;
}

}  // namespace teachable
