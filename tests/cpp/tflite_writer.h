// Graphs to TensorFlow Lite files, so that the reader is tested without anyone else's data.
#pragma once

#include <cstddef>
#include <vector>

#include "graph/graph.h"
#include "model/tflite_metadata.h"

namespace teachable::testing {

/// Writes the operators that the format has a word for. Paddings must be those of the SAME or VALID rule; scale-and-shift isn't written.
/// `metadata` goes into a buffer of its own unless it is empty.
std::vector<std::byte> write_tflite(const Graph& graph, const TfliteMetadata& metadata = {});

/// The same with float constants as float16, each under a DEQUANTIZE, as converters write them.
std::vector<std::byte> write_half_tflite(const Graph& graph);

}  // namespace teachable::testing
