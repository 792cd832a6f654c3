// The dumbest correct interpreter of a graph: plain loops in double precision.
#pragma once

#include <vector>

#include "graph/graph.h"

namespace teachable::testing {

/// Real values of every tensor after a run. A quantised tensor's values are snapped to what its
/// scale and zero point can say, after each operator, with halves rounded to even.
class Reference {
 public:
  explicit Reference(const Graph& graph);

  /// `input` has the real values of the graph's input, row-major. Snaps them too.
  void run(const std::vector<double>& input);

  const std::vector<double>& operator[](TensorId id) const { return values_[id]; }

 private:
  const Graph& graph_;
  std::vector<std::vector<double>> values_;
};

/// What one node gives [output's shape], not yet snapped to its output. `values` holds those of
/// each tensor that it reads, by TensorId.
std::vector<double> compute(const Graph& graph, const Node& node,
                            const std::vector<std::vector<double>>& values);

/// A constant's elements as real values; an int32 bias without a scale gives its integers.
std::vector<double> real_values(const Tensor& constant);

/// The real value that `tensor`'s quantisation says for `value`; `value` itself for a float tensor.
double snap(const Tensor& tensor, double value);

}  // namespace teachable::testing
