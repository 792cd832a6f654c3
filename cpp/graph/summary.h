// A network in numbers, for people who choose one.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "graph/graph.h"

namespace teachable {

struct Summary {
  /// "Conv2d" and how often it runs, in the order of first use.
  std::vector<std::pair<std::string, size_t>> operators;
  DataType precision = DataType::F32;  ///< of the weights of most layers: float32, int8 or uint8
  size_t weight_bytes = 0;             ///< all constants as they lie in memory, each counted once
};

/// The name of an operator's struct.
const char* to_string(const Op& op);

Summary summarize(const Graph& graph);

}  // namespace teachable
