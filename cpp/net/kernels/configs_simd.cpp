// Configurations of builds without relaxed SIMD.
#include "net/kernels/configs.h"
#include "net/kernels/exact_gemm_kernel.h"
#include "net/kernels/float_depthwise_kernel.h"
#include "net/kernels/float_gemm_kernel.h"
#include "net/kernels/gemm_config.h"
#include "net/kernels/gemm_weights.h"
#include "xnnpack/dwconv.h"
#include "xnnpack/gemm.h"
#include "xnnpack/hardware-config.h"
#include "xnnpack/igemm.h"
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

const xnn_gemm_config kF32GemmX86 = make_f32_gemm_config(
    kFloatRows, xnn_f32_gemm_minmax_ukernel_1x8__wasmsimd_x86_loadsplat,
    xnn_f32_igemm_minmax_ukernel_1x8__wasmsimd_x86_loadsplat, multiply_floats, convolve_floats);
const xnn_gemm_config kF32GemmArm =
    make_f32_gemm_config(5, xnn_f32_gemm_minmax_ukernel_1x8__wasmsimd_arm_splat,
                         xnn_f32_igemm_minmax_ukernel_1x8__wasmsimd_arm_splat,
                         xnn_f32_gemm_minmax_ukernel_5x8__wasmsimd_arm_splat,
                         xnn_f32_igemm_minmax_ukernel_5x8__wasmsimd_arm_splat);
/// Returns the configuration of our own kernels (exact_gemm_kernel.h).
xnn_gemm_config make_own_config() {
  xnn_gemm_config config = {};
  set_matrix_kernels(config, kExactRows, multiply_exactly, convolve_row_exactly, multiply_exactly,
                     convolve_exactly);
  set_qs8_packing(config);
  config.nr = 8;
  config.log2_kr = 1;
  return config;
}

const xnn_gemm_config kQs8GemmOwn = make_own_config();
const xnn_gemm_config kQs8Gemm = qs8_exact_gemm_config();

const xnn_dwconv_config kF32DepthwiseX86[XNN_MAX_F32_DWCONV_UKERNELS] = {
    f32_depthwise_config(xnn_f32_dwconv_minmax_ukernel_3p8c__wasmsimd_x86, 8, 3),
    f32_depthwise_config(xnn_f32_dwconv_minmax_ukernel_4p8c__wasmsimd_x86, 8, 4),
    f32_depthwise_config(convolve_float_depthwise_9, kFloatDepthwiseTile, 9),
    f32_depthwise_config(xnn_f32_dwconv_minmax_ukernel_25p4c__wasmsimd_arm, 4, 25)};
const xnn_dwconv_config kF32DepthwiseArm[XNN_MAX_F32_DWCONV_UKERNELS] = {
    f32_depthwise_config(xnn_f32_dwconv_minmax_ukernel_3p4c__wasmsimd_arm, 4, 3),
    f32_depthwise_config(xnn_f32_dwconv_minmax_ukernel_4p4c__wasmsimd_arm, 4, 4),
    f32_depthwise_config(xnn_f32_dwconv_minmax_ukernel_9p4c__wasmsimd_arm, 4, 9),
    kF32DepthwiseX86[3]};

const xnn_vmulcaddc_config kF32MultiplyAddX86 =
    f32_vmulcaddc_config(xnn_f32_vmulcaddc_minmax_ukernel_c4__wasmsimd_x86_2x);
const xnn_vmulcaddc_config kF32MultiplyAddArm =
    f32_vmulcaddc_config(xnn_f32_vmulcaddc_minmax_ukernel_c4__wasmsimd_arm_2x);

const xnn_unary_elementwise_config kF32Sigmoid =
    unary_config(xnn_f32_vsigmoid_ukernel__wasmsimd_rr2_p5_div_u16);
const xnn_unary_elementwise_config kQs8Convert =
    unary_config(xnn_qs8_vcvt_ukernel__wasmsimd_u16, xnn_init_qs8_cvt_scalar_params);
const xnn_unary_elementwise_config kQu8Convert =
    unary_config(xnn_qu8_vcvt_ukernel__wasmsimd_u16, xnn_init_qu8_cvt_scalar_params);
const xnn_reduce_config kQs8Sum =
    sum_config(xnn_qs8_rsum_ukernel__wasmsimd_u32_acc4, xnn_init_qs8_reduce_scalar_params,
               xnn_update_qs8_reduce_scalar_params);

const xnn_x8_lut_config kLookupX86 = {xnn_x8_lut_ukernel__scalar_u4};
const xnn_x8_lut_config kLookupArm = {xnn_x8_lut_ukernel__wasmsimd_u32};

bool is_x86() { return xnn_init_hardware_config()->is_x86; }

}  // namespace

DotInstructions dot_instructions() { return {}; }

}  // namespace teachable

using namespace teachable;

extern "C" {

const xnn_gemm_config* xnn_init_f32_gemm_config() { return is_x86() ? &kF32GemmX86 : &kF32GemmArm; }
const xnn_gemm_config* xnn_init_qs8_qc8w_gemm_config() {
  return ExtrasStore::current() != nullptr && is_x86() ? &kQs8GemmOwn : &kQs8Gemm;
}
const xnn_dwconv_config* xnn_init_f32_dwconv_config() {
  return is_x86() ? kF32DepthwiseX86 : kF32DepthwiseArm;
}
const xnn_vmulcaddc_config* xnn_init_f32_vmulcaddc_config() {
  return is_x86() ? &kF32MultiplyAddX86 : &kF32MultiplyAddArm;
}
const xnn_unary_elementwise_config* xnn_init_f32_sigmoid_config() { return &kF32Sigmoid; }
const xnn_unary_elementwise_config* xnn_init_qs8_cvt_config() { return &kQs8Convert; }
const xnn_unary_elementwise_config* xnn_init_qu8_cvt_config() { return &kQu8Convert; }
const xnn_reduce_config* xnn_init_qs8_rsum_config() { return &kQs8Sum; }
const xnn_x8_lut_config* xnn_init_x8_lut_config() { return is_x86() ? &kLookupX86 : &kLookupArm; }

}  // extern "C"
