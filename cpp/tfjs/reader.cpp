#include "tfjs/reader.h"

#include <string>
#include <utility>
#include <vector>

#include "graph/errors.h"
#include "tfjs/graph_model.h"
#include "tfjs/json.h"
#include "tfjs/topology.h"
#include "tfjs/weights.h"

namespace teachable {
namespace {

[[noreturn]] void bad(const Text& what) { throw_bad_model("model.json", what); }

/// Returns the {class_name, config} of the model. Keras wraps it in model_config, TensorFlow.js
/// doesn't.
const Json& find_model(const Json& topology) {
  const Json* model = find(topology, "model_config");
  if (model == nullptr) model = &topology;
  if (find(*model, "class_name") == nullptr) bad("modelTopology has no class_name");
  return *model;
}

}  // namespace

TfjsModel read_tfjs(std::span<const std::byte> model_json, std::span<const std::byte> weights,
                    const std::string& output) {
  const Json root = parse_json(model_json, "model.json");
  const Json* topology = find(root, "modelTopology");
  if (topology == nullptr) bad("there is no modelTopology");
  const bool is_graph_model = find(*topology, "node") != nullptr;
  const Json& model = is_graph_model ? *topology : find_model(*topology);
  const Json* manifest = find(root, "weightsManifest");
  if (manifest == nullptr) bad("there is no weightsManifest");
  TfjsWeights by_name(*manifest, weights);
  if (is_graph_model) return {read_tfjs_graph(root, by_name, output), true};
  return {read_tfjs_topology(model, by_name, output), false};
}

}  // namespace teachable
