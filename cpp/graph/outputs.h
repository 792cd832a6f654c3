// Choice among the outputs of a model file.
#pragma once

#include <string>
#include <string_view>

#include "graph/graph.h"

namespace teachable {

/// Scores that an output gives.
enum class Scores { None, Independent, OfOneClass };

/// Choice of one output of a model file: a wanted one, else the first that ends in a softmax, else
/// the first that ends in a sigmoid, else the last.
class OutputChoice {
 public:
  /// `wanted` is a name, with or without TensorFlow's ":0", or an index; "" for the default one.
  /// Both must outlive this object.
  OutputChoice(Graph& graph, const std::string& wanted) : graph_(graph), wanted_(wanted) {}

  /// Adds the next output to Graph::file_outputs. `alias` is another name for it, or "".
  void add(std::string_view name, std::string_view alias, Scores scores);

  /// Sets Graph::file_output to the index of the chosen output, and returns it. Throws
  /// Error{BadArgument}, which lists the outputs, if there is no wanted one. There must be an
  /// output.
  size_t choose();

 private:
  Graph& graph_;
  const std::string& wanted_;
  int best_ = 0;  // how well the best output so far fits; 0: not at all
};

}  // namespace teachable
