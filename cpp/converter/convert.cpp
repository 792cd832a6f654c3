#include "converter/convert.h"

#include <utility>

#include "graph/graph.h"
#include "model/passes.h"
#include "tfjs/reader.h"

namespace teachable {

const char* to_string(TfjsFormat format) {
  switch (format) {
    case TfjsFormat::Layers:
      return "tfjs-layers";
    case TfjsFormat::Graph:
      return "tfjs-graph";
  }
  return "?";
}

Conversion convert_tfjs(std::span<const std::byte> model_json, std::span<const std::byte> weights,
                        const std::string& output) {
  TfjsModel model = read_tfjs(model_json, weights, output);
  // Passes use tensor indices without checks, so the graph must be valid.
  validate(model.graph);
  fold_batch_norm(model.graph);
  fuse_hard_swish(model.graph);
  fuse_activations(model.graph);
  return {to_tflite(model.graph), model.is_graph_model ? TfjsFormat::Graph : TfjsFormat::Layers,
          std::move(model.graph.file_outputs), model.graph.file_output};
}

}  // namespace teachable
