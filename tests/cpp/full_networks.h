// Full-size MobileNets with random weights. They need the same work of a reader and a runtime as
// trained networks.
#pragma once

#include "graph_builder.h"

namespace teachable::testing {

/// Outputs of a network as described in its paper (alpha 1, 224 x 224 pixels, 1001 classes).
struct FullNetwork {
  TensorId embedding = kNoTensor;  ///< input of the classifier
  TensorId output = kNoTensor;     ///< probabilities [1, 1001]
};

/// Adds MobileNet v1 (Howard et al. 2017, table 1).
FullNetwork mobilenet_v1(GraphBuilder& builder);
/// Add MobileNet v3 (Howard et al. 2019, tables 1 and 2).
FullNetwork mobilenet_v3_large(GraphBuilder& builder);
FullNetwork mobilenet_v3_small(GraphBuilder& builder);

}  // namespace teachable::testing
