// Configurations of rare functions of floats. Loops over single values are slower than XNNPACK's
// kernels, and a tenth of their size.
#include "net/kernels/configs.h"
#include "net/kernels/functions.h"
#include "xnnpack/microparams.h"

namespace teachable {
namespace {

float log_of(float x) { return std::log(x); }

/// Applies a function to the floats in `bytes` bytes. `output` may be `input`.
template <float (*kFunction)(float)>
void apply(size_t bytes, const float* input, float* output, const void*) {
  for (size_t i = 0; i < bytes / sizeof(float); ++i) output[i] = kFunction(input[i]);
}

void leaky_relu(size_t bytes, const float* input, float* output, const xnn_unary_uparams* params) {
  const float slope = params->f32_lrelu.scalar.slope;
  for (size_t i = 0; i < bytes / sizeof(float); ++i)
    output[i] = input[i] < 0 ? input[i] * slope : input[i];
}

const xnn_unary_elementwise_config kElu = unary_config(apply<elu>);
const xnn_unary_elementwise_config kGelu = unary_config(apply<gelu>);
const xnn_unary_elementwise_config kLog = unary_config(apply<log_of>);
const xnn_unary_elementwise_config kTanh = unary_config(apply<tanh_of>);
const xnn_unary_elementwise_config kLeakyRelu =
    unary_config(leaky_relu, xnn_init_f32_lrelu_scalar_params);

}  // namespace
}  // namespace teachable

using namespace teachable;

extern "C" {

const xnn_unary_elementwise_config* xnn_init_f32_elu_config() { return &kElu; }
const xnn_unary_elementwise_config* xnn_init_f32_gelu_config() { return &kGelu; }
const xnn_unary_elementwise_config* xnn_init_f32_log_config() { return &kLog; }
const xnn_unary_elementwise_config* xnn_init_f32_tanh_config() { return &kTanh; }
const xnn_unary_elementwise_config* xnn_init_f32_lrelu_config() { return &kLeakyRelu; }

}  // extern "C"
