// Metadata of a TensorFlow Lite file
// (https://www.tensorflow.org/lite/models/convert/metadata).
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace teachable {

/// The parts of the metadata that this library uses.
struct TfliteMetadata {
  std::string name;  ///< name of the model; may be empty
  /// Name of the file of class names (one per line), in the zip archive at the end of the model
  /// file. May be empty.
  std::string labels_file;
  /// Input normalization: (pixel - mean) / std, for pixels of 0 to 255. One value, or one per
  /// channel; empty if the file has none.
  std::vector<float> mean, std;
};

/// Reads the buffer TFLITE_METADATA of a file that read_tflite() accepted. Returns empty fields if
/// there is no such buffer, or if its layout isn't "M001". Throws Error{BadModel} for damaged
/// metadata.
TfliteMetadata read_tflite_metadata(std::span<const std::byte> bytes);

/// Sets the graph's input range from the normalization in `metadata`. It is ignored for an integer
/// input, as in TensorFlow Lite's own library: such a network reads plain pixels, and its scale
/// defines their real values. If the channels differ, an operator is added before the network, and
/// the input range is then 0 to 255. Throws Error{BadModel} unless there are one or three values,
/// and for values that give no finite, non-empty range: with a wrong input range the network would
/// silently give wrong results.
void normalize_input(Graph& graph, const TfliteMetadata& metadata);

}  // namespace teachable
