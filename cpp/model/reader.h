// Reads a TensorFlow Lite file into a graph that is ready to run.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "graph/graph.h"
#include "model/precision.h"
#include "model/tflite_reader.h"

namespace teachable {

/// A model file, ready to run.
struct Model {
  Graph graph;       ///< simplified (passes.h), in the requested precision, and validated
  std::string name;  ///< name in the file's metadata, or empty
  /// Name of the file of class names, in the zip archive at the end of the model file. May be
  /// empty.
  std::string labels_file;
};

/// Reads, simplifies and validates a TensorFlow Lite file. The result is independent of `file` with
/// ConstantStorage::Copied; see there for Borrowed. Throws Error{BadModel} for damaged files and
/// other formats (convert a TensorFlow.js model first, see converter/convert.h),
/// Error{UnsupportedOp}, and Error{BadArgument} for a precision that the file doesn't support
/// (precision.h). `embedding` is the name of the tensor to use as the embedding, or its index in
/// the file; "" for the one that find_ends() finds. Error{BadArgument} if there is no such tensor.
/// `size` and `output` are those of read_tflite().
Model read_model(std::span<const std::byte> file, PrecisionChoice precision = PrecisionChoice::Auto,
                 ConstantStorage storage = ConstantStorage::Copied,
                 const std::string& embedding = "", InputSize size = {},
                 const std::string& output = "");

}  // namespace teachable
