#include <cmath>
#include <string>

#include "core/error.h"
#include "core/text.h"
#include "graph/graph.h"

namespace teachable {
namespace {

/// Sizes of windows, strides and paddings above this are damage, and would overflow size
/// arithmetic.
constexpr uint32_t kMaxExtent = 1 << 14;

[[noreturn]] void bad(const std::string& where, const Text& what) {
  throw Error(ErrorCode::BadModel, {where, ": ", what});
}

[[noreturn]] void unsupported(const std::string& where, const Text& what) {
  throw Error(ErrorCode::UnsupportedOp, {where, ": ", what});
}

std::string describe(const Tensor& tensor, size_t index) {
  return "tensor " + std::to_string(index) + " ('" + tensor.name + "')";
}

void check_quantization(const Tensor& tensor, size_t index) {
  const auto bad_tensor = [&](const Text& what) { bad(describe(tensor, index), what); };
  const Quantization& q = tensor.quantization;
  if (!q.present()) {
    if (tensor.type == DataType::I8 || tensor.type == DataType::U8) {
      bad_tensor({"is ", to_string(tensor.type), " but has no scale"});
    }
    return;
  }
  if (tensor.type == DataType::F32) bad_tensor({"is float32 but has a scale"});
  if (q.zero_points.size() != q.scales.size()) {
    bad_tensor({"has ", q.scales.size(), " scales and ", q.zero_points.size(), " zero points"});
  }
  if (q.per_channel() && (q.axis >= tensor.shape.rank() ||
                          static_cast<size_t>(tensor.shape[q.axis]) != q.scales.size())) {
    bad_tensor({"has ", q.scales.size(), " scales for axis ", q.axis, " of shape ", tensor.shape});
  }
  for (float scale : q.scales) {
    if (!std::isfinite(scale) || scale <= 0) {
      bad_tensor({"has a scale of ", scale, ", wanted finite and above 0"});
    }
  }
  const int low = tensor.type == DataType::I8 ? -128 : 0;
  const int high = tensor.type == DataType::I8 ? 127 : tensor.type == DataType::U8 ? 255 : 0;
  for (int32_t zero_point : q.zero_points) {
    if (zero_point < low || zero_point > high || (q.per_channel() && zero_point != 0)) {
      bad_tensor({"has a zero point of ", zero_point});
    }
  }
}

void check_tensor(const Tensor& tensor, size_t index) {
  // A description of each costs a load a millisecond.
  const auto bad_tensor = [&](const Text& what) { bad(describe(tensor, index), what); };
  const int64_t count = tensor.shape.checked_element_count(kMaxTensorElements);
  if (count < 0) {
    bad_tensor({"has shape ", tensor.shape, ", which is negative or too large"});
  }
  check_quantization(tensor, index);
  const size_t bytes = static_cast<size_t>(count) * element_size(tensor.type);
  if (tensor.is_constant() && tensor.data.size() != bytes) {
    bad_tensor({"holds ", tensor.data.size(), " bytes, shape ", tensor.shape, " of ",
                to_string(tensor.type), " wants ", bytes});
  }
}

void check_extents(const std::string& where, std::initializer_list<Extent2d> extents,
                   const Padding& padding) {
  bool sound = padding.top <= kMaxExtent && padding.right <= kMaxExtent &&
               padding.bottom <= kMaxExtent && padding.left <= kMaxExtent;
  for (const Extent2d& e : extents) {
    sound =
        sound && e.height >= 1 && e.width >= 1 && e.height <= kMaxExtent && e.width <= kMaxExtent;
  }
  if (!sound) bad(where, "has a window, stride, dilation or padding out of range");
}

void check_activation(const std::string& where, const Activation& activation) {
  if (!(activation.min < activation.max)) bad(where, "clamps to an empty range");
}

bool close(double a, double b) { return std::fabs(a - b) <= 0.01 * std::fabs(b); }

/// Checks that types fit together, one overload an operator.
struct CheckTypes {
  const Graph& graph;
  const std::string& where;

  const Tensor& at(TensorId id) const { return graph.tensors[id]; }

  void want_constant(TensorId id, const char* role) const {
    if (id != kNoTensor && !at(id).is_constant()) {
      unsupported(where, {role, " isn't a constant"});
    }
  }

  void want_activation(TensorId id) const {
    if (at(id).is_constant()) unsupported(where, "computes on a constant");
    if (at(id).quantization.per_channel()) {
      bad(where, "reads or writes an activation with one scale a channel");
    }
  }

  void weighted(TensorId input, TensorId filter, TensorId bias, TensorId output,
                size_t channel_axis) const {
    want_activation(input);
    want_activation(output);
    want_constant(filter, "filter");
    want_constant(bias, "bias");
    const Tensor& in = at(input);
    const Tensor& weights = at(filter);
    const Tensor& out = at(output);
    const bool is_float = in.type == DataType::F32;
    const bool known =
        in.type != DataType::I32 && weights.type == in.type && out.type == in.type &&
        (bias == kNoTensor || at(bias).type == (is_float ? DataType::F32 : DataType::I32));
    if (!known) {
      unsupported(
          where,
          {"has ", to_string(in.type), " input, ", to_string(weights.type), " filter, ",
           bias == kNoTensor ? "no" : to_string(at(bias).type), " bias, ", to_string(out.type),
           " output; run are all float32, all uint8 or all int8, the latter two with int32 bias"});
    }
    if (is_float) return;
    const Quantization& q = weights.quantization;
    if (q.per_channel() && q.axis != channel_axis) {
      bad(where, {"filter has its scales on axis ", q.axis, ", wanted ", channel_axis});
    }
    if (q.per_channel() && weights.type == DataType::U8) {
      unsupported(where, "has a uint8 filter with one scale a channel");
    }
    if (weights.type == DataType::I8 && q.zero_points[0] != 0) {
      unsupported(where, {"has an int8 filter with zero point ", q.zero_points[0], ", wanted 0"});
    }
    if (bias != kNoTensor) check_bias_scale(in, q, at(bias).quantization);
  }

  /// The accumulator adds the bias as it is, so its scale is fixed by the other two.
  void check_bias_scale(const Tensor& in, const Quantization& weights,
                        const Quantization& bias) const {
    if (!bias.present()) return;
    if (bias.scales.size() != 1 && bias.scales.size() != weights.scales.size()) {
      bad(where, "bias has another number of scales than the filter");
    }
    for (size_t i = 0; i < bias.scales.size(); ++i) {
      const double wanted =
          double{in.quantization.scales[0]} * weights.scales[weights.scales.size() == 1 ? 0 : i];
      if (!close(bias.scales[i], wanted)) {
        bad(where,
            {"bias has scale ", bias.scales[i], ", wanted input scale * filter scale = ", wanted});
      }
    }
  }

  void same_type(TensorId input, TensorId output) const {
    want_activation(input);
    want_activation(output);
    if (at(input).type != at(output).type || at(input).type == DataType::I32) {
      unsupported(
          where, {"reads ", to_string(at(input).type), " and writes ", to_string(at(output).type)});
    }
  }

  template <typename Layer>
  void convolution(const Layer& op, size_t channel_axis) const {
    const Shape& filter = at(op.filter).shape;
    // Another rank is infer_shape()'s to refuse.
    if (filter.rank() == 4) {
      check_extents(where,
                    {op.stride,
                     op.dilation,
                     {static_cast<uint32_t>(filter[1]), static_cast<uint32_t>(filter[2])}},
                    op.padding);
    }
    check_activation(where, op.activation);
    weighted(op.input, op.filter, op.bias, op.output, channel_axis);
  }
  void operator()(const Conv2d& op) const { convolution(op, 0); }
  void operator()(const DepthwiseConv2d& op) const { convolution(op, 3); }
  void operator()(const FullyConnected& op) const {
    check_activation(where, op.activation);
    weighted(op.input, op.filter, op.bias, op.output, 0);
  }
  template <typename Elementwise>
  void elementwise(const Elementwise& op) const {
    check_activation(where, op.activation);
    same_type(op.a, op.output);
    if (!at(op.b).is_constant()) return same_type(op.b, op.output);
    if (at(op.b).type != at(op.output).type) {
      unsupported(where, {"reads ", to_string(at(op.a).type), " and a constant of ",
                          to_string(at(op.b).type)});
    }
    if (at(op.b).quantization.per_channel()) {
      unsupported(where, "reads a constant with one scale a channel");
    }
  }
  void operator()(const Add& op) const { elementwise(op); }
  void operator()(const Multiply& op) const { elementwise(op); }
  void operator()(const HardSwish& op) const { same_type(op.input, op.output); }
  void operator()(const Sigmoid& op) const { same_type(op.input, op.output); }
  void operator()(const MaxPool2d& op) const {
    check_extents(where, {op.window, op.stride}, op.padding);
    check_activation(where, op.activation);
    same_type(op.input, op.output);
    same_quantization(op.input, op.output);
  }
  void operator()(const AveragePool2d& op) const {
    check_extents(where, {op.window, op.stride}, op.padding);
    check_activation(where, op.activation);
    same_type(op.input, op.output);
    if (at(op.input).type != DataType::F32 && op.padding.any()) {
      unsupported(where,
                  "pools integers over windows that reach past the picture; only float32 is "
                  "run like this");
    }
  }
  void operator()(const GlobalAveragePool& op) const { same_type(op.input, op.output); }
  void operator()(const Pad& op) const {
    check_extents(where, {}, op.padding);
    same_type(op.input, op.output);
    same_quantization(op.input, op.output);
  }
  void operator()(const Clamp& op) const {
    check_activation(where, op.activation);
    same_type(op.input, op.output);
    same_quantization(op.input, op.output);
  }
  void operator()(const ScaleShift& op) const {
    same_type(op.input, op.output);
    want_constant(op.scale, "scale");
    want_constant(op.offset, "offset");
    if (at(op.input).type != DataType::F32 || at(op.scale).type != DataType::F32 ||
        at(op.offset).type != DataType::F32) {
      unsupported(where, "scales integers; only float32 is run");
    }
  }
  void operator()(const Reshape& op) const {
    same_type(op.input, op.output);
    same_quantization(op.input, op.output);
  }
  void operator()(const Convert& op) const {
    want_activation(op.input);
    want_activation(op.output);
    if (at(op.input).type == DataType::I32 || at(op.output).type == DataType::I32) {
      unsupported(where, "converts int32");
    }
  }
  void operator()(const Softmax& op) const {
    want_activation(op.input);
    want_activation(op.output);
    if (!std::isfinite(op.beta) || op.beta <= 0) bad(where, "has a beta that isn't above 0");
  }

  void same_quantization(TensorId input, TensorId output) const {
    const Quantization& a = at(input).quantization;
    const Quantization& b = at(output).quantization;
    if (a.scales != b.scales || a.zero_points != b.zero_points) {
      unsupported(where, "changes the quantisation, which this operator doesn't do");
    }
  }
};

void check_end(const Graph& graph, TensorId id, const std::vector<bool>& ready, const char* role) {
  if (id >= graph.tensors.size() || !ready[id] || graph.tensors[id].is_constant()) {
    bad("model", {"its ", role, " is computed by no operator"});
  }
}

}  // namespace

void validate(const Graph& graph) {
  const size_t tensor_count = graph.tensors.size();
  for (size_t i = 0; i < tensor_count; ++i) check_tensor(graph.tensors[i], i);

  if (graph.input >= tensor_count || graph.tensors[graph.input].is_constant()) {
    bad("model", "it has no input");
  }
  const Tensor& input = graph.tensors[graph.input];
  if (input.shape.rank() != 4 || input.shape[0] != 1 || input.shape[1] < 1 || input.shape[2] < 1 ||
      input.shape[3] != 3 || input.type == DataType::I32) {
    bad("model", {"its input is ", to_string(input.type), " ", input.shape,
                  ", wanted one picture [1, height, width, 3]"});
  }

  // A tensor is ready when it is a constant, the input, or written by an earlier node.
  std::vector<bool> ready(tensor_count);
  for (size_t i = 0; i < tensor_count; ++i) ready[i] = graph.tensors[i].is_constant();
  ready[graph.input] = true;
  size_t activation_bytes = 0;
  const auto count_activation = [&](const Tensor& tensor, const std::string& where) {
    activation_bytes += tensor.shape.element_count() * element_size(tensor.type);
    if (activation_bytes > kMaxActivationBytes) {
      bad(where, {"with ", tensor.shape, " the network computes more than ",
                  kMaxActivationBytes >> 20, " MB a picture, which is the most that is run"});
    }
  };
  count_activation(input, "its input");

  for (const Node& node : graph.nodes) {
    for (TensorId id : inputs_of(node.op)) {
      if (id >= tensor_count) bad(node.where, "reads a tensor that doesn't exist");
      if (!ready[id]) {
        bad(node.where, {"reads ", describe(graph.tensors[id], id),
                         " before it is computed (a cycle, or nodes out of order)"});
      }
    }
    const TensorId output = output_of(node.op);
    if (output >= tensor_count) bad(node.where, "writes a tensor that doesn't exist");
    if (ready[output]) {
      bad(node.where,
          {"writes ", describe(graph.tensors[output], output), ", which already has a value"});
    }
    std::visit(CheckTypes{graph, node.where}, node.op);
    const Shape inferred = infer_shape(graph, node);
    if (inferred != graph.tensors[output].shape) {
      bad(node.where, {"gives shape ", inferred, ", the model says ", graph.tensors[output].shape});
    }
    count_activation(graph.tensors[output], node.where);
    ready[output] = true;
  }

  check_end(graph, graph.output, ready, "output");
  if (graph.embedding != kNoTensor) check_end(graph, graph.embedding, ready, "embedding");
  if (graph.logits != kNoTensor) check_end(graph, graph.logits, ready, "logits");
}

}  // namespace teachable
