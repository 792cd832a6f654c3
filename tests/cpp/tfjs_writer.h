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

/// How the shards hold weights.
enum class TfjsStorage { F32, F16, U8, U16 };

/// The value that a reader gets back for each of `values`, which are stored together.
std::vector<float> as_stored(const std::vector<float>& values, TfjsStorage storage);

/// Every operator but scale-and-shift and conversions. Paddings must be those of the SAME or VALID
/// rule, activations relu or relu6. Scalars beside the weights stay float32. The graph-model uses
/// fused operators; `is_fused` false spells each step out instead.
TfjsFile write_graph_model(const Graph& graph, bool is_fused = true,
                           TfjsStorage storage = TfjsStorage::F32);
/// Hard-swish takes turns in the forms in which Keras writes it: an Activation; Rescaling, ReLU and
/// Multiply layers; operators of Keras 2; those of Keras 3.
TfjsFile write_layers_model(const Graph& graph, TfjsStorage storage = TfjsStorage::F32);

}  // namespace teachable::testing
