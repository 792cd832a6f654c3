// Reader of Keras models: the connections of their layers, including nested models.
#pragma once

#include <string>

#include "graph/graph.h"
#include "tfjs/json.h"
#include "tfjs/weights.h"

namespace teachable {

/// Reads a Sequential or Functional ("Model") model with one input. `model` is its {class_name,
/// config}. `output` chooses one of several outputs by the name of its layer or by its index, see
/// OutputChoice; nested models have one. Layers that the output doesn't depend on are skipped.
/// Maps with channels first get their channels last. Throws Error{BadModel}, Error{UnsupportedOp},
/// or Error{BadArgument} if there is no such output.
Graph read_tfjs_topology(const Json& model, TfjsWeights& weights, const std::string& output = "");

}  // namespace teachable
