// Reader of TensorFlow.js graph models: frozen TensorFlow nodes, as the TensorFlow.js converter
// writes them.
#pragma once

#include <string>

#include "graph/graph.h"
#include "tfjs/json.h"
#include "tfjs/weights.h"

namespace teachable {

/// Reads a graph model. `root` is the whole model.json. Its outputs are those of its signature;
/// without one, they are the nodes that no other node reads. `output` chooses one, see
/// OutputChoice. Nodes that the output doesn't depend on are skipped.
///
/// Maps with channels first (NCHW) get their channels last: Transpose nodes between the orders are
/// absorbed. Throws Error{UnsupportedOp}, which names the node, for what depends on that order in
/// another way; and Error{BadModel}.
Graph read_tfjs_graph(const Json& root, TfjsWeights& weights, const std::string& output = "");

}  // namespace teachable
