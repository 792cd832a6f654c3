// XNNPACK's reference kernels make the tables of the functions of bytes. Compiled as they are, they
// hold every function of every data type, half of the C library's mathematics with them; these are
// the ones that net/lower.cpp leads to.
#define xnn_init_unary_reference_config xnn_init_any_unary_reference_config
#include "reference/unary-elementwise.cc"
#undef xnn_init_unary_reference_config

namespace {

template <typename T>
const xnn_unary_elementwise_config* reachable_config(xnn_unary_operator op) {
  const std::true_type quantized;
  switch (op) {
    case xnn_unary_clamp:
      return get_config<T, ClampOp<float>>(quantized);
    case xnn_unary_hardswish:
      return get_config<T, HardSwishOp<float>>(quantized);
    case xnn_unary_sigmoid:
      return get_config<T, SigmoidOp<float>>(quantized);
    default:
      return nullptr;
  }
}

}  // namespace

extern "C" const xnn_unary_elementwise_config* xnn_init_unary_reference_config(
    xnn_unary_operator op, xnn_datatype input, xnn_datatype output) {
  const std::true_type quantized;
  if (op == xnn_unary_convert && input == xnn_datatype_qint8 && output == xnn_datatype_quint8) {
    return get_convert_config<int8_t, uint8_t>(quantized, quantized);
  }
  if (op == xnn_unary_convert && input == xnn_datatype_quint8 && output == xnn_datatype_qint8) {
    return get_convert_config<uint8_t, int8_t>(quantized, quantized);
  }
  if (input != output) return nullptr;
  if (input == xnn_datatype_qint8) return reachable_config<int8_t>(op);
  if (input == xnn_datatype_quint8) return reachable_config<uint8_t>(op);
  return nullptr;
}
