// TensorFlow Lite files (flatbuffers, schema version 3, https://www.tensorflow.org/lite).
#pragma once

#include <cstddef>
#include <span>

#include "graph/graph.h"

namespace teachable {

/// Whether the bytes carry the format's file identifier ("TFL3" at offset 4).
bool is_tflite(std::span<const std::byte> bytes);

/// The first subgraph as it stands in the file; nothing simplified. Copies what it needs.
/// Every offset is checked by flatbuffers' verifier before it is followed. Throws Error{BadModel} for a damaged file, Error{UnsupportedOp} that names
/// the operator or type and its place.
Graph read_tflite(std::span<const std::byte> bytes);

}  // namespace teachable
