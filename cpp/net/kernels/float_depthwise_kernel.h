// Depthwise convolutions of float32, which compute a row of output pixels for a few channels at a
// time. Sums are added in the same order as in XNNPACK's kernels. The arguments are those of
// XNNPACK's micro-kernels in xnnpack/dwconv.h, and the packed weights those of its tiles of 8
// channels: bias [8], taps [9][8]. Reads up to XNN_EXTRA_BYTES beyond the channels of a pixel.
#pragma once

#include "xnnpack/microfnptr.h"

namespace teachable {

/// Number of channels in a tile, whose weights lie together.
inline constexpr size_t kFloatDepthwiseTile = 8;

/// Convolves windows of up to 9 taps. It handles 3 x 3 with strides 1 and 2, which it recognizes by
/// `input_stride`, and calls XNNPACK's own kernel for any other.
void convolve_float_depthwise_9(size_t channels, size_t output_width, const float** input,
                                const float* weights, float* output, intptr_t input_stride,
                                size_t output_increment, size_t input_offset, const float* zero,
                                const xnn_f32_minmax_params* params);

}  // namespace teachable
