// Matrix products of int8, for processors whose dot_takes_unsigned_inputs(): rows of inputs by the
// weights of gemm_weights.h. The arguments are those of XNNPACK's micro-kernels, xnnpack/gemm.h and
// xnnpack/igemm.h.
#pragma once

#include "xnnpack/microfnptr.h"

namespace teachable {

/// Rows that one call computes.
inline constexpr size_t kMaxRows = 8;

/// C [mr, nc] = requantised (A [mr, kc] * weights); mr of 1, or 1 to kMaxRows.
void multiply_row(size_t mr, size_t nc, size_t kc, const int8_t* a, size_t a_stride, const void* w,
                  int8_t* c, size_t cm_stride, size_t cn_stride,
                  const xnn_qs8_qc8w_conv_minmax_params* params);
void multiply_rows(size_t mr, size_t nc, size_t kc, const int8_t* a, size_t a_stride, const void* w,
                   int8_t* c, size_t cm_stride, size_t cn_stride,
                   const xnn_qs8_qc8w_conv_minmax_params* params);

/// The same of rows that are put together from the ks / sizeof(pointer) rows that `a` points to: a
/// convolution's windows.
void convolve_row(size_t mr, size_t nc, size_t kc, size_t ks, const int8_t** a, const void* w,
                  int8_t* c, size_t cm_stride, size_t cn_stride, size_t a_offset,
                  const int8_t* zero, const xnn_qs8_qc8w_conv_minmax_params* params);
void convolve_rows(size_t mr, size_t nc, size_t kc, size_t ks, const int8_t** a, const void* w,
                   int8_t* c, size_t cm_stride, size_t cn_stride, size_t a_offset,
                   const int8_t* zero, const xnn_qs8_qc8w_conv_minmax_params* params);

}  // namespace teachable
