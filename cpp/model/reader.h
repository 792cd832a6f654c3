// A TensorFlow Lite file to a graph that is ready to be lowered.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "graph/graph.h"
#include "model/precision.h"
#include "model/tflite_reader.h"

namespace teachable {

struct Model {
  Graph graph;              ///< simplified (passes.h), in the wanted precision, and validated
  std::string name;         ///< what its maker calls it; empty when the file doesn't say
  std::string labels_file;  ///< the file of class names in the zip archive behind the network;
                            ///< empty when there is none
};

/// Reads, simplifies and validates. Of `file` nothing is kept, or the constants that no pass has
/// changed. Throws Error{BadModel}, also for other formats: a TensorFlow.js model is converted
/// first (converter/convert.h); Error{UnsupportedOp}; and Error{BadArgument} for a precision that
/// the file can't give (precision.h).
Model read_model(std::span<const std::byte> file, PrecisionChoice precision = PrecisionChoice::Auto,
                 Constants constants = Constants::Copied);

}  // namespace teachable
