// MobileNets in full size with random weights: what a file of that kind asks of a reader and a
// runtime, without anyone's training.
#pragma once

#include "graph_builder.h"

namespace teachable::testing {

/// A network as its paper draws it (alpha 1, 224 x 224 pixels, 1001 classes), and its ends.
struct FullNetwork {
  TensorId embedding = kNoTensor;  ///< what the classifier reads
  TensorId output = kNoTensor;     ///< probabilities
};

/// Howard et al. 2017, table 1.
FullNetwork mobilenet_v1(GraphBuilder& builder);
/// Howard et al. 2019, tables 1 and 2.
FullNetwork mobilenet_v3_large(GraphBuilder& builder);
FullNetwork mobilenet_v3_small(GraphBuilder& builder);

}  // namespace teachable::testing
