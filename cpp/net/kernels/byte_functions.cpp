// Functions of one byte, from which XNNPACK makes its tables of 256 results. XNNPACK's own file of
// reference kernels has every function of every data type, and links half of the C library's
// mathematics. This file has only the functions that net/lower.cpp needs. Those that MobileNets
// have give the same bits.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "net/kernels/functions.h"
#include "xnnpack/config-types.h"
#include "xnnpack/microparams.h"
#include "xnnpack/reference-config.h"
#include "xnnpack/reference-utils.h"

namespace teachable {
namespace {

size_t init_params(xnn_unary_uparams* params, const xnn_unary_params* op,
                   const xnn_quantization_params* input, const xnn_quantization_params* output) {
  auto& reference = params->reference;
  reference.x_scale = input->scale;
  reference.x_zero_point = input->zero_point;
  reference.inv_y_scale = 1.0f / output->scale;
  reference.y_zero_point = output->zero_point;
  if (op != nullptr) reference.params = *op;
  return sizeof(reference);
}

float convert(float x, const xnn_unary_params&) { return x; }

float clamp(float x, const xnn_unary_params& params) {
  return std::min(std::max(x, params.clamp.min), params.clamp.max);
}

float hard_swish(float x, const xnn_unary_params&) {
  return (x / 6) * std::max(std::min(x + 3, 6.0f), 0.0f);
}

float sigmoid(float x, const xnn_unary_params&) {
  if (x > 100) return 1;
  if (x < -100) return 0;
  const double e = std::exp(static_cast<double>(x));
  return static_cast<float>(e / (1 + e));
}

float leaky_relu(float x, const xnn_unary_params& params) {
  return x < 0 ? x * params.leaky_relu.negative_slope : x;
}

/// Gives a function of floats the parameters of the functions above.
template <float (*kFunction)(float)>
float of(float x, const xnn_unary_params&) {
  return kFunction(x);
}

/// Applies a function to `count` values of one byte. `output` may be `input`.
template <typename In, typename Out, float (*kFunction)(float, const xnn_unary_params&)>
void apply(size_t count, const void* input, void* output, const xnn_unary_uparams* params) {
  static_assert(sizeof(In) == 1 && sizeof(Out) == 1);
  const auto& reference = params->reference;
  const auto* x = static_cast<const In*>(input);
  auto* y = static_cast<Out*>(output);
  for (size_t i = 0; i < count; ++i) {
    const float real = xnnpack::dequantize(x[i], reference.x_scale, reference.x_zero_point);
    y[i] = xnnpack::quantize<Out>(kFunction(real, reference.params), reference.inv_y_scale,
                                  reference.y_zero_point);
  }
}

template <typename In, typename Out, float (*kFunction)(float, const xnn_unary_params&)>
const xnn_unary_elementwise_config* config_of() {
  static constexpr xnn_unary_elementwise_config kConfig = {apply<In, Out, kFunction>, init_params};
  return &kConfig;
}

template <typename T>
const xnn_unary_elementwise_config* config_of(xnn_unary_operator op) {
  switch (op) {
    case xnn_unary_clamp:
      return config_of<T, T, clamp>();
    case xnn_unary_hardswish:
      return config_of<T, T, hard_swish>();
    case xnn_unary_sigmoid:
      return config_of<T, T, sigmoid>();
    case xnn_unary_elu:
      return config_of<T, T, of<elu>>();
    case xnn_unary_gelu:
      return config_of<T, T, of<gelu>>();
    case xnn_unary_leaky_relu:
      return config_of<T, T, leaky_relu>();
    case xnn_unary_tanh:
      return config_of<T, T, of<tanh_of>>();
    default:
      return nullptr;
  }
}

}  // namespace
}  // namespace teachable

extern "C" {

const xnn_unary_elementwise_config* xnn_init_unary_reference_config(xnn_unary_operator op,
                                                                    xnn_datatype input,
                                                                    xnn_datatype output) {
  using namespace teachable;
  if (op == xnn_unary_convert && input == xnn_datatype_qint8 && output == xnn_datatype_quint8)
    return config_of<int8_t, uint8_t, convert>();
  if (op == xnn_unary_convert && input == xnn_datatype_quint8 && output == xnn_datatype_qint8)
    return config_of<uint8_t, int8_t, convert>();
  if (input != output) return nullptr;
  if (input == xnn_datatype_qint8) return config_of<int8_t>(op);
  if (input == xnn_datatype_quint8) return config_of<uint8_t>(op);
  return nullptr;
}

/// Returns null. Adding and multiplying have faster kernels for every data type that we use.
const xnn_binary_elementwise_config* xnn_init_binary_reference_config(xnn_binary_operator,
                                                                      xnn_datatype) {
  return nullptr;
}

}  // extern "C"
