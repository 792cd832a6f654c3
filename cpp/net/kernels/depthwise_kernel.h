// Depthwise convolutions of int8 for x86, which compute a row of output pixels at a time. They are
// exact for all weights and inputs. XNNPACK's kernel of the same tile is not: it adds two products
// in 16 bits, where twice -128 * -128 does not fit. The arguments are those of XNNPACK's
// micro-kernels in xnnpack/dwconv.h. The packed weights are those of its tiles of 16 channels:
// [channels / 16] times bias [16] int32, taps [9][16] int8, scale [16] float. Reads up to
// XNN_EXTRA_BYTES beyond the channels of a pixel.
#pragma once

#include "xnnpack/microfnptr.h"

namespace teachable {

/// Number of channels in a tile, whose weights lie together.
inline constexpr size_t kDepthwiseTile = 16;

/// Convolves windows of up to 9 taps. It handles 3 x 3 with strides 1 and 2, which it
/// recognizes by `input_stride`, and calls XNNPACK's own kernel for any other.
void convolve_depthwise_9(size_t channels, size_t output_width, const int8_t** input,
                          const void* weights, int8_t* output, intptr_t input_stride,
                          size_t output_increment, size_t input_offset, const int8_t* zero,
                          const xnn_qs8_qc8w_conv_minmax_params* params);

}  // namespace teachable
