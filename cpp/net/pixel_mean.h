// Mean over the pixels of an activation, for the part of an embedding that describes a middle
// layer.
#pragma once

#include <cstddef>
#include <span>

#include "graph/graph.h"

namespace teachable {

/// Writes the mean of each channel of a map [1, height, width, channels] as real values. `tensor`
/// describes the map: float32, int8 or uint8; other types throw Error{Internal}. `raw` holds its
/// elements. `means` must have one element per channel. The mean of integers is exact up to the
/// rounding of the result to float.
void mean_of_pixels(const Tensor& tensor, const std::byte* raw, std::span<float> means);

}  // namespace teachable
