// Rewrites of a graph that keep what it computes. Each is separate; simplify() runs them in the
// order that works.
#pragma once

#include "graph/graph.h"

namespace teachable {

/// Moves ScaleShift into the weights of a float convolution or fully connected layer before it,
/// when nothing else reads that layer or its filter.
void fold_batch_norm(Graph& graph);

/// x * relu6(x + 3) / 6 in pieces, as Keras and TensorFlow write it, becomes HardSwish.
void fuse_hard_swish(Graph& graph);

/// Moves Clamp into the activation of the operator before it, when nothing else reads that
/// operator.
void fuse_activations(Graph& graph);

/// Moves Pad into the padding of the convolutions that read it (not into pools, which wouldn't
/// count the pixels).
void fold_padding(Graph& graph);

/// An average over windows of integers becomes a depthwise convolution with equal weights, which is
/// how it can be run. Throws Error{UnsupportedOp} for windows or channels that would make it
/// several MB.
void pool_by_convolution(Graph& graph);

/// A Convert at the very input goes: the frame is written in the type that the network computes in.
/// Keeps the real values that pixels stand for in Graph::input_range.
void absorb_input_conversion(Graph& graph);

/// Scales and offsets at the very input, the same for all channels, go into Graph::input_range: the
/// frame is written in the values that the first layer reads. Channels that differ stay operators.
/// Without a range of the file's own, what pixels stand for follows from these constants: that of
/// -1 to 1, 0-255 and 0-1 which becomes what first layers usually read, or, when that is two of
/// them, -1 to 1, assumed.
void absorb_input_scaling(Graph& graph);

/// Finds the embedding and the logits; drops Softmax or Sigmoid, Convert and Reshape after the
/// logits. The classifier is the last layer with weights when it reads one pixel and has no
/// activation, with the fully connected layers right before it; without one, the output itself is
/// the embedding. Throws Error{BadModel} when the output depends on nothing.
void find_ends(Graph& graph);

/// Drops nodes that neither the embedding nor the logits need, and the data of constants that
/// nothing reads.
void drop_unused(Graph& graph);

/// All of the above.
void simplify(Graph& graph);

}  // namespace teachable
