// Reader of TensorFlow Lite files (flatbuffers, schema version 3, https://www.tensorflow.org/lite).
#pragma once

#include <cstddef>
#include <span>

#include "graph/graph.h"

namespace teachable {

/// Maximum number of operators, several times that of any MobileNet. Passes take time quadratic in
/// this number, so the limit keeps them fast for a hostile file.
inline constexpr size_t kMaxTfliteNodes = 4096;
/// Maximum number of tensors.
inline constexpr size_t kMaxTfliteTensors = 16384;

/// Returns true if the bytes have the format's file identifier ("TFL3" at offset 4).
bool is_tflite(std::span<const std::byte> bytes);

/// Storage of a graph's constants. Copied: the graph owns them. Borrowed: unchanged constants are
/// views of the file, which must outlive the graph and be followed by kReadSlack readable bytes
/// (core/buffer.h).
enum class ConstantStorage { Copied, Borrowed };

/// Reads the first subgraph without simplifying it. Operators that the output doesn't depend on are
/// skipped, even unsupported ones. The flatbuffers verifier checks every offset before it is used.
/// Throws Error{BadModel} for a damaged file, and Error{UnsupportedOp}, which names the operator or
/// type and its position.
Graph read_tflite(std::span<const std::byte> bytes,
                  ConstantStorage storage = ConstantStorage::Copied);

}  // namespace teachable
