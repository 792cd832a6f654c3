// In which number kind a network computes: rewrites of a whole graph between uint8, int8 and
// float32.
#pragma once

#include "graph/graph.h"

namespace teachable {

/// What a caller may ask for; the file decides what there is to choose from.
enum class PrecisionChoice {
  Auto,   ///< the fastest for the file: uint8 becomes int8, all else stays as it is
  F32,    ///< floats, whatever the file holds
  Int8,   ///< signed bytes; of an integer file only
  Exact,  ///< what the file says, to the bit; of a uint8 file this is slower than Auto
};

/// "auto", "f32", "int8", "exact".
const char* to_string(PrecisionChoice choice);

/// Rewrites a validated, simplified graph for `choice`. Throws Error{BadArgument} when int8 is
/// asked of a file of floats: without sample pictures nobody knows the ranges of its activations.
void choose_precision(Graph& graph, PrecisionChoice choice);

/// uint8 with one asymmetric scale a tensor -> int8 activations with the same real values, and
/// symmetric int8 weights with a scale an output channel, for which there are fast kernels. A
/// channel whose weights lie within 127 steps of the zero point keeps its values exactly; a wider
/// one is rounded to 127 steps a side. Biases follow. Leaves all else alone. Throws Error{BadModel}
/// when layers that share constants would make the graph several times as large.
void to_signed(Graph& graph);

/// Every quantised activation and weight -> float32. Layers clamp to what their quantised output
/// could say, as some files leave their activation to that. Errors as of to_signed().
void to_float(Graph& graph);

/// A float32 tensor with the real values of a quantised constant, or a copy of a float one. Throws
/// Error{BadModel} when its scales don't fit its shape.
Tensor to_float_constant(const Tensor& constant);

}  // namespace teachable
