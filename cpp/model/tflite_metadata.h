// What a TensorFlow Lite file says of itself besides its network
// (https://www.tensorflow.org/lite/models/convert/metadata).
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace teachable {

struct TfliteMetadata {
  std::string name;         ///< what its maker calls the model; may be empty
  std::string labels_file;  ///< in the zip archive behind the model, one class a line; empty when
                            ///< there is none
  /// Of the input: (pixel of 0-255 - mean) / std. One of each, or one a channel; empty when the
  /// file doesn't say.
  std::vector<float> mean, std;
};

/// Reads the buffer TFLITE_METADATA of a file that read_tflite() took; a file without one, or of
/// another layout than "M001", gives empty fields. Throws Error{BadModel} for damage and for a
/// normalisation that isn't one: a network that is fed with wrong values would only look as if it
/// worked.
TfliteMetadata read_tflite_metadata(std::span<const std::byte> bytes);

/// Makes the file's normalisation the graph's input range. Of an integer input it is ignored: such
/// a network takes pixels as they are, whatever its metadata says, as TensorFlow Lite's own library
/// feeds it; what they stand for, its scale says. Channels that differ become an operator before
/// the network, whose range is then 0-255. Throws Error{BadModel} when there are neither one nor
/// three values.
void normalize_input(Graph& graph, const TfliteMetadata& metadata);

}  // namespace teachable
