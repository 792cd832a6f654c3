#include <cmath>
#include <string>

#include "graph/errors.h"
#include "graph/graph.h"

namespace teachable {
namespace {

/// Maximum size of windows, strides, dilations and paddings. Larger values come from damaged files
/// and would overflow size arithmetic.
constexpr uint32_t kMaxExtent = 1 << 14;

std::string describe(const Tensor& tensor, size_t index) {
  return "tensor " + std::to_string(index) + " ('" + tensor.name + "')";
}

void check_quantization(const Tensor& tensor, size_t index) {
  const auto bad_tensor = [&](const Text& what) { throw_bad_model(describe(tensor, index), what); };
  const Quantization& q = tensor.quantization;
  if (!q.present()) {
    if (tensor.type == DataType::I8 || tensor.type == DataType::U8) {
      bad_tensor({to_string(tensor.type), " needs a quantization scale, but there is none"});
    }
    return;
  }
  if (tensor.type == DataType::F32) bad_tensor("float32 can't have a quantization scale");
  if (q.zero_points.size() != q.scales.size()) {
    bad_tensor({q.scales.size(), " scales but ", q.zero_points.size(), " zero points"});
  }
  if (q.per_channel() && (q.axis >= tensor.shape.rank() ||
                          static_cast<size_t>(tensor.shape[q.axis]) != q.scales.size())) {
    bad_tensor({q.scales.size(), " scales for axis ", q.axis, " of shape ", tensor.shape,
                "; expected one per channel"});
  }
  for (float scale : q.scales) {
    if (!std::isfinite(scale) || scale <= 0) {
      bad_tensor({"the scale is ", scale, "; expected a finite value above 0"});
    }
  }
  const bool is_zero = q.per_channel() || tensor.type == DataType::I32;
  const int low = tensor.type == DataType::I8 && !is_zero ? -128 : 0;
  const int high = is_zero ? 0 : low + 255;
  for (int32_t zero_point : q.zero_points) {
    if (zero_point < low || zero_point > high) {
      bad_tensor({"the zero point is ", zero_point, "; expected ", low, " to ", high});
    }
  }
}

void check_tensor(const Tensor& tensor, size_t index) {
  // Describing every tensor in advance would add a millisecond to each load.
  const auto bad_tensor = [&](const Text& what) { throw_bad_model(describe(tensor, index), what); };
  const int64_t count = tensor.shape.checked_element_count(kMaxTensorElements);
  if (count < 0) {
    bad_tensor({"shape ", tensor.shape, " is negative or too large"});
  }
  check_quantization(tensor, index);
  const size_t bytes = static_cast<size_t>(count) * element_size(tensor.type);
  if (tensor.is_constant() && tensor.data.size() != bytes) {
    bad_tensor({"the data has ", tensor.data.size(), " bytes; shape ", tensor.shape, " of ",
                to_string(tensor.type), " needs ", bytes});
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
  if (!sound) throw_bad_model(where, "a window, stride, dilation or padding is out of range");
}

void check_activation(const std::string& where, const Activation& activation) {
  if (!(activation.min < activation.max))
    throw_bad_model(where, "the activation clamps to an empty range");
}

bool close(double a, double b) { return std::fabs(a - b) <= 0.01 * std::fabs(b); }

/// Checks that the types of an operator's tensors match, with one overload per operator.
struct CheckTypes {
  const Graph& graph;
  const std::string& where;

  const Tensor& at(TensorId id) const { return graph.tensors[id]; }

  void require_constant(TensorId id, const char* role) const {
    if (id != kNoTensor && !at(id).is_constant()) {
      throw_unsupported(where, {"computed ", role}, "constants");
    }
  }

  void require_activation(TensorId id) const {
    if (at(id).is_constant()) throw_unsupported(where, "constant input", "computed tensors");
    if (at(id).quantization.per_channel()) {
      throw_bad_model(where, "an activation has several scales; expected one");
    }
  }

  void weighted(TensorId input, TensorId filter, TensorId bias, TensorId output,
                size_t channel_axis) const {
    require_activation(input);
    require_activation(output);
    require_constant(filter, "filter");
    require_constant(bias, "bias");
    const Tensor& in = at(input);
    const Tensor& weights = at(filter);
    const Tensor& out = at(output);
    const bool is_float = in.type == DataType::F32;
    const bool known =
        in.type != DataType::I32 && weights.type == in.type && out.type == in.type &&
        (bias == kNoTensor || at(bias).type == (is_float ? DataType::F32 : DataType::I32));
    if (!known) {
      throw_unsupported(where,
                        {"types ", to_string(in.type), " (input), ", to_string(weights.type),
                         " (filter), ", bias == kNoTensor ? "none" : to_string(at(bias).type),
                         " (bias) and ", to_string(out.type), " (output)"},
                        "all float32; all uint8 or all int8, with an int32 bias");
    }
    if (is_float) return;
    const Quantization& q = weights.quantization;
    if (q.per_channel() && q.axis != channel_axis) {
      throw_bad_model(
          where, {"the filter has its scales on axis ", q.axis, "; expected axis ", channel_axis});
    }
    if (q.per_channel() && weights.type == DataType::U8) {
      throw_unsupported(where, "uint8 filter with several scales", "one scale");
    }
    if (weights.type == DataType::I8 && q.zero_points[0] != 0) {
      throw_unsupported(where, {"zero point ", q.zero_points[0], " of an int8 filter"}, "0");
    }
    if (bias != kNoTensor) check_bias_scale(in, q, at(bias).quantization);
  }

  /// The accumulator adds the integers of the bias directly, so the scale of the bias must be the
  /// product of the other two scales.
  void check_bias_scale(const Tensor& in, const Quantization& weights,
                        const Quantization& bias) const {
    if (!bias.present()) return;
    if (bias.scales.size() != 1 && bias.scales.size() != weights.scales.size()) {
      throw_bad_model(where, "the bias and the filter have different numbers of scales");
    }
    for (size_t i = 0; i < bias.scales.size(); ++i) {
      const double expected =
          double{in.quantization.scales[0]} * weights.scales[weights.scales.size() == 1 ? 0 : i];
      if (!close(bias.scales[i], expected)) {
        throw_bad_model(where, {"the bias has scale ", bias.scales[i],
                                "; expected input scale * filter scale = ", expected});
      }
    }
  }

  void same_type(TensorId input, TensorId output) const {
    require_activation(input);
    require_activation(output);
    if (at(input).type != at(output).type || at(input).type == DataType::I32) {
      throw_unsupported(where,
                        {"types ", to_string(at(input).type), " (input) and ",
                         to_string(at(output).type), " (output)"},
                        "equal types, except int32");
    }
  }

  template <typename Layer>
  void convolution(const Layer& op, size_t channel_axis) const {
    const Shape& filter = at(op.filter).shape;
    // infer_shape() rejects other ranks.
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
      throw_unsupported(
          where,
          {"types ", to_string(at(op.a).type), " and ", to_string(at(op.b).type), " (constant)"},
          "equal types");
    }
    if (at(op.b).quantization.per_channel()) {
      throw_unsupported(where, "constant with several scales", "one scale");
    }
  }
  void operator()(const Add& op) const { elementwise(op); }
  void operator()(const Multiply& op) const { elementwise(op); }
  void operator()(const HardSwish& op) const { same_type(op.input, op.output); }
  void operator()(const Sigmoid& op) const { same_type(op.input, op.output); }
  void operator()(const Apply& op) const {
    same_type(op.input, op.output);
    const Tensor& in = at(op.input);
    if (!std::isfinite(op.slope)) throw_bad_model(where, "the slope isn't finite");
    if (in.type == DataType::F32) return;
    if (op.function == Function::Log) throw_unsupported(where, "integers", "float32");
    if (op.function != Function::LeakyRelu) return;
    // XNNPACK stores both factors as multiples of 1 / 256 in 16 bits.
    const float above = in.quantization.scales[0] / at(op.output).quantization.scales[0];
    const float below = std::fabs(above * op.slope);
    constexpr float kLow = 1.0f / 256, kHigh = 127;
    if (!(above >= kLow && above <= kHigh && below >= kLow && below <= kHigh)) {
      throw_unsupported(where, {"scales for slope ", op.slope},
                        "input scale / output scale from 1 / 256 to 127, also times the slope");
    }
  }
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
      throw_unsupported(where, "integer padding", "float32 padding, or no padding");
    }
  }
  void operator()(const GlobalAveragePool& op) const { same_type(op.input, op.output); }
  void operator()(const Pad& op) const {
    check_extents(where, {}, op.padding);
    check_extents(where, {}, {.top = op.channels_before, .bottom = op.channels_after});
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
    require_constant(op.scale, "scale");
    require_constant(op.offset, "offset");
    if (at(op.input).type != DataType::F32 || at(op.scale).type != DataType::F32 ||
        at(op.offset).type != DataType::F32) {
      throw_unsupported(where, "integers", "float32");
    }
  }
  void operator()(const Reshape& op) const {
    same_type(op.input, op.output);
    same_quantization(op.input, op.output);
  }
  void operator()(const Convert& op) const {
    require_activation(op.input);
    require_activation(op.output);
    if (at(op.input).type == DataType::I32 || at(op.output).type == DataType::I32) {
      throw_unsupported(where, "type int32", "float32, int8 and uint8");
    }
  }
  void operator()(const Softmax& op) const {
    require_activation(op.input);
    require_activation(op.output);
    if (!std::isfinite(op.beta) || op.beta <= 0) {
      throw_bad_model(where, {"beta is ", op.beta, "; expected a finite value above 0"});
    }
  }

  void same_quantization(TensorId input, TensorId output) const {
    const Quantization& a = at(input).quantization;
    const Quantization& b = at(output).quantization;
    if (a.scales != b.scales || a.zero_points != b.zero_points) {
      throw_unsupported(where, "change of quantization", "equal quantization of input and output");
    }
  }
};

void check_end(const Graph& graph, TensorId id, const std::vector<bool>& ready, const char* role) {
  if (id >= graph.tensors.size() || !ready[id] || graph.tensors[id].is_constant()) {
    throw_bad_model("model", {"no operator computes the ", role});
  }
}

}  // namespace

void validate(const Graph& graph) {
  const size_t tensor_count = graph.tensors.size();
  for (size_t i = 0; i < tensor_count; ++i) check_tensor(graph.tensors[i], i);

  if (graph.input >= tensor_count || graph.tensors[graph.input].is_constant()) {
    throw_bad_model("model", "there is no input");
  }
  const Tensor& input = graph.tensors[graph.input];
  if (input.shape.rank() != 4 || input.shape[0] != 1 || input.shape[1] < 1 || input.shape[2] < 1 ||
      (input.shape[3] != 3 && input.shape[3] != 1) || input.type == DataType::I32) {
    throw_bad_model(
        "model",
        {"the input is ", to_string(input.type), " ", input.shape,
         "; expected one image [1, height, width, 3], or 1 for grey, of float32, ", "int8 or uint8",
         input.shape.rank() < 4 ? ". Models of sound or other data don't take pictures"
         : input.shape[1] == 3  ? ". This one has its channels first, as in PyTorch: "
                                  "convert it to channels last"
                                : ""});
  }

  // A tensor is ready if it is a constant, the input, or written by an earlier node.
  std::vector<bool> ready(tensor_count);
  for (size_t i = 0; i < tensor_count; ++i) ready[i] = graph.tensors[i].is_constant();
  ready[graph.input] = true;
  size_t activation_bytes = 0;
  const auto count_activation = [&](const Tensor& tensor, const std::string& where) {
    activation_bytes += tensor.shape.element_count() * element_size(tensor.type);
    if (activation_bytes > kMaxActivationBytes) {
      throw_bad_model(where, {"the activations so far exceed the limit of ",
                              kMaxActivationBytes >> 20, " MB; this one has shape ", tensor.shape});
    }
  };
  count_activation(input, "input");

  for (const Node& node : graph.nodes) {
    for (TensorId id : inputs_of(node.op)) {
      if (id >= tensor_count) throw_bad_model(node.where, "an input tensor doesn't exist");
      if (!ready[id]) {
        throw_bad_model(node.where,
                        {"reads ", describe(graph.tensors[id], id),
                         " before it is computed; the nodes form a cycle or are out of order"});
      }
    }
    const TensorId output = output_of(node.op);
    if (output >= tensor_count) throw_bad_model(node.where, "the output tensor doesn't exist");
    if (ready[output]) {
      throw_bad_model(node.where, {"writes ", describe(graph.tensors[output], output),
                                   ", which already has a value"});
    }
    std::visit(CheckTypes{graph, node.where}, node.op);
    const Shape inferred = infer_shape(graph, node);
    if (inferred != graph.tensors[output].shape) {
      throw_bad_model(node.where, {"computes shape ", inferred, ", but the model declares ",
                                   graph.tensors[output].shape});
    }
    count_activation(graph.tensors[output], node.where);
    ready[output] = true;
  }

  check_end(graph, graph.output, ready, "output");
  if (graph.embedding != kNoTensor) check_end(graph, graph.embedding, ready, "embedding");
  if (graph.logits != kNoTensor) check_end(graph, graph.logits, ready, "logits");
}

}  // namespace teachable
