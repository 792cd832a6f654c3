// Reader of TensorFlow Lite files (flatbuffers, schema version 3, https://www.tensorflow.org/lite).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

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

/// Size of a network's input, in pixels. 0: not given.
struct InputSize {
  int64_t width = 0, height = 0;
};

/// Reads the first subgraph without simplifying it. Operators that the output doesn't depend on are
/// skipped, even unsupported ones. The flatbuffers verifier checks every offset before it is used.
/// Throws Error{BadModel} for a damaged file, and Error{UnsupportedOp}, which names the operator or
/// type and its position.
///
/// A network whose input has any height or width (-1 in the file) gets `size`, else the size that
/// the file declares if that is more than one pixel, else kUsualSide, with a warning. For other
/// networks, another `size` is an Error{BadArgument}.
///
/// `output` chooses one of several outputs by its name or index, see OutputChoice. A name is
/// that of the tensor, or that in the file's signature.
///
/// Files with channels first (NCHW), as converters from PyTorch write them, give a graph with
/// channels last: the reader absorbs TRANSPOSE operators. Throws Error{UnsupportedOp} for an
/// operator that depends on that order in another way.
Graph read_tflite(std::span<const std::byte> bytes,
                  ConstantStorage storage = ConstantStorage::Copied, InputSize size = {},
                  const std::string& output = "");

}  // namespace teachable
