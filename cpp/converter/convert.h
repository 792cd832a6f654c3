// A TensorFlow.js model to a TensorFlow Lite file: who loads a model.json runs this once, in a
// module of its own, and nobody else carries its readers along.
#pragma once

#include <cstddef>
#include <span>

#include "model/tflite_writer.h"

namespace teachable {

enum class TfjsFormat { Layers, Graph };

/// "tfjs-layers", "tfjs-graph".
const char* to_string(TfjsFormat format);

struct Conversion {
  TfliteFile file;
  TfjsFormat format = TfjsFormat::Layers;  ///< what it was
};

/// Reads a model.json and its weights (the shards of its manifest, joined in order), folds batch
/// norms and activations into the layers before them, and writes the rest as float32. read_model()
/// reads what comes out. Nothing of the spans is kept. Throws Error{BadModel} or
/// Error{UnsupportedOp}, naming the layer or node.
Conversion convert_tfjs(std::span<const std::byte> model_json, std::span<const std::byte> weights);

}  // namespace teachable
