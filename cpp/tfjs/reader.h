// Reader of TensorFlow.js models: a model.json and its binary weights.
#pragma once

#include <cstddef>
#include <span>

#include "graph/graph.h"

namespace teachable {

/// A TensorFlow.js model.
struct TfjsModel {
  Graph graph;
  bool is_graph_model = false;  ///< graph model if true, layers model (Keras) if false
};

/// Reads a layers model (Keras topology) or a graph model (frozen TensorFlow nodes). `weights` are
/// the shards of weightsManifest, concatenated in order. Weights in uint8, uint16 (w = q * scale +
/// min) and float16 become float32. Filters become [out, kh, kw, in], and a batch normalization
/// becomes a ScaleShift. Throws Error{BadModel} for a damaged model, and Error{UnsupportedOp} with
/// the name of the layer or node.
TfjsModel read_tfjs(std::span<const std::byte> model_json, std::span<const std::byte> weights);

}  // namespace teachable
