// TensorFlow.js layers-models: a Keras topology in model.json and binary weights beside it.
#pragma once

#include <cstddef>
#include <span>

#include "graph/graph.h"

namespace teachable {

/// Reads a model.json whose "format" is "layers-model" (or that has a Keras modelTopology) and its
/// weights: the shards of weightsManifest, joined in order. uint8- and uint16-quantised weights
/// become float (w = q * scale + min), float16 too. Filters become [out, kh, kw, in]; a batch norm
/// becomes ScaleShift. Throws Error{BadModel} for damage, Error{UnsupportedOp} naming the layer.
Graph read_tfjs_layers(std::span<const std::byte> model_json, std::span<const std::byte> weights);

}  // namespace teachable
