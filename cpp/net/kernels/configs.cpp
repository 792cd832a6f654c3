// Configurations that do not depend on relaxed SIMD.
#include "net/kernels/configs.h"

#include "net/kernels/depthwise_kernel.h"
#include "net/kernels/gemm_weights.h"
#include "net/kernels/packing.h"
#include "xnnpack/avgpool.h"
#include "xnnpack/dwconv.h"
#include "xnnpack/fill.h"
#include "xnnpack/gemm.h"
#include "xnnpack/hardware-config.h"
#include "xnnpack/igemm.h"
#include "xnnpack/maxpool.h"
#include "xnnpack/pad.h"
#include "xnnpack/pavgpool.h"
#include "xnnpack/reduce.h"
#include "xnnpack/vbinary.h"
#include "xnnpack/vcvt.h"
#include "xnnpack/vunary.h"

namespace teachable {

namespace {

xnn_gemm_config make_qu8_gemm_config() {
  xnn_gemm_config config = {};
  set_matrix_kernels(config, 4, xnn_qu8_gemm_minmax_fp32_ukernel_1x4c2s4__wasmsimd_dot16x2_ld128,
                     xnn_qu8_igemm_minmax_fp32_ukernel_1x4c2s4__wasmsimd_dot16x2_ld128,
                     xnn_qu8_gemm_minmax_fp32_ukernel_4x4c2s4__wasmsimd_dot16x2_ld128,
                     xnn_qu8_igemm_minmax_fp32_ukernel_4x4c2s4__wasmsimd_dot16x2_ld128);
  config.init.qu8 = xnn_init_qu8_conv_minmax_fp32_scalar_params;
  config.pack_gemm_goi = Kernel(pack_qu8_gemm_goi);
  config.nr = 4;
  config.log2_kr = 1;
  config.log2_sr = 2;
  return config;
}

template <typename Function>
xnn_dwconv_config qs8_depthwise_config(Function* kernel, uint8_t taps) {
  xnn_dwconv_config config = depthwise_config(kernel, kDepthwiseTile, taps);
  config.init.qs8_qc8w = xnn_init_qs8_qc8w_conv_minmax_fp32_scalar_params;
  return config;
}

template <typename Function>
xnn_dwconv_config qu8_depthwise_config(Function* kernel, uint8_t taps) {
  xnn_dwconv_config config = depthwise_config(kernel, 8, taps);
  config.init.qu8 = xnn_init_qu8_conv_minmax_fp32_scalar_params;
  return config;
}

/// Returns the configuration of a commutative operator. One kernel with a constant therefore serves
/// both orders of the operands.
template <typename Op, typename OpConstant>
xnn_binary_elementwise_config binary_config(Op* op, OpConstant* op_constant, size_t element_tile,
                                            xnn_init_binary_params_fn init = nullptr) {
  return {Kernel(op), Kernel(op_constant), Kernel(op_constant), init, element_tile};
}

template <typename Function>
xnn_reduce_config column_sum_config(Function* kernel, xnn_init_reduce_params_fn init,
                                    xnn_update_reduce_params_fn update) {
  xnn_reduce_config config = {};
  config.rd_ukernel = Kernel(kernel);
  config.init = init;
  config.update = update;
  return config;
}

// XNNPACK has two versions of some kernels, which differ in how they take a minimum on x86 and on
// ARM. Where that instruction is a small part of the work, the x86 version serves both.

xnn_maxpool_config make_maxpool_config() {
  xnn_maxpool_config config = {};
  config.ukernel = Kernel(xnn_f32_maxpool_minmax_ukernel_9p8x__wasmsimd_x86_c4);
  config.init.f32 = xnn_init_f32_minmax_scalar_params;
  config.first_pass_tile_size = 9;
  config.remainder_pass_tile_size = 8;
  return config;
}

template <typename Config, typename Unipass, typename Multipass>
Config pool_config(Unipass* unipass, Multipass* multipass) {
  Config config = {};
  config.unipass = Kernel(unipass);
  config.multipass = Kernel(multipass);
  config.primary_tile = 9;
  config.incremental_tile = 8;
  config.channel_tile = 4;
  return config;
}

xnn_avgpool_config make_avgpool_config() {
  auto config =
      pool_config<xnn_avgpool_config>(xnn_f32_avgpool_minmax_ukernel_9x__wasmsimd_x86_c4,
                                      xnn_f32_avgpool_minmax_ukernel_9p8x__wasmsimd_x86_c4);
  config.init.f32 = xnn_init_f32_scaleminmax_scalar_params;
  return config;
}

/// Returns the configuration of average pools whose windows at the border cover fewer pixels.
xnn_pavgpool_config make_pavgpool_config() {
  auto config =
      pool_config<xnn_pavgpool_config>(xnn_f32_pavgpool_minmax_ukernel_9x__wasmsimd_x86_c4,
                                       xnn_f32_pavgpool_minmax_ukernel_9p8x__wasmsimd_x86_c4);
  config.init.f32 = xnn_init_f32_minmax_scalar_params;
  return config;
}

// The compiler runs the functions above, so the following configurations are constants.

const xnn_gemm_config kQu8Gemm = make_qu8_gemm_config();

const xnn_dwconv_config kQs8Depthwise[XNN_MAX_QC8_DWCONV_UKERNELS] = {
    qs8_depthwise_config(xnn_qs8_qc8w_dwconv_minmax_fp32_ukernel_3p16c__wasmsimd_mul16_add16, 3),
    qs8_depthwise_config(xnn_qs8_qc8w_dwconv_minmax_fp32_ukernel_9p16c__wasmsimd_mul16_add16, 9),
    qs8_depthwise_config(xnn_qs8_qc8w_dwconv_minmax_fp32_ukernel_25p16c__wasmsimd_mul16_add16, 25)};
/// The same configurations with our own kernel for 3 x 3. It reads weights in the same layout.
const xnn_dwconv_config kQs8DepthwiseX86[XNN_MAX_QC8_DWCONV_UKERNELS] = {
    kQs8Depthwise[0], qs8_depthwise_config(convolve_depthwise_9, 9), kQs8Depthwise[2]};
const xnn_dwconv_config kQu8Depthwise[XNN_MAX_QU8_DWCONV_UKERNELS] = {
    qu8_depthwise_config(xnn_qu8_dwconv_minmax_fp32_ukernel_9p8c__wasmsimd_mul16, 9),
    qu8_depthwise_config(xnn_qu8_dwconv_minmax_fp32_ukernel_25p8c__wasmsimd_mul16, 25)};

const xnn_binary_elementwise_config kF32Add =
    binary_config(xnn_f32_vadd_ukernel__wasmsimd_u16, xnn_f32_vaddc_ukernel__wasmsimd_u16, 16);
const xnn_binary_elementwise_config kF32Multiply =
    binary_config(xnn_f32_vmul_ukernel__wasmsimd_u16, xnn_f32_vmulc_ukernel__wasmsimd_u16, 16);
const xnn_binary_elementwise_config kQs8Add = binary_config(
    xnn_qs8_vadd_minmax_ukernel__wasmsimd_u32, xnn_qs8_vaddc_minmax_ukernel__wasmsimd_u32, 32,
    Kernel(xnn_init_qs8_add_minmax_scalar_params));
const xnn_binary_elementwise_config kQs8Multiply =
    binary_config(xnn_qs8_vmul_minmax_fp32_ukernel__wasmsimd_mul32_ld64_u8,
                  xnn_qs8_vmulc_minmax_fp32_ukernel__wasmsimd_mul32_ld64_u8, 8,
                  Kernel(xnn_init_qs8_mul_minmax_scalar_params));
const xnn_binary_elementwise_config kQu8Add = binary_config(
    xnn_qu8_vadd_minmax_ukernel__wasmsimd_u32, xnn_qu8_vaddc_minmax_ukernel__wasmsimd_u32, 32,
    Kernel(xnn_init_qu8_add_minmax_scalar_params));
const xnn_binary_elementwise_config kQu8Multiply =
    binary_config(xnn_qu8_vmul_minmax_fp32_ukernel__wasmsimd_mul32_ld64_u8,
                  xnn_qu8_vmulc_minmax_fp32_ukernel__wasmsimd_mul32_ld64_u8, 8,
                  Kernel(xnn_init_qu8_mul_minmax_scalar_params));

const xnn_unary_elementwise_config kF32Clamp =
    unary_config(xnn_f32_vclamp_ukernel__wasmsimd_x86_u8, xnn_init_f32_clamp_scalar_params);
const xnn_unary_elementwise_config kS8Clamp =
    unary_config(xnn_s8_vclamp_ukernel__wasmsimd_u64, xnn_init_qs8_clamp_scalar_params);
const xnn_unary_elementwise_config kU8Clamp =
    unary_config(xnn_u8_vclamp_ukernel__wasmsimd_u64, xnn_init_qu8_clamp_scalar_params);
const xnn_unary_elementwise_config kF32HardSwish =
    unary_config(xnn_f32_vhswish_ukernel__wasmsimd_u16);
const xnn_unary_elementwise_config kF32ToQs8 =
    unary_config(xnn_f32_qs8_vcvt_ukernel__wasmsimd_magic_u32, xnn_init_f32_qs8_cvt_scalar_params);
const xnn_unary_elementwise_config kF32ToQu8 =
    unary_config(xnn_f32_qu8_vcvt_ukernel__wasmsimd_magic_u32, xnn_init_f32_qu8_cvt_scalar_params);
const xnn_unary_elementwise_config kQs8ToF32 =
    unary_config(xnn_qs8_f32_vcvt_ukernel__wasmsimd_u32, xnn_init_qs8_f32_cvt_scalar_params);
const xnn_unary_elementwise_config kQu8ToF32 =
    unary_config(xnn_qu8_f32_vcvt_ukernel__wasmsimd_u32, xnn_init_qu8_f32_cvt_scalar_params);
const xnn_unary_elementwise_config kS32ToF32 =
    unary_config(xnn_s32_f32_vcvt_ukernel__wasmsimd_u16, xnn_init_s32_f32_cvt_scalar_params);
const xnn_unary_elementwise_config kCopy = unary_config(xnn_xx_copy_ukernel__scalar_memcpy);

// Means of bytes are computed from sums of 32 bits.
const xnn_reduce_config kF32Sum = sum_config(xnn_f32_rsum_ukernel__wasmsimd_u16_acc4, nullptr,
                                             xnn_update_f32_reduce_scalar_params);
const xnn_reduce_config kQu8Sum =
    sum_config(xnn_qu8_rsum_ukernel__wasmsimd_u32_acc4, xnn_init_qu8_reduce_scalar_params,
               xnn_update_qu8_reduce_scalar_params);
const xnn_reduce_config kF32ColumnSum = column_sum_config(
    xnn_f32_rdsum_ukernel_7p7x__wasmsimd_c16, nullptr, xnn_update_f32_reduce_scalar_params);
const xnn_reduce_config kQs8ColumnSum =
    column_sum_config(xnn_qs8_rdsum_ukernel_7p7x__wasmsimd_c32, xnn_init_qs8_reduce_scalar_params,
                      xnn_update_qs8_reduce_scalar_params);
const xnn_reduce_config kQu8ColumnSum =
    column_sum_config(xnn_qu8_rdsum_ukernel_7p7x__wasmsimd_c32, xnn_init_qu8_reduce_scalar_params,
                      xnn_update_qu8_reduce_scalar_params);

const xnn_maxpool_config kF32MaxPool = make_maxpool_config();
const xnn_avgpool_config kF32AveragePool = make_avgpool_config();
const xnn_pavgpool_config kF32BorderAveragePool = make_pavgpool_config();
const xnn_xx_fill_config kFill = {Kernel(xnn_xx_fill_ukernel__wasmsimd_u64)};
const xnn_xx_pad_config kPad = {Kernel(xnn_xx_pad_ukernel_p16__wasmsimd_u16)};

}  // namespace
}  // namespace teachable

using namespace teachable;

extern "C" {

const xnn_gemm_config* xnn_init_qu8_gemm_config() { return &kQu8Gemm; }
/// Returns the kernels for any layer. XNNPACK's kernels for layers of one or two outputs are no
/// faster.
const xnn_gemm_config* xnn_init_f32_gemm_nr2_config() { return xnn_init_f32_gemm_config(); }

/// Returns our kernel for x86 only. Other processors have one instruction for a multiplication that
/// takes several on x86, and XNNPACK's kernels use it.
const xnn_dwconv_config* xnn_init_qs8_qc8w_dwconv_config() {
  const bool takes_own = ExtrasStore::current() != nullptr && xnn_init_hardware_config()->is_x86;
  return takes_own ? kQs8DepthwiseX86 : kQs8Depthwise;
}
const xnn_dwconv_config* xnn_init_qu8_dwconv_config() { return kQu8Depthwise; }

const xnn_binary_elementwise_config* xnn_init_f32_vadd_config() { return &kF32Add; }
const xnn_binary_elementwise_config* xnn_init_f32_vmul_config() { return &kF32Multiply; }
const xnn_binary_elementwise_config* xnn_init_qs8_vadd_config() { return &kQs8Add; }
const xnn_binary_elementwise_config* xnn_init_qs8_vmul_config() { return &kQs8Multiply; }
const xnn_binary_elementwise_config* xnn_init_qu8_vadd_config() { return &kQu8Add; }
const xnn_binary_elementwise_config* xnn_init_qu8_vmul_config() { return &kQu8Multiply; }

const xnn_unary_elementwise_config* xnn_init_f32_clamp_config() { return &kF32Clamp; }
const xnn_unary_elementwise_config* xnn_init_s8_clamp_config() { return &kS8Clamp; }
const xnn_unary_elementwise_config* xnn_init_u8_clamp_config() { return &kU8Clamp; }
const xnn_unary_elementwise_config* xnn_init_f32_hswish_config() { return &kF32HardSwish; }
const xnn_unary_elementwise_config* xnn_init_f32_to_qs8_cvt_config() { return &kF32ToQs8; }
const xnn_unary_elementwise_config* xnn_init_f32_to_qu8_cvt_config() { return &kF32ToQu8; }
const xnn_unary_elementwise_config* xnn_init_qs8_to_f32_cvt_config() { return &kQs8ToF32; }
const xnn_unary_elementwise_config* xnn_init_qu8_to_f32_cvt_config() { return &kQu8ToF32; }
const xnn_unary_elementwise_config* xnn_init_s32_to_f32_cvt_config() { return &kS32ToF32; }
const xnn_unary_elementwise_config* xnn_init_xx_copy_config() { return &kCopy; }

const xnn_reduce_config* xnn_init_f32_rsum_config() { return &kF32Sum; }
const xnn_reduce_config* xnn_init_qu8_rsum_config() { return &kQu8Sum; }
const xnn_reduce_config* xnn_init_f32_rdsum_config() { return &kF32ColumnSum; }
const xnn_reduce_config* xnn_init_qs8_rdsum_config() { return &kQs8ColumnSum; }
const xnn_reduce_config* xnn_init_qu8_rdsum_config() { return &kQu8ColumnSum; }

const xnn_maxpool_config* xnn_init_f32_maxpool_config() { return &kF32MaxPool; }
const xnn_avgpool_config* xnn_init_f32_avgpool_config() { return &kF32AveragePool; }
const xnn_pavgpool_config* xnn_init_f32_pavgpool_config() { return &kF32BorderAveragePool; }
const xnn_xx_fill_config* xnn_init_xx_fill_config() { return &kFill; }
const xnn_xx_pad_config* xnn_init_xx_pad_config() { return &kPad; }

}  // extern "C"
