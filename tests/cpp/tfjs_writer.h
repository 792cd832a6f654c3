// Test writer of TensorFlow.js models, so that one network can be compared in all formats.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace teachable::testing {

/// A model.json and its weights.
struct TfjsFile {
  std::string model_json;
  std::vector<std::byte> weights;
};

/// Storage type of weights.
enum class TfjsStorage { F32, F16, U8, U16 };

/// Order of the axes of maps in the file.
enum class TfjsOrder { ChannelsLast, ChannelsFirst };

/// Returns the values that a reader gets for a weight with `values`.
std::vector<float> as_stored(const std::vector<float>& values, TfjsStorage storage);

/// Writes a float graph as a graph model. ScaleShift and Convert are not supported; paddings must
/// be SAME or VALID, and activations relu or relu6. Scalars are stored as float32. `is_fused`
/// selects fused operators or single ones.
TfjsFile write_graph_model(const Graph& graph, bool is_fused = true,
                           TfjsStorage storage = TfjsStorage::F32,
                           TfjsOrder order = TfjsOrder::ChannelsLast);
/// Writes a float graph as a layers model, with the same limits. Successive hard-swish operators
/// use the different forms that Keras writes: an Activation; Rescaling, ReLU and Multiply layers;
/// operators of Keras 2; operators of Keras 3.
TfjsFile write_layers_model(const Graph& graph, TfjsStorage storage = TfjsStorage::F32,
                            TfjsOrder order = TfjsOrder::ChannelsLast);

}  // namespace teachable::testing
