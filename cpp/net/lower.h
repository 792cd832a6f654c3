// Graph to XNNPACK subgraph: one function an operator, each the same steps.
#pragma once

#include <span>
#include <vector>

#include "graph/graph.h"
#include "net/xnn.h"

namespace teachable {

/// External ids of a lowered section.
inline constexpr uint32_t kExternalInput = 0;
inline constexpr uint32_t kExternalOutput = 1;

/// Scales that XNNPACK reads by address: they must live as long as the runtime. Growth moves the
/// inner vectors, whose elements stay.
using ScaleStore = std::vector<std::vector<float>>;

/// Lowers those nodes that compute `output` from `input`; of a validated graph.
/// The graph's constants and `scales` must outlive the subgraph and every runtime made of it.
/// Throws Error{UnsupportedOp} naming the node that XNNPACK refuses.
XnnSubgraph lower_section(const Graph& graph, TensorId input, TensorId output, ScaleStore& scales);

/// The nodes that lower_section() takes, in running order.
std::vector<const Node*> section_nodes(const Graph& graph, TensorId input, TensorId output);

}  // namespace teachable
