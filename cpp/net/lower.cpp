#include "net/lower.h"

#include <algorithm>
#include <string>

#include "core/error.h"

namespace teachable {
namespace {

class Lowering {
 public:
  Lowering(const Graph& graph, TensorId input, TensorId output, ScaleStore& scales, TensorId middle)
      : graph_(graph), scales_(scales), values_(graph.tensors.size(), XNN_INVALID_VALUE_ID) {
    xnn_subgraph_t subgraph = nullptr;
    check(xnn_create_subgraph(/*external_value_ids=*/3, /*flags=*/0, &subgraph),
          "making a subgraph");
    subgraph_.reset(subgraph);
    where_ = "input";
    values_[input] = activation_value(input, kExternalInput, XNN_VALUE_FLAG_EXTERNAL_INPUT);
    where_ = "output";
    values_[output] = activation_value(output, kExternalOutput, XNN_VALUE_FLAG_EXTERNAL_OUTPUT);
    if (middle == kNoTensor) return;
    where_ = "middle map";
    values_[middle] = activation_value(middle, kExternalMiddle, XNN_VALUE_FLAG_EXTERNAL_OUTPUT);
  }

  void lower(const Node& node) {
    where_ = node.where;
    check(std::visit(*this, node.op), where_);
  }

  XnnSubgraph take() { return std::move(subgraph_); }

  xnn_status operator()(const Conv2d& op) {
    const Shape& filter = shape(op.filter);
    // XNNPACK treats a convolution of one channel to one channel as a depthwise convolution. It
    // then needs the filter as [h, w, channels] (third_party/xnnpack_absent.cmake).
    if (filter[0] == 1 && filter[3] == 1) {
      return (*this)(DepthwiseConv2d{op.input, op.filter, op.bias, op.output, op.padding, op.stride,
                                     op.dilation, op.activation});
    }
    return xnn_define_convolution_2d(
        subgraph_.get(), op.padding.top, op.padding.right, op.padding.bottom, op.padding.left,
        /*kernel_height=*/static_cast<uint32_t>(filter[1]),
        /*kernel_width=*/static_cast<uint32_t>(filter[2]), op.stride.height, op.stride.width,
        op.dilation.height, op.dilation.width, /*groups=*/1,
        /*group_input_channels=*/static_cast<size_t>(filter[3]),
        /*group_output_channels=*/static_cast<size_t>(filter[0]), op.activation.min,
        op.activation.max, value(op.input), filter_value(op.filter, 0),
        bias_value(op.bias, op.input, op.filter), value(op.output), /*flags=*/0);
  }

  xnn_status operator()(const DepthwiseConv2d& op) {
    const Shape& filter = shape(op.filter);
    const int64_t channels = shape(op.input).channels();
    return xnn_define_depthwise_convolution_2d(
        subgraph_.get(), op.padding.top, op.padding.right, op.padding.bottom, op.padding.left,
        /*kernel_height=*/static_cast<uint32_t>(filter[1]),
        /*kernel_width=*/static_cast<uint32_t>(filter[2]), op.stride.height, op.stride.width,
        op.dilation.height, op.dilation.width,
        /*depth_multiplier=*/static_cast<uint32_t>(filter[3] / channels),
        /*input_channels=*/static_cast<size_t>(channels), op.activation.min, op.activation.max,
        value(op.input), filter_value(op.filter, 3), bias_value(op.bias, op.input, op.filter),
        value(op.output), /*flags=*/0);
  }

  xnn_status operator()(const FullyConnected& op) {
    return xnn_define_fully_connected(
        subgraph_.get(), op.activation.min, op.activation.max, value(op.input),
        filter_value(op.filter, 0), bias_value(op.bias, op.input, op.filter), value(op.output),
        shape(op.output).rank() > 2 ? 0 : XNN_FLAG_TENSORFLOW_RESHAPE_2D);
  }

  xnn_status operator()(const Add& op) { return binary(xnn_binary_add, op); }
  xnn_status operator()(const Multiply& op) { return binary(xnn_binary_multiply, op); }
  xnn_status operator()(const HardSwish& op) { return unary(xnn_unary_hardswish, op); }
  xnn_status operator()(const Sigmoid& op) { return unary(xnn_unary_sigmoid, op); }
  xnn_status operator()(const Apply& op) {
    xnn_unary_params params = {};
    const auto define = [&](xnn_unary_operator type) {
      return xnn_define_unary(subgraph_.get(), type, &params, value(op.input), value(op.output),
                              /*flags=*/0);
    };
    switch (op.function) {
      case Function::Elu:
        params.elu.alpha = 1;
        return define(xnn_unary_elu);
      case Function::Gelu:
        return define(xnn_unary_gelu);
      case Function::LeakyRelu:
        params.leaky_relu.negative_slope = op.slope;
        return define(xnn_unary_leaky_relu);
      case Function::Log:
        return define(xnn_unary_log);
      case Function::Tanh:
        return define(xnn_unary_tanh);
    }
    return xnn_status_invalid_parameter;
  }

  xnn_status operator()(const MaxPool2d& op) {
    if (tensor(op.input).type != DataType::F32) {
      // pool_in_float() has rewritten all of these.
      throw Error(ErrorCode::Internal, {where_, ": the pool of integers was not rewritten"});
    }
    return xnn_define_max_pooling_2d(
        subgraph_.get(), op.padding.top, op.padding.right, op.padding.bottom, op.padding.left,
        op.window.height, op.window.width, op.stride.height, op.stride.width,
        /*dilation_height=*/1, /*dilation_width=*/1, op.activation.min, op.activation.max,
        value(op.input), value(op.output), /*flags=*/0);
  }

  xnn_status operator()(const AveragePool2d& op) {
    if (tensor(op.input).type != DataType::F32) {
      // pool_by_convolution() has rewritten all of these.
      throw Error(ErrorCode::Internal, {where_, ": the pool of integers was not rewritten"});
    }
    return xnn_define_average_pooling_2d(
        subgraph_.get(), op.padding.top, op.padding.right, op.padding.bottom, op.padding.left,
        op.window.height, op.window.width, op.stride.height, op.stride.width, op.activation.min,
        op.activation.max, value(op.input), value(op.output), /*flags=*/0);
  }

  xnn_status operator()(const GlobalAveragePool& op) {
    const int64_t axes[] = {1, 2};
    const uint32_t flags = shape(op.output).rank() == 4 ? XNN_FLAG_KEEP_DIMS : 0;
    return xnn_define_static_reduce_v2(subgraph_.get(), xnn_reduce_mean, 2, axes, value(op.input),
                                       value(op.output), flags);
  }

  xnn_status operator()(const Pad& op) {
    const size_t before[] = {0, op.padding.top, op.padding.left, op.channels_before};
    const size_t after[] = {0, op.padding.bottom, op.padding.right, op.channels_after};
    // XNNPACK quantizes this real value itself.
    return xnn_define_static_constant_pad(subgraph_.get(), before, after, /*padding_value=*/0.0f,
                                          value(op.input), value(op.output), /*flags=*/0);
  }

  xnn_status operator()(const Clamp& op) {
    xnn_unary_params params;
    params.clamp = {op.activation.min, op.activation.max};
    return xnn_define_unary(subgraph_.get(), xnn_unary_clamp, &params, value(op.input),
                            value(op.output), /*flags=*/0);
  }

  xnn_status operator()(const ScaleShift& op) {
    const xnn_binary_params no_clamp = {-std::numeric_limits<double>::infinity(),
                                        std::numeric_limits<double>::infinity()};
    const uint32_t scaled = activation_value(op.output, XNN_INVALID_VALUE_ID, 0);
    check(xnn_define_binary(subgraph_.get(), xnn_binary_multiply, &no_clamp, value(op.input),
                            float_constant(op.scale), scaled, /*flags=*/0),
          where_);
    return xnn_define_binary(subgraph_.get(), xnn_binary_add, &no_clamp, scaled,
                             float_constant(op.offset), value(op.output), /*flags=*/0);
  }

  xnn_status operator()(const Reshape& op) {
    const std::vector<size_t> dims = to_sizes(shape(op.output));
    return xnn_define_static_reshape(subgraph_.get(), dims.size(), dims.data(), value(op.input),
                                     value(op.output), /*flags=*/0);
  }

  xnn_status operator()(const Convert& op) {
    if (op.to_unit_length) {
      // Network normalizes the embedding itself.
      throw Error(ErrorCode::UnsupportedOp, {where_,
                                             ": unsupported place of an L2 normalization. It is "
                                             "supported at the end of the network and "
                                             "right before its classifier."});
    }
    return unary(xnn_unary_convert, op);
  }

  xnn_status operator()(const Softmax&) {
    // find_ends() removes the one at the end of a classifier. No MobileNet has one elsewhere.
    throw Error(ErrorCode::UnsupportedOp, {where_,
                                           ": unsupported softmax inside the network. It is "
                                           "supported as the last operator only."});
  }

 private:
  const Tensor& tensor(TensorId id) const { return graph_.tensors[id]; }
  const Shape& shape(TensorId id) const { return graph_.tensors[id].shape; }

  template <typename Unary>
  xnn_status unary(xnn_unary_operator type, const Unary& op) {
    return xnn_define_unary(subgraph_.get(), type, /*params=*/nullptr, value(op.input),
                            value(op.output), /*flags=*/0);
  }

  template <typename Binary>
  xnn_status binary(xnn_binary_operator type, const Binary& op) {
    const xnn_binary_params clamp = {op.activation.min, op.activation.max};
    const uint32_t b = tensor(op.b).is_constant() ? constant_value(op.b) : value(op.b);
    return xnn_define_binary(subgraph_.get(), type, &clamp, value(op.a), b, value(op.output),
                             /*flags=*/0);
  }

  static std::vector<size_t> to_sizes(const Shape& shape) {
    return {shape.dims().begin(), shape.dims().end()};
  }

  /// Defines a new value with the shape and type of this tensor, for an activation.
  uint32_t activation_value(TensorId id, uint32_t external_id, uint32_t flags) {
    const Tensor& t = tensor(id);
    const std::vector<size_t> dims = to_sizes(t.shape);
    uint32_t result = XNN_INVALID_VALUE_ID;
    switch (t.type) {
      case DataType::F32:
        check(xnn_define_tensor_value(subgraph_.get(), xnn_datatype_fp32, dims.size(), dims.data(),
                                      /*data=*/nullptr, external_id, flags, &result),
              where_);
        return result;
      case DataType::I8:
      case DataType::U8:
        check(
            xnn_define_quantized_tensor_value(
                subgraph_.get(), t.type == DataType::I8 ? xnn_datatype_qint8 : xnn_datatype_quint8,
                t.quantization.zero_points[0], t.quantization.scales[0], dims.size(), dims.data(),
                /*data=*/nullptr, external_id, flags, &result),
            where_);
        return result;
      case DataType::I32:
        break;
    }
    throw Error(ErrorCode::UnsupportedOp, {where_,
                                           ": unsupported activation of type int32. Supported are "
                                           "float32, int8 and uint8."});
  }

  uint32_t value(TensorId id) {
    if (values_[id] == XNN_INVALID_VALUE_ID) {
      values_[id] = activation_value(id, XNN_INVALID_VALUE_ID, /*flags=*/0);
    }
    return values_[id];
  }

  uint32_t float_constant(TensorId id) {
    const Tensor& t = tensor(id);
    const std::vector<size_t> dims = to_sizes(t.shape);
    uint32_t result = XNN_INVALID_VALUE_ID;
    check(xnn_define_tensor_value(subgraph_.get(), xnn_datatype_fp32, dims.size(), dims.data(),
                                  t.data.data(), XNN_INVALID_VALUE_ID, /*flags=*/0, &result),
          where_);
    return result;
  }

  uint32_t quantized_constant(TensorId id, xnn_datatype per_tensor, xnn_datatype per_channel,
                              int32_t zero_point, std::span<const float> scales, size_t axis) {
    const Tensor& t = tensor(id);
    const std::vector<size_t> dims = to_sizes(t.shape);
    uint32_t result = XNN_INVALID_VALUE_ID;
    if (scales.size() == 1) {
      check(xnn_define_quantized_tensor_value(subgraph_.get(), per_tensor, zero_point, scales[0],
                                              dims.size(), dims.data(), t.data.data(),
                                              XNN_INVALID_VALUE_ID, /*flags=*/0, &result),
            where_);
    } else {
      check(xnn_define_channelwise_quantized_tensor_value(
                subgraph_.get(), per_channel, scales.data(), dims.size(), axis, dims.data(),
                t.data.data(), XNN_INVALID_VALUE_ID, /*flags=*/0, &result),
            where_);
    }
    return result;
  }

  /// Defines a float constant, or a quantized one with one scale, as an operand.
  uint32_t constant_value(TensorId id) { return filter_value(id, 0); }

  uint32_t filter_value(TensorId id, size_t channel_axis) {
    const Tensor& t = tensor(id);
    if (t.type == DataType::F32) return float_constant(id);
    const bool is_signed = t.type == DataType::I8;
    return quantized_constant(id, is_signed ? xnn_datatype_qint8 : xnn_datatype_quint8,
                              xnn_datatype_qcint8, t.quantization.zero_points[0],
                              t.quantization.scales, channel_axis);
  }

  uint32_t bias_value(TensorId id, TensorId input, TensorId filter) {
    if (id == kNoTensor) return XNN_INVALID_VALUE_ID;
    if (tensor(id).type == DataType::F32) return float_constant(id);
    // Files may omit the scale of the bias, because it follows from the other two.
    std::vector<float> scales = tensor(filter).quantization.scales;
    for (float& scale : scales) scale *= tensor(input).quantization.scales[0];
    scales_.push_back(std::move(scales));
    return quantized_constant(id, xnn_datatype_qint32, xnn_datatype_qcint32, /*zero_point=*/0,
                              scales_.back(), /*axis=*/0);
  }

  const Graph& graph_;
  ScaleStore& scales_;
  std::vector<uint32_t> values_;  // XNNPACK's value id of each activation
  XnnSubgraph subgraph_;
  std::string where_;
};

}  // namespace

std::vector<const Node*> section_nodes(const Graph& graph, TensorId input, TensorId output) {
  std::vector<bool> needed(graph.tensors.size());
  needed[output] = true;
  std::vector<const Node*> nodes;
  for (size_t i = graph.nodes.size(); i-- > 0;) {
    const Node& node = graph.nodes[i];
    const TensorId written = output_of(node.op);
    if (!needed[written] || written == input) continue;
    for (TensorId id : inputs_of(node.op)) needed[id] = true;
    nodes.push_back(&node);
  }
  std::ranges::reverse(nodes);
  return nodes;
}

XnnSubgraph lower_section(const Graph& graph, TensorId input, TensorId output, ScaleStore& scales,
                          TensorId middle) {
  Lowering lowering(graph, input, output, scales, middle);
  for (const Node* node : section_nodes(graph, input, output)) lowering.lower(*node);
  return lowering.take();
}

}  // namespace teachable
