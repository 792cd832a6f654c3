// Reader of TensorFlow.js models: a model.json and its binary weights.
#pragma once

#include <cstddef>
#include <span>
#include <string>

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
/// becomes a ScaleShift. Maps with channels first (NCHW) get their channels last. `output` chooses
/// one of several outputs by its name or index, see OutputChoice. Throws Error{BadModel} for a
/// damaged model, Error{UnsupportedOp} with the name of the layer or node, and Error{BadArgument}
/// if there is no such output.
TfjsModel read_tfjs(std::span<const std::byte> model_json, std::span<const std::byte> weights,
                    const std::string& output = "");

}  // namespace teachable
