// Numeric precision of a network: converts a whole graph between uint8, int8 and float32.
#pragma once

#include "graph/graph.h"

namespace teachable {

/// Precision that a caller can request. Not every file supports every choice.
enum class PrecisionChoice {
  Auto,   ///< fastest precision for the file: uint8 becomes int8, everything else is kept
  F32,    ///< float32 for every file
  Int8,   ///< int8; for quantized files only
  Exact,  ///< precision of the file, bit-exact; slower than Auto for a uint8 file
};

/// Returns "auto", "f32", "int8" or "exact".
const char* to_string(PrecisionChoice choice);

/// Converts a validated, simplified graph to `choice`. Throws Error{BadArgument} for int8 and a
/// float file, because quantization needs sample images to find the ranges of the activations.
void choose_precision(Graph& graph, PrecisionChoice choice);

/// Converts uint8 tensors with one asymmetric scale to int8, for which there are fast kernels.
/// Activations keep their real values. Weights become symmetric, with one scale per output channel:
/// a channel whose weights are within 127 steps of the zero point keeps its values exactly, and a
/// wider one is rounded to 127 steps per side. Biases are converted to match. Other tensors stay
/// unchanged. Throws Error{BadModel} if shared constants would make the graph several times larger.
void to_signed(Graph& graph);

/// Converts all quantized activations and weights to float32. Layers clamp to the range of their
/// quantized output, because some files rely on that range as the activation. Throws the same
/// errors as to_signed().
void to_float(Graph& graph);

/// Adds a float32 tensor with the name and the shape of another. Returns its id.
TensorId add_float_like(Graph& graph, TensorId like);

/// Converts the layers, additions and products of integers whose scales XNNPACK can't combine to
/// float32, with conversions before and after them. Such scales are rare: conversions with few or
/// no sample pictures give them.
void to_float_where_scales_differ(Graph& graph);

/// Returns a float32 tensor with the real values of a quantized constant, or a copy of a float
/// constant. Throws Error{BadModel} if the scales don't match the shape.
Tensor to_float_constant(const Tensor& constant);

}  // namespace teachable
