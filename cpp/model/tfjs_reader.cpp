#include "model/tfjs_reader.h"

#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "model/json.h"
#include "model/tfjs_topology.h"
#include "model/tfjs_weights.h"

namespace teachable {
namespace {

[[noreturn]] void bad(const std::string& what) { throw Error(ErrorCode::BadModel, what); }

/// The {class_name, config} inside modelTopology, which Keras wraps and TensorFlow.js doesn't.
const Json& find_model(const Json& root) {
  const Json* topology = find(root, "modelTopology");
  if (topology == nullptr) bad("model.json has no modelTopology");
  if (find(*topology, "node") != nullptr) {
    throw Error(ErrorCode::UnsupportedOp,
                "model.json is a graph-model; layers-models and .tflite are read");
  }
  const Json* model = find(*topology, "model_config");
  if (model == nullptr) model = topology;
  if (find(*model, "class_name") == nullptr) bad("model.json's modelTopology has no class_name");
  return *model;
}

}  // namespace

Graph read_tfjs_layers(std::span<const std::byte> model_json, std::span<const std::byte> weights) {
  const Json root = parse_json(model_json, "model.json");
  const Json& model = find_model(root);
  const Json* manifest = find(root, "weightsManifest");
  if (manifest == nullptr) bad("model.json has no weightsManifest");
  TfjsWeights by_layer(*manifest, weights);
  return read_tfjs_topology(model, by_layer);
}

}  // namespace teachable
