// Matrix products of float32 for builds without relaxed SIMD. The inputs of a few rows are first
// copied in the order in which they are used, so that the inner loop has two addresses to advance.
// Sums are added in the same order as in XNNPACK's kernels. The arguments are those of XNNPACK's
// micro-kernels in xnnpack/gemm.h and xnnpack/igemm.h, and the packed weights those of its tiles of
// 8 channels.
#pragma once

#include "xnnpack/microfnptr.h"

namespace teachable {

/// Maximum number of rows that one call computes.
inline constexpr size_t kFloatRows = 4;

/// Computes C [mr, nc] = A [mr, kc] * weights, clamped, for 1 to kFloatRows rows. `kc` is in bytes.
void multiply_floats(size_t mr, size_t nc, size_t kc, const float* a, size_t a_stride,
                     const float* w, float* c, size_t cm_stride, size_t cn_stride,
                     const xnn_f32_minmax_params* params);

/// Does the same for the windows of a convolution, whose rows are put together from the
/// ks / sizeof(pointer) rows that `a` points to.
void convolve_floats(size_t mr, size_t nc, size_t kc, size_t ks, const float** a, const float* w,
                     float* c, size_t cm_stride, size_t cn_stride, size_t a_offset,
                     const float* zero, const xnn_f32_minmax_params* params);

}  // namespace teachable
