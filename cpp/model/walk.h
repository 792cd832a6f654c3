// Questions that passes ask about a graph.
#pragma once

#include <cstddef>
#include <variant>

#include "graph/graph.h"

namespace teachable {

/// Returns the number of nodes that read a tensor, plus 1 if it is the graph's output, and 1 if it
/// is the embedding that the caller chose.
inline size_t reader_count(const Graph& graph, TensorId id) {
  size_t count = (graph.output == id ? 1 : 0) + (graph.embedding == id ? 1 : 0);
  for (const Node& node : graph.nodes) {
    for (TensorId input : inputs_of(node.op)) count += input == id ? 1 : 0;
  }
  return count;
}

/// Returns the node that writes a tensor; nullptr for constants, the input, and kNoTensor.
inline Node* writer_of(Graph& graph, TensorId id) {
  for (Node& node : graph.nodes) {
    if (output_of(node.op) == id) return &node;
  }
  return nullptr;
}

/// Returns the operator of writer_of().
inline const Op* writer_op(Graph& graph, TensorId id) {
  const Node* node = writer_of(graph, id);
  return node == nullptr ? nullptr : &node->op;
}

/// Returns the operator of writer_of() if it is an OpType, else nullptr.
template <typename OpType>
const OpType* writer_op_as(Graph& graph, TensorId id) {
  return std::get_if<OpType>(writer_op(graph, id));
}

}  // namespace teachable
