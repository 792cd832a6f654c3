#include "graph/summary.h"

#include <algorithm>
#include <array>

namespace teachable {

const char* to_string(const Op& op) {
  // Same order as in Op.
  static constexpr std::array kNames = {
      "Conv2d",        "DepthwiseConv2d", "FullyConnected",    "Add",
      "Multiply",      "HardSwish",       "Sigmoid",           "Apply",
      "AveragePool2d", "MaxPool2d",       "GlobalAveragePool", "Pad",
      "Clamp",         "ScaleShift",      "Reshape",           "Convert",
      "Softmax"};
  static_assert(kNames.size() == std::variant_size_v<Op>);
  return kNames[op.index()];
}

Summary summarize(const Graph& graph) {
  Summary summary;
  std::array<size_t, 4> filters = {};  // number of filters per DataType
  for (const Node& node : graph.nodes) {
    const std::string name = to_string(node.op);
    auto found = std::ranges::find(summary.operators, name, &std::pair<std::string, size_t>::first);
    if (found == summary.operators.end()) {
      summary.operators.emplace_back(name, 0);
      found = summary.operators.end() - 1;
    }
    ++found->second;
    std::visit(
        [&](const auto& op) {
          if constexpr (requires { op.filter; }) {
            ++filters[static_cast<size_t>(graph.tensors[op.filter].type)];
          }
        },
        node.op);
  }
  summary.precision = static_cast<DataType>(std::ranges::max_element(filters) - filters.begin());
  for (const Tensor& tensor : graph.tensors) summary.weight_bytes += tensor.data.size();
  return summary;
}

}  // namespace teachable
