// Range of the values that pixels have in a network's input, as far as the file tells it.
#pragma once

#include "graph/graph.h"

namespace teachable {

/// Returns the real values of the lowest and the highest integer of a quantized tensor.
InputRange quantized_range(const Tensor& tensor);

/// Returns true for a range that preprocessing of pictures has: 0 to 1, -1 to 1, 0 to 255, around
/// 0, and these minus ImageNet's mean. Files whose ranges were measured may differ a little.
bool is_usual_range(const InputRange& range);

/// Takes the range of an integer input from its quantization. An unusual range comes from a
/// conversion without real pictures. It is not believed: -1 to 1 is assumed, and
/// Graph::unusual_range has the other one.
void take_quantized_range(Graph& graph);

/// Guesses the pixel range of a network that begins with scale * x + offset: the usual pixel range
/// that this maps closest to a usual range of first layers. Sets Graph::input_range and
/// Graph::range_source.
void guess_input_range(Graph& graph, double scale, double offset);

}  // namespace teachable
