// Graph rewrites that don't change the result. Each pass can be called alone; simplify() runs all
// of them in the required order.
#pragma once

#include "graph/graph.h"

namespace teachable {

/// Moves each ScaleShift into the weights of the float convolution or fully connected layer before
/// it, if nothing else reads that layer or its filter.
void fold_batch_norm(Graph& graph);

/// Replaces the operators of x * relu6(x + 3) / 6, as Keras and TensorFlow write them, by
/// HardSwish.
void fuse_hard_swish(Graph& graph);

/// Moves each Clamp into the activation of the operator before it, if nothing else reads that
/// operator.
void fuse_activations(Graph& graph);

/// Moves each Pad into the padding of the convolutions that read it. It isn't moved into pools,
/// because these ignore padding pixels.
void fold_padding(Graph& graph);

/// Replaces each average pool of integers by a depthwise convolution with equal weights, because
/// XNNPACK has no integer average pool. Throws Error{UnsupportedOp} for windows and channels whose
/// weights would take several MB.
void pool_by_convolution(Graph& graph);

/// Surrounds each maximum pool of integers by conversions, because XNNPACK's own pool of integers
/// would make the module larger. The result is the same.
void pool_in_float(Graph& graph);

/// Removes Convert operators at the input: frames are then written in the type that the network
/// computes in. Keeps the real values that pixels stand for in Graph::input_range.
void absorb_input_conversion(Graph& graph);

/// Moves scales and offsets at the input into Graph::input_range if they are equal for all
/// channels: frames are then written with the values that the first layer reads. Other scales and
/// offsets stay operators. If the file doesn't state an input range, the pass guesses it from these
/// constants: the range among -1 to 1, 0 to 255 and 0 to 1 that gives the first layer the most
/// usual values. If another range fits nearly as well, the guess is marked RangeSource::Assumed.
void absorb_input_scaling(Graph& graph);

/// Finds the embedding and the logits, and drops Softmax or Sigmoid, Convert and Reshape after the
/// logits. A classifier is a chain of fully connected layers and elementwise operators between
/// vectors; its last layer, which may be a convolution of one pixel, has no activation other than
/// these. The embedding is what its first layer reads; without a classifier, it is the output. If
/// the class scores are the mean over the pixels of a convolution, the embedding is the mean of
/// what that convolution reads. An embedding that the graph already has is kept, a map as its mean
/// over all pixels. Throws Error{BadModel} if the output doesn't depend on the input, and
/// Error{UnsupportedOp} for scores of many places, unless the graph has an embedding.
void find_ends(Graph& graph);

/// Drops nodes that neither the embedding nor the logits need, and the data of unused constants.
void drop_unused(Graph& graph);

/// Finds the middle map: what the last layer that halves height and width reads, on the way to the
/// embedding. In MobileNet v1, v2 and v3 this is the last map of twice the final size, with the
/// channels of the expanded block: [1, 14, 14, 576] in MobileNet v2 1.0 of 224 pixels. Layers that
/// write one pixel don't count: they pool. Leaves Graph::middle empty if no layer halves the map,
/// or only the one that reads the image.
void find_middle(Graph& graph);

/// Runs all passes above.
void simplify(Graph& graph);

}  // namespace teachable
