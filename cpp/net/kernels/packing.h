// Functions that pack weights of bytes in the order in which matrix kernels read them. They do the
// same as XNNPACK's functions, which pack byte by byte. Ours are faster for the layouts that our
// builds use. Speed matters, because the browser has not optimized this code when a model loads.
#pragma once

#include <cstddef>
#include <cstdint>

#include "xnnpack/pack.h"

namespace teachable {

// Arguments and results are those of xnn_pack_qs8_gemm_goi_w and its siblings in xnnpack/pack.h.
// In short: weights [g][nc][kc] and biases [g][nc], null for zeros, become blocks of `nr` channels:
// biases [nr] int32, weights in pieces that are `kr` deep, and `extra_bytes` that stay unchanged.

/// Packs int8 weights for int8 inputs.
void pack_qs8_gemm_goi(size_t g, size_t nc, size_t kc, size_t nr, size_t kr, size_t sr,
                       const int8_t* kernel, const int32_t* bias, const float* scale, void* packed,
                       size_t extra_bytes, const xnn_qs8_packing_params* params);
/// Packs int8 weights for kernels that take int8 inputs as 0 ... 255.
void pack_qs8_to_qu8_gemm_goi(size_t g, size_t nc, size_t kc, size_t nr, size_t kr, size_t sr,
                              const int8_t* kernel, const int32_t* bias, const float* scale,
                              void* packed, size_t extra_bytes,
                              const xnn_qs8_packing_params* params);
/// Packs uint8 weights for uint8 inputs.
void pack_qu8_gemm_goi(size_t g, size_t nc, size_t kc, size_t nr, size_t kr, size_t sr,
                       const uint8_t* kernel, const int32_t* bias, const void* scale, void* packed,
                       size_t extra_bytes, const xnn_qu8_packing_params* params);

}  // namespace teachable
