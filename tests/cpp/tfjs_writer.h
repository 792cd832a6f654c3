// Graphs of floats to TensorFlow.js models, so that all formats can be compared on one network.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace teachable::testing {

struct TfjsFile {
  std::string model_json;
  std::vector<std::byte> weights;
};

/// Convolutions, fully connected layers, add, whole-picture mean, reshape, softmax. Paddings must be those of the SAME or VALID rule.
/// The graph-model uses fused operators; `is_fused` false spells each step out instead.
TfjsFile write_graph_model(const Graph& graph, bool is_fused = true);
TfjsFile write_layers_model(const Graph& graph);

}  // namespace teachable::testing
