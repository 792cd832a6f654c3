// Lowers a graph to an XNNPACK subgraph, with one function per operator.
#pragma once

#include <span>
#include <vector>

#include "graph/graph.h"
#include "net/xnn.h"

namespace teachable {

/// External value ids of the input and the outputs of a lowered section.
inline constexpr uint32_t kExternalInput = 0;
inline constexpr uint32_t kExternalOutput = 1;
inline constexpr uint32_t kExternalMiddle = 2;

/// Scales that XNNPACK reads by address. They must live as long as the runtime. When the outer
/// vector grows, the inner vectors move but their elements keep their addresses.
using ScaleStore = std::vector<std::vector<float>>;

/// Lowers the nodes that compute `output` from `input`. The graph must have been validated. If
/// `middle` is a tensor, it is an activation that one of these nodes writes, and a second output.
/// The graph's constants and `scales` must outlive the subgraph and every runtime made from it.
/// Throws Error{UnsupportedOp} that names the node which XNNPACK refuses.
XnnSubgraph lower_section(const Graph& graph, TensorId input, TensorId output, ScaleStore& scales,
                          TensorId middle = kNoTensor);

/// Returns the nodes that lower_section() lowers, in the order in which they run.
std::vector<const Node*> section_nodes(const Graph& graph, TensorId input, TensorId output);

}  // namespace teachable
