// Rewrites of a graph that keep what it computes. Each is separate; simplify() runs them in the order that works.
#pragma once

#include "graph/graph.h"

namespace teachable {

/// Moves ScaleShift into the weights of a float convolution or fully connected layer before it, when nothing else reads that layer.
void fold_batch_norm(Graph& graph);

/// Moves Clamp into the activation of the operator before it, when nothing else reads that operator.
void fuse_activations(Graph& graph);

/// Moves Pad into the padding of the convolutions that read it (not into pools, which wouldn't count the pixels).
void fold_padding(Graph& graph);

/// A Convert at the very input goes: the frame is written in the type that the network computes in. Keeps the real values that pixels
/// stand for in Graph::input_range.
void absorb_input_conversion(Graph& graph);

/// Finds the embedding and the logits; drops Softmax, Convert and Reshape after the logits. The
/// classifier is the last layer with weights when it reads one pixel and has no activation, with
/// the fully connected layers right before it; without one, the output itself is the embedding.
/// Throws Error{BadModel} when the output depends on nothing.
void find_ends(Graph& graph);

/// Drops nodes that neither the embedding nor the logits need, and the data of constants that nothing reads.
void drop_unused(Graph& graph);

/// All of the above.
void simplify(Graph& graph);

}  // namespace teachable
