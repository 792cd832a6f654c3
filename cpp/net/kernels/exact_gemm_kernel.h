// Matrix products of int8 in plain SIMD. They are exact for all weights and inputs. The inputs of a
// few rows are first widened to 16 bits, in the order in which they are used. The arguments are
// those of XNNPACK's micro-kernels in xnnpack/gemm.h and xnnpack/igemm.h. The packed weights are
// blocks of 8 channels in pieces that are 2 deep: bias [8] int32, weights [pair][8][2] int8, scale
// [8] float.
#pragma once

#include "xnnpack/microfnptr.h"

namespace teachable {

/// Maximum number of rows that one call computes.
inline constexpr size_t kExactRows = 8;

/// Computes C [mr, nc] = requantized (A [mr, kc] * weights), for 1 to kExactRows rows.
void multiply_exactly(size_t mr, size_t nc, size_t kc, const int8_t* a, size_t a_stride,
                      const void* w, int8_t* c, size_t cm_stride, size_t cn_stride,
                      const xnn_qs8_qc8w_conv_minmax_params* params);

/// Does the same for the windows of a convolution, whose rows are put together from the
/// ks / sizeof(pointer) rows that `a` points to. The first takes mr = 1.
void convolve_row_exactly(size_t mr, size_t nc, size_t kc, size_t ks, const int8_t** a,
                          const void* w, int8_t* c, size_t cm_stride, size_t cn_stride,
                          size_t a_offset, const int8_t* zero,
                          const xnn_qs8_qc8w_conv_minmax_params* params);
void convolve_exactly(size_t mr, size_t nc, size_t kc, size_t ks, const int8_t** a, const void* w,
                      int8_t* c, size_t cm_stride, size_t cn_stride, size_t a_offset,
                      const int8_t* zero, const xnn_qs8_qc8w_conv_minmax_params* params);

}  // namespace teachable
