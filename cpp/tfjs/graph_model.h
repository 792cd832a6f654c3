// Reader of TensorFlow.js graph models: frozen TensorFlow nodes, as the TensorFlow.js converter
// writes them.
#pragma once

#include "graph/graph.h"
#include "tfjs/json.h"
#include "tfjs/weights.h"

namespace teachable {

/// Reads a graph model. `root` is the whole model.json. The output is the first one in its
/// signature; without a signature, it is the only node that no other node reads. Nodes that the
/// output doesn't depend on are skipped. Throws Error{BadModel}, or Error{UnsupportedOp} with the
/// name of the node.
Graph read_tfjs_graph(const Json& root, TfjsWeights& weights);

}  // namespace teachable
