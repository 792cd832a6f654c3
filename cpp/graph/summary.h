// Key figures of a network.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "graph/graph.h"

namespace teachable {

/// Key figures of a network.
struct Summary {
  /// Operator names (such as "Conv2d") with their counts, in the order of first use.
  std::vector<std::pair<std::string, size_t>> operators;
  DataType precision = DataType::F32;  ///< weight type of most layers: float32, int8 or uint8
  size_t weight_bytes = 0;             ///< size of all constants in memory
};

/// Returns the name of an operator's struct, such as "Conv2d".
const char* to_string(const Op& op);

/// Computes the key figures of `graph`.
Summary summarize(const Graph& graph);

}  // namespace teachable
