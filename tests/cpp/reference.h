// Reference interpreter of graphs: plain loops in double precision.
#pragma once

#include <vector>

#include "graph/graph.h"

namespace teachable::testing {

/// Computes the real values of every tensor. After each operator, the values of a quantized tensor
/// are rounded to its quantization, with halves rounded to even.
class Reference {
 public:
  explicit Reference(const Graph& graph);

  /// Runs the graph. `input` has the real values of its input, row-major. They are rounded too.
  void run(const std::vector<double>& input);

  /// Returns the values of a tensor after run().
  const std::vector<double>& operator[](TensorId id) const { return values_[id]; }

 private:
  const Graph& graph_;
  std::vector<std::vector<double>> values_;
};

/// Computes the output values of one node, not rounded to its quantization. `values` has the values
/// of its inputs, by TensorId.
std::vector<double> compute(const Graph& graph, const Node& node,
                            const std::vector<std::vector<double>>& values);

/// Returns the real values of a constant. An int32 bias without a scale gives its integers.
std::vector<double> real_values(const Tensor& constant);

/// Rounds `value` to the quantization of `tensor`. Returns it unchanged for a float tensor.
double round_to_quantization(const Tensor& tensor, double value);

}  // namespace teachable::testing
