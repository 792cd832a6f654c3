// Parts of the kernel configurations that builds with and without relaxed SIMD share.
//
// XNNPACK asks functions named xnn_init_*_config for the kernels of each operator. In WebAssembly
// builds these functions are ours: configs.cpp has those that are the same with and without
// relaxed SIMD, configs_simd.cpp and configs_relaxed.cpp have the others. Configurations that no
// layer of net/lower.cpp needs return null (third_party/xnnpack_absent.cmake).
#pragma once

#include <cstddef>
#include <cstdint>

#include "net/kernels/kernel_pointer.h"
#include "net/kernels/packing.h"
#include "xnnpack/config.h"
#include "xnnpack/gemm.h"
#include "xnnpack/igemm.h"
#include "xnnpack/microparams-init.h"
#include "xnnpack/pack.h"

namespace teachable {

/// Sets the matrix kernels of one data type. `gemm` kernels multiply rows, `igemm` kernels multiply
/// the windows of convolutions. The first two compute one row per call, the others `rows` rows.
template <typename Gemm, typename Igemm>
void set_matrix_kernels(xnn_gemm_config& config, uint8_t rows, Gemm* gemm_row, Igemm* igemm_row,
                        Gemm* gemm_rows, Igemm* igemm_rows) {
  config.mr = rows;
  // Kernels without bounds are not set. XNNPACK then takes the bounded kernels, whose two extra
  // instructions per tile of results cost no measurable time.
  config.minmax.gemm[0] = xnn_init_hmp_gemm_ukernel(Kernel(gemm_row));
  config.minmax.gemm[rows - 1] = xnn_init_hmp_gemm_ukernel(Kernel(gemm_rows));
  config.minmax.igemm[0] = xnn_init_hmp_igemm_ukernel(Kernel(igemm_row));
  config.minmax.igemm[rows - 1] = xnn_init_hmp_igemm_ukernel(Kernel(igemm_rows));
}

/// Returns the configuration of a depthwise convolution of up to `taps` taps that computes
/// `channels` channels at a time.
template <typename Function>
xnn_dwconv_config depthwise_config(Function* kernel, uint8_t channels, uint8_t taps) {
  xnn_dwconv_config config = {};
  config.minmax.unipass = Kernel(kernel);
  config.channel_tile = channels;
  config.channel_subtile = channels;
  config.channel_round = 1;
  config.primary_tile = taps;
  return config;
}

template <typename Function>
xnn_dwconv_config f32_depthwise_config(Function* kernel, uint8_t channels, uint8_t taps) {
  xnn_dwconv_config config = depthwise_config(kernel, channels, taps);
  config.init.f32 = xnn_init_f32_minmax_scalar_params;
  return config;
}

template <typename Function>
xnn_vmulcaddc_config f32_vmulcaddc_config(Function* kernel) {
  xnn_vmulcaddc_config config = {};
  config.ukernel = Kernel(kernel);
  config.init.f32 = xnn_init_f32_minmax_scalar_params;
  config.channel_tile = 4;
  config.row_tile = 2;
  return config;
}

template <typename Function>
xnn_unary_elementwise_config unary_config(Function* kernel,
                                          xnn_init_unary_uparams_fn init = nullptr) {
  return {Kernel(kernel), init};
}

template <typename Function>
xnn_reduce_config sum_config(Function* kernel, xnn_init_reduce_params_fn init,
                             xnn_update_reduce_params_fn update) {
  xnn_reduce_config config = {};
  config.ukernel = Kernel(kernel);
  config.init = init;
  config.update = update;
  return config;
}

/// Sets the functions that pack int8 weights. Our own function is used where it is faster.
inline void set_qs8_packing(xnn_gemm_config& config) {
  config.init.qs8_qc8w = xnn_init_qs8_qc8w_conv_minmax_fp32_scalar_params;
  config.pack_gemm_goi = Kernel(pack_qs8_gemm_goi);
  config.pack_igemm_goki = Kernel(xnn_pack_qs8_conv_goki_w);
  config.pack_igemm_kgo = Kernel(xnn_pack_qs8_conv_kgo_w);
}

/// Returns the configuration of the exact kernels of plain SIMD, which run on every processor.
inline xnn_gemm_config qs8_exact_gemm_config() {
  xnn_gemm_config config = {};
  set_matrix_kernels(config, 4,
                     xnn_qs8_qc8w_gemm_minmax_fp32_ukernel_1x4c2s4__wasmsimd_dot16x2_ld128,
                     xnn_qs8_qc8w_igemm_minmax_fp32_ukernel_1x4c2s4__wasmsimd_dot16x2_ld128,
                     xnn_qs8_qc8w_gemm_minmax_fp32_ukernel_4x4c2s4__wasmsimd_dot16x2_ld128,
                     xnn_qs8_qc8w_igemm_minmax_fp32_ukernel_4x4c2s4__wasmsimd_dot16x2_ld128);
  set_qs8_packing(config);
  config.nr = 4;
  config.log2_kr = 1;
  config.log2_sr = 2;
  return config;
}

}  // namespace teachable
