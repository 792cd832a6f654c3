// Depthwise convolutions of int8, for x86: a row of output pixels at a time. Exact for all weights
// and inputs; XNNPACK's kernel of the same tile adds two products in 16 bits, where -128 * -128
// twice is too much. The arguments are those of its micro-kernels, xnnpack/dwconv.h, and the packed
// weights those of its tiles of 16 channels: [channels / 16] times bias [16] int32, taps [9][16]
// int8, scale [16] float. Reads up to XNN_EXTRA_BYTES beyond a pixel's channels.
#pragma once

#include "xnnpack/microfnptr.h"

namespace teachable {

/// Channels whose weights lie together.
inline constexpr size_t kDepthwiseTile = 16;

/// Windows of up to 9 taps: 3 x 3 at stride 1, as `input_stride` tells it; for any other, XNNPACK's
/// own kernel runs.
void convolve_depthwise_9(size_t channels, size_t output_width, const int8_t** input,
                          const void* weights, int8_t* output, intptr_t input_stride,
                          size_t output_increment, size_t input_offset, const int8_t* zero,
                          const xnn_qs8_qc8w_conv_minmax_params* params);

}  // namespace teachable
