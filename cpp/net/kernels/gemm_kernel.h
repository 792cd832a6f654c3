// Matrix products of int8 for processors on which dot_takes_unsigned_inputs() is true. They
// multiply rows of inputs by the weights of gemm_weights.h. The arguments are those of XNNPACK's
// micro-kernels in xnnpack/gemm.h and xnnpack/igemm.h.
#pragma once

#include "xnnpack/microfnptr.h"

namespace teachable {

/// Maximum number of rows that one call computes.
inline constexpr size_t kMaxRows = 8;

/// Computes C [mr, nc] = requantized (A [mr, kc] * weights). multiply_row() takes mr = 1,
/// multiply_rows() 1 to kMaxRows.
void multiply_row(size_t mr, size_t nc, size_t kc, const int8_t* a, size_t a_stride, const void* w,
                  int8_t* c, size_t cm_stride, size_t cn_stride,
                  const xnn_qs8_qc8w_conv_minmax_params* params);
void multiply_rows(size_t mr, size_t nc, size_t kc, const int8_t* a, size_t a_stride, const void* w,
                   int8_t* c, size_t cm_stride, size_t cn_stride,
                   const xnn_qs8_qc8w_conv_minmax_params* params);

/// Does the same for the windows of a convolution. Their rows are put together from the
/// ks / sizeof(pointer) rows that `a` points to.
void convolve_row(size_t mr, size_t nc, size_t kc, size_t ks, const int8_t** a, const void* w,
                  int8_t* c, size_t cm_stride, size_t cn_stride, size_t a_offset,
                  const int8_t* zero, const xnn_qs8_qc8w_conv_minmax_params* params);
void convolve_rows(size_t mr, size_t nc, size_t kc, size_t ks, const int8_t** a, const void* w,
                   int8_t* c, size_t cm_stride, size_t cn_stride, size_t a_offset,
                   const int8_t* zero, const xnn_qs8_qc8w_conv_minmax_params* params);

}  // namespace teachable
