// Test writer of TensorFlow Lite files, so that the reader can be tested without real models.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "graph/graph.h"
#include "model/tflite_metadata.h"

namespace teachable::testing {

/// Writes a graph whose paddings are SAME or VALID and whose activations are relu or relu6. A
/// ScaleShift becomes SUB and MUL. Non-empty metadata is written too.
std::vector<std::byte> write_tflite(const Graph& graph, const TfliteMetadata& metadata = {});

/// Writes a graph as Keras does, for a batch of any size: the shape of each RESHAPE is computed by
/// SHAPE, STRIDED_SLICE and PACK.
std::vector<std::byte> write_keras_tflite(const Graph& graph);

/// Writes a graph with float16 constants, each with a DEQUANTIZE, as converters do.
std::vector<std::byte> write_half_tflite(const Graph& graph);

/// Writes a graph whose file has several outputs, and names of some of them in its signature.
std::vector<std::byte> write_tflite_outputs(
    const Graph& graph, const std::vector<TensorId>& outputs,
    const std::vector<std::pair<TensorId, std::string>>& signature);

/// Writes a graph as converters from PyTorch do: maps have their channels first, and a TRANSPOSE
/// stands before and after each convolution, which needs them last.
std::vector<std::byte> write_channels_first(const Graph& graph);

}  // namespace teachable::testing
