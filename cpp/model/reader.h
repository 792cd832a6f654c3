// A model file of any known format to a graph that is ready to be lowered.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "graph/graph.h"
#include "model/precision.h"

namespace teachable {

enum class ModelFormat { TfLite, TfJsLayers, TfJsGraph };

/// "tflite", "tfjs-layers", "tfjs-graph".
const char* to_string(ModelFormat format);

struct Model {
  Graph graph;  ///< simplified (passes.h), in the wanted precision, and validated
  ModelFormat format = ModelFormat::TfLite;
  std::string name;         ///< what its maker calls it; empty when the file doesn't say
  std::string labels_file;  ///< of a .tflite: the file of class names in the zip archive behind it; empty when there is none
};

/// Looks at the first bytes, reads, simplifies and validates. `model` is a .tflite file or a TensorFlow.js model.json; `weights` are the shards
/// of that model.json, joined in the manifest's order, and empty for .tflite. Nothing of the spans is kept.
/// Throws Error{BadModel} or Error{UnsupportedOp}, and Error{BadArgument} for a precision that the file can't give (precision.h).
Model read_model(std::span<const std::byte> model, std::span<const std::byte> weights,
                 PrecisionChoice precision = PrecisionChoice::Auto);

}  // namespace teachable
