// How a Keras model's layers are connected, models inside models included.
#pragma once

#include "graph/graph.h"
#include "tfjs/json.h"
#include "tfjs/weights.h"

namespace teachable {

/// `model` is {class_name, config} of a Sequential or Functional ("Model") with one input and one
/// output. Reads only the layers that the output depends on. Throws Error{BadModel} or
/// Error{UnsupportedOp}.
Graph read_tfjs_topology(const Json& model, TfjsWeights& weights);

}  // namespace teachable
