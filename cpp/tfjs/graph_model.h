// TensorFlow.js graph-models: frozen TensorFlow nodes, as the converter writes them.
#pragma once

#include "graph/graph.h"
#include "tfjs/json.h"
#include "tfjs/weights.h"

namespace teachable {

/// `root` is the whole model.json: modelTopology.node and, when there, the signature that names the
/// output; without one it is the node that nobody reads. Reads only what the output depends on. A
/// model of several outputs gives the first. Throws Error{BadModel}, or Error{UnsupportedOp} naming
/// the node.
Graph read_tfjs_graph(const Json& root, TfjsWeights& weights);

}  // namespace teachable
