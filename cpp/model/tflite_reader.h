// TensorFlow Lite files (flatbuffers, schema version 3, https://www.tensorflow.org/lite).
#pragma once

#include <cstddef>
#include <span>

#include "graph/graph.h"

namespace teachable {

/// Several times any MobileNet's; keeps passes, which look at all nodes for each, quick on a
/// hostile file.
inline constexpr size_t kMaxTfliteNodes = 4096;
inline constexpr size_t kMaxTfliteTensors = 16384;

/// Whether the bytes carry the format's file identifier ("TFL3" at offset 4).
bool is_tflite(std::span<const std::byte> bytes);

/// Whether a graph's constants are the file's own bytes, which then must outlive it, followed by
/// kReadSlack readable bytes (core/buffer.h).
enum class Constants { Copied, Lent };

/// The first subgraph as it stands in the file; nothing simplified. Operators that the output
/// doesn't depend on are left out, whatever they are. Every offset is checked by flatbuffers'
/// verifier before it is followed. Throws Error{BadModel} for a damaged file, Error{UnsupportedOp}
/// that names the operator or type and its place.
Graph read_tflite(std::span<const std::byte> bytes, Constants constants = Constants::Copied);

}  // namespace teachable
