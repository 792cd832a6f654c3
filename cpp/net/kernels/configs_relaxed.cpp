// Configurations of builds with relaxed SIMD.
#include <cstddef>

#include "net/kernels/configs.h"
#include "net/kernels/float_depthwise_kernel.h"
#include "net/kernels/gemm_config.h"
#include "net/kernels/gemm_kernel.h"
#include "net/kernels/gemm_weights.h"
#include "net/kernels/relaxed_dot.h"
#include "xnnpack/dwconv.h"
#include "xnnpack/hardware-config.h"
#include "xnnpack/lut.h"
#include "xnnpack/packw.h"
#include "xnnpack/reduce.h"
#include "xnnpack/vcvt.h"
#include "xnnpack/vmulcaddc.h"
#include "xnnpack/vunary.h"

namespace teachable {
namespace {

template <typename Gemm, typename Igemm>
xnn_gemm_config make_f32_gemm_config(uint8_t rows, Gemm* gemm_row, Igemm* igemm_row,
                                     Gemm* gemm_rows, Igemm* igemm_rows) {
  xnn_gemm_config config = {};
  set_matrix_kernels(config, rows, gemm_row, igemm_row, gemm_rows, igemm_rows);
  config.init.f32 = xnn_init_f32_minmax_scalar_params;
  config.pack_gemm_goi = Kernel(xnn_x32_packw_gemm_goi_ukernel_x8__wasmsimd_u4);
  config.nr = 8;
  return config;
}

const xnn_gemm_config kF32GemmX86 =
    make_f32_gemm_config(4, xnn_f32_gemm_minmax_ukernel_1x8__wasmrelaxedsimd_fma_loadsplat,
                         xnn_f32_igemm_minmax_ukernel_1x8__wasmrelaxedsimd_fma_loadsplat,
                         xnn_f32_gemm_minmax_ukernel_4x8__wasmrelaxedsimd_fma_loadsplat,
                         xnn_f32_igemm_minmax_ukernel_4x8__wasmrelaxedsimd_fma_loadsplat);
const xnn_gemm_config kF32GemmArm =
    make_f32_gemm_config(6, xnn_f32_gemm_minmax_ukernel_1x8__wasmrelaxedsimd_fma_splat,
                         xnn_f32_igemm_minmax_ukernel_1x8__wasmrelaxedsimd_fma_splat,
                         xnn_f32_gemm_minmax_ukernel_6x8__wasmrelaxedsimd_fma_splat,
                         xnn_f32_igemm_minmax_ukernel_6x8__wasmrelaxedsimd_fma_splat);

/// Returns the kernels for processors on which one instruction multiplies and adds signed bytes
/// exactly (ARM's dot product).
xnn_gemm_config make_signed_dot_config() {
  xnn_gemm_config config = {};
  set_matrix_kernels(config, 4, xnn_qs8_qc8w_gemm_minmax_fp32_ukernel_1x8c8__wasmsdot_u2,
                     xnn_qs8_qc8w_igemm_minmax_fp32_ukernel_1x8c8__wasmsdot_u2,
                     xnn_qs8_qc8w_gemm_minmax_fp32_ukernel_4x8c8__wasmsdot_u2,
                     xnn_qs8_qc8w_igemm_minmax_fp32_ukernel_4x8c8__wasmsdot_u2);
  set_qs8_packing(config);
  config.nr = 8;
  config.log2_kr = 3;
  return config;
}

/// Returns the kernels for processors on which one instruction is exact for inputs of 0 ... 255
/// (x86 with VNNI).
xnn_gemm_config make_unsigned_dot_config() {
  xnn_gemm_config config = {};
  set_matrix_kernels(config, 4, xnn_qs8_qc8w_gemm_minmax_fp32_ukernel_1x8c8__wasmusdot_u2,
                     xnn_qs8_qc8w_igemm_minmax_fp32_ukernel_1x8c8__wasmusdot_u2,
                     xnn_qs8_qc8w_gemm_minmax_fp32_ukernel_4x8c8__wasmusdot_u2,
                     xnn_qs8_qc8w_igemm_minmax_fp32_ukernel_4x8c8__wasmusdot_u2);
  config.init.qs8_qc8w = xnn_init_qs8_qc8w_conv_minmax_fp32_scalar_params;
  config.pack_gemm_goi = Kernel(pack_qs8_to_qu8_gemm_goi);
  config.pack_igemm_goki = Kernel(xnn_pack_qs8_to_qu8_conv_goki_w);
  config.pack_igemm_kgo = Kernel(xnn_pack_qs8_to_qu8_conv_kgo_w);
  config.nr = 8;
  config.log2_kr = 3;
  return config;
}

constexpr size_t groups_of(size_t depth) { return (depth + kGroupDepth - 1) / kGroupDepth; }

/// Splits weights that were packed for inputs of 0 ... 255 into safe ones and their excess. The
/// weights of a layer's convolution groups lie one after the other.
void add_extras(size_t convolution_groups, size_t channels, size_t group_count, void* packed,
                size_t trailing_bytes) {
  const size_t blocks = (channels + kBlockChannels - 1) / kBlockChannels;
  ExtrasStore::current()->add_layer(static_cast<std::byte*>(packed), convolution_groups * blocks,
                                    group_count, trailing_bytes);
}

void pack_goi(size_t g, size_t nc, size_t kc, size_t nr, size_t kr, size_t sr, const int8_t* kernel,
              const int32_t* bias, const float* scale, void* packed, size_t extra_bytes,
              const xnn_qs8_packing_params* params) {
  pack_qs8_to_qu8_gemm_goi(g, nc, kc, nr, kr, sr, kernel, bias, scale, packed, extra_bytes, params);
  add_extras(g, nc, groups_of(kc), packed, extra_bytes);
}

void pack_goki(size_t g, size_t nc, size_t ks, size_t kc, size_t nr, size_t kr, size_t sr,
               const int8_t* kernel, const int32_t* bias, const float* scale, void* packed,
               size_t extra_bytes, const xnn_qs8_packing_params* params) {
  xnn_pack_qs8_to_qu8_conv_goki_w(g, nc, ks, kc, nr, kr, sr, kernel, bias, scale, packed,
                                  extra_bytes, params);
  add_extras(g, nc, ks * groups_of(kc), packed, extra_bytes);
}

void pack_kgo(size_t g, size_t nc, size_t ks, size_t nr, size_t kr, size_t sr, const int8_t* kernel,
              const int32_t* bias, const float* scale, void* packed, size_t extra_bytes,
              const xnn_qs8_packing_params* params) {
  xnn_pack_qs8_to_qu8_conv_kgo_w(g, nc, ks, nr, kr, sr, kernel, bias, scale, packed, extra_bytes,
                                 params);
  add_extras(g, nc, ks, packed, extra_bytes);
}

/// Returns the configuration of our own kernels (gemm_kernel.h).
xnn_gemm_config make_own_config() {
  xnn_gemm_config config = {};
  set_matrix_kernels(config, kMaxRows, multiply_row, convolve_row, multiply_rows, convolve_rows);
  config.init.qs8_qc8w = xnn_init_qs8_qc8w_conv_minmax_fp32_scalar_params;
  config.pack_gemm_goi = Kernel(pack_goi);
  config.pack_igemm_goki = Kernel(pack_goki);
  config.pack_igemm_kgo = Kernel(pack_kgo);
  config.nr = kBlockChannels;
  config.log2_kr = 2;
  static_assert(1 << 2 == kGroupDepth);
  return config;
}

const xnn_gemm_config kQs8GemmOwn = make_own_config();
const xnn_gemm_config kQs8GemmSignedDot = make_signed_dot_config();
const xnn_gemm_config kQs8GemmUnsignedDot = make_unsigned_dot_config();
const xnn_gemm_config kQs8GemmExact = qs8_exact_gemm_config();

const xnn_dwconv_config kF32DepthwiseArm[XNN_MAX_F32_DWCONV_UKERNELS] = {
    f32_depthwise_config(xnn_f32_dwconv_minmax_ukernel_3p8c__wasmrelaxedsimd_fma, 8, 3),
    f32_depthwise_config(xnn_f32_dwconv_minmax_ukernel_4p8c__wasmrelaxedsimd_fma, 8, 4),
    f32_depthwise_config(xnn_f32_dwconv_minmax_ukernel_9p8c__wasmrelaxedsimd_fma, 8, 9),
    f32_depthwise_config(xnn_f32_dwconv_minmax_ukernel_25p8c__wasmrelaxedsimd_fma, 8, 25)};
/// The same configurations with our own kernel for 3 x 3.
const xnn_dwconv_config kF32DepthwiseX86[XNN_MAX_F32_DWCONV_UKERNELS] = {
    kF32DepthwiseArm[0], kF32DepthwiseArm[1],
    f32_depthwise_config(convolve_float_depthwise_9, kFloatDepthwiseTile, 9), kF32DepthwiseArm[3]};

const xnn_vmulcaddc_config kF32MultiplyAdd =
    f32_vmulcaddc_config(xnn_f32_vmulcaddc_minmax_ukernel_c4__wasmrelaxedsimd_fma_2x);

const xnn_unary_elementwise_config kF32Sigmoid =
    unary_config(xnn_f32_vsigmoid_ukernel__wasmrelaxedsimd_fma_rr2_p5_div_u24);
const xnn_unary_elementwise_config kQs8Convert =
    unary_config(xnn_qs8_vcvt_ukernel__wasmrelaxedsimd_u32, xnn_init_qs8_cvt_scalar_params);
const xnn_unary_elementwise_config kQu8Convert =
    unary_config(xnn_qu8_vcvt_ukernel__wasmrelaxedsimd_u32, xnn_init_qu8_cvt_scalar_params);
const xnn_reduce_config kQs8Sum =
    sum_config(xnn_qs8_rsum_ukernel__wasmrelaxedsimd_u64_acc4, xnn_init_qs8_reduce_scalar_params,
               xnn_update_qs8_reduce_scalar_params);

const xnn_x8_lut_config kLookupPshufb = {xnn_x8_lut_ukernel__wasmpshufb_u32};
const xnn_x8_lut_config kLookupX86 = {xnn_x8_lut_ukernel__scalar_u4};
const xnn_x8_lut_config kLookupArm = {xnn_x8_lut_ukernel__wasmsimd_u32};

}  // namespace

DotInstructions dot_instructions() {
  const xnn_hardware_config* hardware = xnn_init_hardware_config();
  return {hardware->use_wasm_sdot, hardware->use_wasm_usdot, dot_takes_unsigned_inputs()};
}

}  // namespace teachable

using namespace teachable;

extern "C" {

const xnn_gemm_config* xnn_init_f32_gemm_config() {
  return xnn_init_hardware_config()->is_x86 ? &kF32GemmX86 : &kF32GemmArm;
}
const xnn_gemm_config* xnn_init_qs8_qc8w_gemm_config() {
  const DotInstructions dot = dot_instructions();
  if (ExtrasStore::current() != nullptr && takes_own_gemm(dot)) return &kQs8GemmOwn;
  return dot.exact_signed     ? &kQs8GemmSignedDot
         : dot.exact_unsigned ? &kQs8GemmUnsignedDot
                              : &kQs8GemmExact;
}
const xnn_dwconv_config* xnn_init_f32_dwconv_config() {
  return xnn_init_hardware_config()->is_x86 ? kF32DepthwiseX86 : kF32DepthwiseArm;
}
const xnn_vmulcaddc_config* xnn_init_f32_vmulcaddc_config() { return &kF32MultiplyAdd; }
const xnn_unary_elementwise_config* xnn_init_f32_sigmoid_config() { return &kF32Sigmoid; }
const xnn_unary_elementwise_config* xnn_init_qs8_cvt_config() { return &kQs8Convert; }
const xnn_unary_elementwise_config* xnn_init_qu8_cvt_config() { return &kQu8Convert; }
const xnn_reduce_config* xnn_init_qs8_rsum_config() { return &kQs8Sum; }
const xnn_x8_lut_config* xnn_init_x8_lut_config() {
  const xnn_hardware_config* hardware = xnn_init_hardware_config();
  if (!hardware->is_x86) return &kLookupArm;
  return hardware->use_wasm_pshufb ? &kLookupPshufb : &kLookupX86;
}

}  // extern "C"
