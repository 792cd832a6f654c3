// How weights of bytes come into the order in which matrix kernels read them: XNNPACK's functions,
// faster for the layouts that matter. WebAssembly runs each of them once a load, in code that isn't
// optimised yet, and XNNPACK's go byte by byte.
#pragma once

#include <cstddef>
#include <cstdint>

#include "xnnpack/pack.h"

// Arguments and results are those of xnn_pack_qs8_gemm_goi_w and so on, xnnpack/pack.h;
// third_party/xnnpack_reachable.cmake leads XNNPACK here. In short: weights [g][nc][kc] and biases
// [g][nc], null for 0, to blocks of `nr` channels: bias [nr] int32, weights by `kr` deep pieces,
// `extra_bytes` that are left alone.
extern "C" {

/// Inputs and weights of int8.
void teachable_pack_qs8_gemm_goi_w(size_t g, size_t nc, size_t kc, size_t nr, size_t kr, size_t sr,
                                   const int8_t* kernel, const int32_t* bias, const float* scale,
                                   void* packed, size_t extra_bytes,
                                   const xnn_qs8_packing_params* params);
/// The same for kernels that take inputs as 0 ... 255.
void teachable_pack_qs8_to_qu8_gemm_goi_w(size_t g, size_t nc, size_t kc, size_t nr, size_t kr,
                                          size_t sr, const int8_t* kernel, const int32_t* bias,
                                          const float* scale, void* packed, size_t extra_bytes,
                                          const xnn_qs8_packing_params* params);
/// Inputs and weights of uint8.
void teachable_pack_qu8_gemm_goi_w(size_t g, size_t nc, size_t kc, size_t nr, size_t kr, size_t sr,
                                   const uint8_t* kernel, const int32_t* bias, const void* scale,
                                   void* packed, size_t extra_bytes,
                                   const xnn_qu8_packing_params* params);

}  // extern "C"
