// Reader of Keras models: the connections of their layers, including nested models.
#pragma once

#include "graph/graph.h"
#include "tfjs/json.h"
#include "tfjs/weights.h"

namespace teachable {

/// Reads a Sequential or Functional ("Model") model with one input and one output. `model` is its
/// {class_name, config}. Layers that the output doesn't depend on are skipped. Throws
/// Error{BadModel} or Error{UnsupportedOp}.
Graph read_tfjs_topology(const Json& model, TfjsWeights& weights);

}  // namespace teachable
