// Writer of TensorFlow Lite files (flatbuffers, schema version 3, https://www.tensorflow.org/lite).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "graph/graph.h"

namespace teachable {

/// A TensorFlow Lite file in memory.
struct TfliteFile {
  std::unique_ptr<uint8_t[]> memory;  ///< owns `bytes`; has unused space before them
  std::span<const std::byte> bytes;   ///< the file
};

/// Writes a validated graph, so that read_tflite() returns a graph with the same results. Some
/// operators become several: paddings other than SAME and VALID become a PAD before the layer,
/// activations that the format doesn't have become MAXIMUM and MINIMUM after it, and a ScaleShift
/// becomes MUL and ADD. The passes of passes.h merge them again, with bit-identical results. Copies
/// all constants. Throws Error{UnsupportedOp} for a pool with such a padding, for more operators or
/// tensors than read_tflite() accepts, and for constants above 1 GB.
TfliteFile to_tflite(const Graph& graph);

}  // namespace teachable
