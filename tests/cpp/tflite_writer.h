// Graphs to TensorFlow Lite files, so that the reader is tested without anyone else's data.
#pragma once

#include <cstddef>
#include <vector>

#include "graph/graph.h"
#include "model/tflite_metadata.h"

namespace teachable::testing {

/// Writes the operators that the format has a word for. Paddings must be those of the SAME or VALID
/// rule; a scale-and-shift is a SUB and a MUL. `metadata` goes into a buffer of its own unless it
/// is empty.
std::vector<std::byte> write_tflite(const Graph& graph, const TfliteMetadata& metadata = {});

/// The same as Keras' models are written, which take any number of pictures: each RESHAPE is given
/// a shape that is computed (SHAPE, STRIDED_SLICE, PACK).
std::vector<std::byte> write_keras_tflite(const Graph& graph);

/// The same with float constants as float16, each under a DEQUANTIZE, as converters write them.
std::vector<std::byte> write_half_tflite(const Graph& graph);

}  // namespace teachable::testing
