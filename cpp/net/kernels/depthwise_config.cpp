// XNNPACK's depthwise convolutions of int8 ask here for their kernels:
// third_party/xnnpack_reachable.cmake leads them.
#include <algorithm>
#include <array>

#include "net/kernels/depthwise_kernel.h"
#include "net/kernels/gemm_weights.h"
#include "xnnpack/config.h"
#include "xnnpack/hardware-config.h"

namespace teachable {
namespace {

using Configs = std::array<xnn_dwconv_config, XNN_MAX_QC8_DWCONV_UKERNELS>;

/// XNNPACK's own, and so its packed weights, but with our kernel for 3 x 3.
Configs make_configs() {
  Configs configs;
  std::copy_n(xnn_init_qs8_qc8w_dwconv_config(), configs.size(), configs.begin());
  for (xnn_dwconv_config& config : configs) {
    if (config.channel_tile == kDepthwiseTile && config.primary_tile == 9) {
      config.minmax.unipass = reinterpret_cast<xnn_dwconv_unipass_ukernel_fn>(convolve_depthwise_9);
    }
  }
  return configs;
}

}  // namespace
}  // namespace teachable

/// On other processors (ARM) one instruction multiplies what takes several here, and XNNPACK's
/// kernels are made for it.
extern "C" const xnn_dwconv_config* teachable_init_qs8_qc8w_dwconv_config() {
  using namespace teachable;
  if (ExtrasStore::current() == nullptr || !xnn_init_hardware_config()->is_x86)
    return xnn_init_qs8_qc8w_dwconv_config();
  static const Configs configs = make_configs();
  return configs.data();
}
