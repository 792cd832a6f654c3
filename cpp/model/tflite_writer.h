// Graphs to TensorFlow Lite files (flatbuffers, schema version 3, https://www.tensorflow.org/lite).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "graph/graph.h"

namespace teachable {

/// A file in memory.
struct TfliteFile {
  std::unique_ptr<uint8_t[]> memory;  ///< owns `bytes`, which needn't begin where it does
  std::span<const std::byte> bytes;
};

/// Writes a validated graph so that read_tflite() gives one that computes the same, to the bit as
/// far as passes.h joins again what takes several operators here: paddings other than SAME and
/// VALID stand in a PAD before their layer, activations without a word in the format in MAXIMUM and
/// MINIMUM after it, a scale-and-shift is a MUL and an ADD. Needs memory for all constants once
/// more. Throws Error{UnsupportedOp} for what the format has no words for (a pool with such
/// paddings), for more operators than read_tflite() takes, and for constants above 1 GB.
TfliteFile to_tflite(const Graph& graph);

}  // namespace teachable
