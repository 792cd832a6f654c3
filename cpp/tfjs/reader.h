// TensorFlow.js models: model.json and binary weights beside it.
#pragma once

#include <cstddef>
#include <span>

#include "graph/graph.h"

namespace teachable {

struct TfjsModel {
  Graph graph;
  bool is_graph_model = false;  ///< frozen TensorFlow nodes, else a Keras topology
};

/// Reads a model.json, a layers-model (Keras topology) or a graph-model (frozen TensorFlow nodes),
/// and its weights: the shards of weightsManifest, joined in order. uint8- and uint16-quantised
/// weights become float (w = q * scale + min), float16 too. Filters become [out, kh, kw, in]; a
/// batch norm becomes ScaleShift. Throws Error{BadModel} for damage, Error{UnsupportedOp} naming
/// the layer or node.
TfjsModel read_tfjs(std::span<const std::byte> model_json, std::span<const std::byte> weights);

}  // namespace teachable
