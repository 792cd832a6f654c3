// Choice among the outputs of a model file.
#pragma once

#include <span>
#include <string>

#include "graph/graph.h"

namespace teachable {

/// An output of a model file.
struct FileOutput {
  std::string name;   ///< name for people
  std::string alias;  ///< another name that chooses it; may be empty
  /// Scores that it gives. The highest value is used unless the caller chooses an output.
  enum class Scores { None, Independent, OfOneClass } scores = Scores::None;
};

/// Chooses an output, fills in Graph::file_outputs and Graph::file_output, and returns the index.
/// `wanted` is a name, with or without TensorFlow's ":0", or an index; "" chooses the first output
/// that ends in a softmax, else the first that ends in a sigmoid, else the last. `outputs` isn't
/// empty. Throws Error{BadArgument}, which lists the outputs.
size_t choose_output(Graph& graph, std::span<const FileOutput> outputs, const std::string& wanted);

}  // namespace teachable
