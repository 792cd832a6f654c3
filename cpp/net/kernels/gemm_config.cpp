// XNNPACK's operators of int8 ask here for their matrix kernels:
// third_party/xnnpack_reachable.cmake leads them.
#include "net/kernels/gemm_config.h"

#include <cstddef>

#include "net/kernels/gemm_kernel.h"
#include "net/kernels/gemm_weights.h"
#include "net/kernels/packing.h"
#include "net/kernels/relaxed_dot.h"
#include "xnnpack/config.h"
#include "xnnpack/hardware-config.h"
#include "xnnpack/microparams-init.h"
#include "xnnpack/pack.h"

namespace teachable {
namespace {

constexpr size_t groups_of(size_t depth) { return (depth + kGroupDepth - 1) / kGroupDepth; }

/// Of a convolution of so many convolution groups, whose weights lie one after the other.
void add_extras(size_t convolution_groups, size_t channels, size_t group_count, void* packed,
                size_t trailing_bytes) {
  const size_t blocks = (channels + kBlockChannels - 1) / kBlockChannels;
  ExtrasStore::current()->add_layer(static_cast<std::byte*>(packed), convolution_groups * blocks,
                                    group_count, trailing_bytes);
}

// As XNNPACK packs for inputs of 0 ... 255; then the excess is taken out.

void pack_goi(size_t g, size_t nc, size_t kc, size_t nr, size_t kr, size_t sr, const int8_t* kernel,
              const int32_t* bias, const float* scale, void* packed, size_t extra_bytes,
              const xnn_qs8_packing_params* params) {
  teachable_pack_qs8_to_qu8_gemm_goi_w(g, nc, kc, nr, kr, sr, kernel, bias, scale, packed,
                                       extra_bytes, params);
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

xnn_gemm_config make_config() {
  xnn_gemm_config config = {};
  auto& gemm = config.minmax.gemm;
  gemm[0] = xnn_init_hmp_gemm_ukernel(reinterpret_cast<xnn_gemm_ukernel_fn>(multiply_row));
  gemm[kMaxRows - 1] =
      xnn_init_hmp_gemm_ukernel(reinterpret_cast<xnn_gemm_ukernel_fn>(multiply_rows));
  auto& igemm = config.minmax.igemm;
  igemm[0] = xnn_init_hmp_igemm_ukernel(reinterpret_cast<xnn_igemm_ukernel_fn>(convolve_row));
  igemm[kMaxRows - 1] =
      xnn_init_hmp_igemm_ukernel(reinterpret_cast<xnn_igemm_ukernel_fn>(convolve_rows));
  config.init.qs8_qc8w = xnn_init_qs8_qc8w_conv_minmax_fp32_scalar_params;
  config.pack_gemm_goi = reinterpret_cast<xnn_packw_gemm_goi_ukernel_fn>(pack_goi);
  config.pack_igemm_goki = reinterpret_cast<xnn_pack_conv_goki_w_fn>(pack_goki);
  config.pack_igemm_kgo = reinterpret_cast<xnn_pack_conv_kgo_w_fn>(pack_kgo);
  config.mr = kMaxRows;
  config.nr = kBlockChannels;
  config.log2_kr = 2;
  static_assert(1 << 2 == kGroupDepth);
  return config;
}

}  // namespace

DotInstructions dot_instructions() {
  const xnn_hardware_config* hardware = xnn_init_hardware_config();
  return {hardware->use_wasm_sdot, hardware->use_wasm_usdot, dot_takes_unsigned_inputs()};
}

}  // namespace teachable

extern "C" const xnn_gemm_config* teachable_init_qs8_qc8w_gemm_config() {
  using namespace teachable;
  if (ExtrasStore::current() == nullptr || !takes_own_gemm(dot_instructions()))
    return xnn_init_qs8_qc8w_gemm_config();
  static const xnn_gemm_config config = make_config();
  return &config;
}
