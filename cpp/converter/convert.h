// Converts TensorFlow.js models to TensorFlow Lite files. The converter is a WebAssembly module of
// its own, so only pages that load a model.json download its readers.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "model/tflite_writer.h"

namespace teachable {

/// Format of a TensorFlow.js model: Keras layers, or frozen TensorFlow nodes.
enum class TfjsFormat { Layers, Graph };

/// Returns "tfjs-layers" or "tfjs-graph".
const char* to_string(TfjsFormat format);

/// Result of convert_tfjs().
struct Conversion {
  TfliteFile file;
  TfjsFormat format = TfjsFormat::Layers;  ///< format of the TensorFlow.js model
  std::vector<std::string> outputs;        ///< names of the model's outputs
  size_t output = 0;                       ///< index in `outputs` of the one in the file
};

/// Converts a model.json and its weights (the shards of its manifest, concatenated in order) to a
/// float32 file for read_model(). Batch normalizations and activations are folded into the layers
/// before them. The result is independent of the spans. `output` chooses one of several outputs by
/// its name or index, see OutputChoice. Throws Error{BadArgument} if there is no such output,
/// and Error{BadModel} or Error{UnsupportedOp} with the name of the layer or node.
Conversion convert_tfjs(std::span<const std::byte> model_json, std::span<const std::byte> weights,
                        const std::string& output = "");

}  // namespace teachable
