#include "model/tflite_writer.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "model/tflite_reader.h"
#include "tflite_generated.h"

namespace teachable {
namespace {

/// Maximum size of all constants in bytes. Flatbuffers have 31-bit offsets.
constexpr size_t kMaxConstantBytes = size_t{1} << 30;

/// What operators from the 127th on have in the old field for the operator's number.
constexpr int kNoOldCode = 127;

int32_t narrow(uint32_t value) { return static_cast<int32_t>(value); }

class Writer {
 public:
  explicit Writer(const Graph& graph) : graph_(graph), fbb_(size_of(graph)) {}

  TfliteFile write() {
    // Buffer 0 is empty. Activations refer to it.
    buffers_.push_back(tflite::CreateBuffer(fbb_));
    for (const Tensor& tensor : graph_.tensors) tensors_.push_back(to_tensor(tensor));
    for (const Node& node : graph_.nodes) {
      where_ = &node.where;
      std::visit(*this, node.op);
    }
    if (operators_.size() > kMaxTfliteNodes || tensors_.size() > kMaxTfliteTensors) {
      throw Error(ErrorCode::UnsupportedOp, {"Model: ", operators_.size(), " operators and ",
                                             tensors_.size(), " tensors exceed the limit of ",
                                             kMaxTfliteNodes, " and ", kMaxTfliteTensors, "."});
    }
    const std::vector<int32_t> inputs = {narrow(graph_.input)};
    const std::vector<int32_t> outputs = {narrow(graph_.output)};
    const std::vector subgraphs = {
        tflite::CreateSubGraphDirect(fbb_, &tensors_, &inputs, &outputs, &operators_, "main")};
    tflite::FinishModelBuffer(fbb_,
                              tflite::CreateModelDirect(fbb_, /*version=*/3, &codes_, &subgraphs,
                                                        "written by teachable-wasm", &buffers_));
    TfliteFile file;
    size_t size = 0, offset = 0;
    file.memory.reset(fbb_.ReleaseRaw(size, offset));
    file.bytes = {reinterpret_cast<const std::byte*>(file.memory.get()) + offset, size - offset};
    return file;
  }

  // --- operators -----------------------------------------------------------------------------

  void operator()(const Conv2d& op) {
    const auto write = [&](TensorId input, tflite::Padding padding, TensorId output,
                           tflite::ActivationFunction function) {
      add(tflite::BuiltinOperator_CONV_2D, {input, op.filter, op.bias}, output,
          tflite::BuiltinOptions_Conv2DOptions,
          tflite::CreateConv2DOptions(fbb_, padding, narrow(op.stride.width),
                                      narrow(op.stride.height), function, narrow(op.dilation.width),
                                      narrow(op.dilation.height))
              .Union());
    };
    convolution(op, write);
  }

  void operator()(const DepthwiseConv2d& op) {
    const int64_t multiplier = shape(op.filter).channels() / shape(op.input).channels();
    const auto write = [&](TensorId input, tflite::Padding padding, TensorId output,
                           tflite::ActivationFunction function) {
      add(tflite::BuiltinOperator_DEPTHWISE_CONV_2D, {input, op.filter, op.bias}, output,
          tflite::BuiltinOptions_DepthwiseConv2DOptions,
          tflite::CreateDepthwiseConv2DOptions(
              fbb_, padding, narrow(op.stride.width), narrow(op.stride.height),
              static_cast<int32_t>(multiplier), function, narrow(op.dilation.width),
              narrow(op.dilation.height))
              .Union());
    };
    convolution(op, write);
  }

  void operator()(const FullyConnected& op) {
    activated(op.activation, op.output, [&](TensorId output, tflite::ActivationFunction function) {
      add(tflite::BuiltinOperator_FULLY_CONNECTED, {op.input, op.filter, op.bias}, output,
          tflite::BuiltinOptions_FullyConnectedOptions,
          tflite::CreateFullyConnectedOptions(fbb_, function).Union());
    });
  }

  void operator()(const Add& op) { sum(op.a, op.b, op.output, op.activation); }
  void operator()(const Multiply& op) { product(op.a, op.b, op.output, op.activation); }
  void operator()(const HardSwish& op) {
    add(tflite::BuiltinOperator_HARD_SWISH, {op.input}, op.output);
  }
  void operator()(const Sigmoid& op) {
    add(tflite::BuiltinOperator_LOGISTIC, {op.input}, op.output);
  }
  void operator()(const Apply& op) {
    switch (op.function) {
      case Function::Elu:
        return add(tflite::BuiltinOperator_ELU, {op.input}, op.output);
      case Function::Gelu:
        return add(tflite::BuiltinOperator_GELU, {op.input}, op.output,
                   tflite::BuiltinOptions_GeluOptions,
                   tflite::CreateGeluOptions(fbb_, /*approximate=*/false).Union());
      case Function::LeakyRelu:
        return add(tflite::BuiltinOperator_LEAKY_RELU, {op.input}, op.output,
                   tflite::BuiltinOptions_LeakyReluOptions,
                   tflite::CreateLeakyReluOptions(fbb_, op.slope).Union());
      case Function::Log:
        return add(tflite::BuiltinOperator_LOG, {op.input}, op.output);
      case Function::Tanh:
        return add(tflite::BuiltinOperator_TANH, {op.input}, op.output);
    }
  }
  void operator()(const AveragePool2d& op) { pool(tflite::BuiltinOperator_AVERAGE_POOL_2D, op); }
  void operator()(const MaxPool2d& op) { pool(tflite::BuiltinOperator_MAX_POOL_2D, op); }

  void operator()(const GlobalAveragePool& op) {
    add(tflite::BuiltinOperator_MEAN, {op.input, integers({1, 2})}, op.output,
        tflite::BuiltinOptions_ReducerOptions,
        tflite::CreateReducerOptions(fbb_, /*keep_dims=*/shape(op.output).rank() == 4).Union());
  }

  void operator()(const Pad& op) {
    pad(op.input, op.padding, op.output, op.channels_before, op.channels_after);
  }

  void operator()(const Clamp& op) {
    if (const auto function = function_of(op.activation)) {
      add(code_of(*function), {op.input}, op.output);
    } else {
      clamp(op.input, op.activation, op.output);
    }
  }

  void operator()(const ScaleShift& op) {
    const auto differ_from = [&](TensorId id, float neutral) {
      const auto* values = reinterpret_cast<const float*>(graph_.tensors[id].data.data());
      return std::any_of(values, values + shape(id).element_count(),
                         [=](float v) { return v != neutral; });
    };
    const bool scales = differ_from(op.scale, 1);
    const bool shifts = !scales || differ_from(op.offset, 0);
    const TensorId scaled = scales && shifts ? like(op.output) : op.output;
    if (scales) product(op.input, op.scale, scaled, {});
    if (shifts) sum(scales ? scaled : op.input, op.offset, op.output, {});
  }

  void operator()(const Reshape& op) {
    std::vector<int32_t> dims;
    for (int64_t dim : shape(op.output).dims()) dims.push_back(static_cast<int32_t>(dim));
    add(tflite::BuiltinOperator_RESHAPE, {op.input, integers(dims)}, op.output);
  }

  void operator()(const Convert& op) {
    const auto code = graph_.tensors[op.output].type == DataType::F32
                          ? tflite::BuiltinOperator_DEQUANTIZE
                          : tflite::BuiltinOperator_QUANTIZE;
    add(op.to_unit_length ? tflite::BuiltinOperator_L2_NORMALIZATION : code, {op.input}, op.output);
  }

  void operator()(const Softmax& op) {
    add(tflite::BuiltinOperator_SOFTMAX, {op.input}, op.output,
        tflite::BuiltinOptions_SoftmaxOptions, tflite::CreateSoftmaxOptions(fbb_, op.beta).Union());
  }

 private:
  // --- parts of operators --------------------------------------------------------------------

  const Shape& shape(TensorId id) const { return graph_.tensors[id].shape; }

  template <typename Layer, typename Write>
  void convolution(const Layer& op, Write&& write) {
    const Shape& filter = shape(op.filter);
    const Extent2d window = {static_cast<uint32_t>(filter[1]), static_cast<uint32_t>(filter[2])};
    auto padding = padding_of(op.padding, op.input, window, op.stride, op.dilation);
    TensorId input = op.input;
    if (!padding) {
      const Tensor& source = graph_.tensors[op.input];
      input = activation(
          source, Shape{1, source.shape[1] + op.padding.top + op.padding.bottom,
                        source.shape[2] + op.padding.left + op.padding.right, source.shape[3]});
      pad(op.input, op.padding, input);
      padding = tflite::Padding_VALID;
    }
    activated(op.activation, op.output, [&](TensorId output, tflite::ActivationFunction function) {
      write(input, *padding, output, function);
    });
  }

  template <typename Pool>
  void pool(tflite::BuiltinOperator code, const Pool& op) {
    const auto padding = padding_of(op.padding, op.input, op.window, op.stride, {});
    if (!padding) {
      throw Error(ErrorCode::UnsupportedOp,
                  {"Unsupported padding of a pool in ", *where_, ". Supported: SAME and VALID."});
    }
    activated(op.activation, op.output, [&](TensorId output, tflite::ActivationFunction function) {
      add(code, {op.input}, output, tflite::BuiltinOptions_Pool2DOptions,
          tflite::CreatePool2DOptions(fbb_, *padding, narrow(op.stride.width),
                                      narrow(op.stride.height), narrow(op.window.width),
                                      narrow(op.window.height), function)
              .Union());
    });
  }

  void sum(TensorId a, TensorId b, TensorId output, const Activation& activation) {
    activated(activation, output, [&](TensorId out, tflite::ActivationFunction function) {
      add(tflite::BuiltinOperator_ADD, {a, b}, out, tflite::BuiltinOptions_AddOptions,
          tflite::CreateAddOptions(fbb_, function).Union());
    });
  }

  void product(TensorId a, TensorId b, TensorId output, const Activation& activation) {
    activated(activation, output, [&](TensorId out, tflite::ActivationFunction function) {
      add(tflite::BuiltinOperator_MUL, {a, b}, out, tflite::BuiltinOptions_MulOptions,
          tflite::CreateMulOptions(fbb_, function).Union());
    });
  }

  void pad(TensorId input, const Padding& padding, TensorId output, uint32_t channels_before = 0,
           uint32_t channels_after = 0) {
    add(tflite::BuiltinOperator_PAD,
        {input, integers({0, 0, narrow(padding.top), narrow(padding.bottom), narrow(padding.left),
                          narrow(padding.right), narrow(channels_before), narrow(channels_after)})},
        output);
  }

  /// Writes an operator with a fused activation, or with a clamp after it if the format has no such
  /// fused activation.
  template <typename Write>
  void activated(const Activation& activation, TensorId output, Write&& write) {
    if (const auto function = function_of(activation)) return write(output, *function);
    const TensorId before = like(output);
    write(before, tflite::ActivationFunction_NONE);
    clamp(before, activation, output);
  }

  void clamp(TensorId input, const Activation& activation, TensorId output) {
    const bool has_min = activation.min > -std::numeric_limits<float>::infinity();
    const bool has_max = activation.max < std::numeric_limits<float>::infinity();
    const TensorId between = has_min && has_max ? like(output) : output;
    if (has_min) add(tflite::BuiltinOperator_MAXIMUM, {input, scalar(activation.min)}, between);
    if (has_max)
      add(tflite::BuiltinOperator_MINIMUM, {has_min ? between : input, scalar(activation.max)},
          output);
  }

  /// Returns SAME or VALID, or nullopt for any other padding.
  std::optional<tflite::Padding> padding_of(const Padding& padding, TensorId input, Extent2d window,
                                            Extent2d stride, Extent2d dilation) const {
    if (!padding.any()) return tflite::Padding_VALID;
    const Shape& in = shape(input);
    const auto rows = same_padding(in[1], window.height, stride.height, dilation.height);
    const auto columns = same_padding(in[2], window.width, stride.width, dilation.width);
    const Padding same = {
        .top = rows[0], .right = columns[1], .bottom = rows[1], .left = columns[0]};
    if (padding == same) return tflite::Padding_SAME;
    return std::nullopt;
  }

  /// Returns the format's fused activation, or nullopt if it has none.
  static std::optional<tflite::ActivationFunction> function_of(const Activation& activation) {
    if (activation == Activation::none()) return tflite::ActivationFunction_NONE;
    if (activation == Activation::relu()) return tflite::ActivationFunction_RELU;
    if (activation == Activation::relu6()) return tflite::ActivationFunction_RELU6;
    if (activation == Activation{-1, 1}) return tflite::ActivationFunction_RELU_N1_TO_1;
    return std::nullopt;
  }

  /// Returns the operator that computes only this activation.
  tflite::BuiltinOperator code_of(tflite::ActivationFunction function) const {
    switch (function) {
      case tflite::ActivationFunction_RELU:
        return tflite::BuiltinOperator_RELU;
      case tflite::ActivationFunction_RELU6:
        return tflite::BuiltinOperator_RELU6;
      case tflite::ActivationFunction_RELU_N1_TO_1:
        return tflite::BuiltinOperator_RELU_N1_TO_1;
      default:
        break;
    }
    throw Error(ErrorCode::Internal, {*where_, ": the clamp has no limits."});
  }

  // --- tables --------------------------------------------------------------------------------

  /// Estimates the size of the file in bytes, so that the buffer doesn't grow while it is written.
  static size_t size_of(const Graph& graph) {
    size_t constants = 0;
    for (const Tensor& tensor : graph.tensors) constants += tensor.data.size();
    if (constants > kMaxConstantBytes) {
      throw Error(ErrorCode::UnsupportedOp,
                  {"Model: ", constants, " bytes of weights exceed the limit of ",
                   kMaxConstantBytes, " bytes of a TensorFlow Lite file."});
    }
    constexpr size_t kTableBytes = 512;
    return constants + kTableBytes * (graph.tensors.size() + graph.nodes.size() + 8);
  }

  static tflite::TensorType type_of(DataType type) {
    switch (type) {
      case DataType::F32:
        return tflite::TensorType_FLOAT32;
      case DataType::I32:
        return tflite::TensorType_INT32;
      case DataType::I8:
        return tflite::TensorType_INT8;
      case DataType::U8:
        return tflite::TensorType_UINT8;
    }
    return tflite::TensorType_FLOAT32;
  }

  uint32_t buffer(const void* data, size_t size) {
    fbb_.ForceVectorAlignment(size, 1, 16);
    const auto bytes = fbb_.CreateVector(static_cast<const uint8_t*>(data), size);
    buffers_.push_back(tflite::CreateBuffer(fbb_, bytes));
    return static_cast<uint32_t>(buffers_.size() - 1);
  }

  flatbuffers::Offset<tflite::Tensor> to_tensor(const Tensor& tensor) {
    const uint32_t data = tensor.is_constant() ? buffer(tensor.data.data(), tensor.data.size()) : 0;
    return table_of(tensor, tensor.shape, data);
  }

  flatbuffers::Offset<tflite::Tensor> table_of(const Tensor& tensor, const Shape& dims,
                                               uint32_t data) {
    const std::vector<int32_t> shape(dims.dims().begin(), dims.dims().end());
    flatbuffers::Offset<tflite::QuantizationParameters> quantization = 0;
    if (tensor.quantization.present()) {
      const std::vector<int64_t> zero_points(tensor.quantization.zero_points.begin(),
                                             tensor.quantization.zero_points.end());
      quantization = tflite::CreateQuantizationParametersDirect(
          fbb_, nullptr, nullptr, &tensor.quantization.scales, &zero_points, 0, 0,
          static_cast<int32_t>(tensor.quantization.axis));
    }
    const std::vector<int32_t> any_size = {1, -1, -1, shape.empty() ? 0 : shape.back()};
    const bool is_open = graph_.has_any_size && &tensor == &graph_.tensors[graph_.input];
    return tflite::CreateTensorDirect(fbb_, &shape, type_of(tensor.type), data, tensor.name.c_str(),
                                      quantization, false, 0, is_open ? &any_size : nullptr);
  }

  TensorId add_tensor(flatbuffers::Offset<tflite::Tensor> tensor) {
    tensors_.push_back(tensor);
    return static_cast<TensorId>(tensors_.size() - 1);
  }

  /// Adds an activation with the type and quantization of `source`.
  TensorId activation(const Tensor& source, const Shape& dims) {
    return add_tensor(table_of(source, dims, 0));
  }
  TensorId like(TensorId id) { return activation(graph_.tensors[id], shape(id)); }

  TensorId integers(const std::vector<int32_t>& values) {
    const std::vector<int32_t> dims = {static_cast<int32_t>(values.size())};
    const uint32_t data = buffer(values.data(), values.size() * sizeof(int32_t));
    return add_tensor(
        tflite::CreateTensorDirect(fbb_, &dims, tflite::TensorType_INT32, data, "integers"));
  }

  TensorId scalar(float value) {
    const std::vector<int32_t> dims;
    const uint32_t data = buffer(&value, sizeof value);
    return add_tensor(
        tflite::CreateTensorDirect(fbb_, &dims, tflite::TensorType_FLOAT32, data, "limit"));
  }

  void add(tflite::BuiltinOperator code, const std::vector<TensorId>& inputs, TensorId output,
           tflite::BuiltinOptions type = tflite::BuiltinOptions_NONE,
           flatbuffers::Offset<void> options = 0) {
    std::vector<int32_t> ids;
    for (TensorId id : inputs) ids.push_back(id == kNoTensor ? -1 : narrow(id));
    const std::vector<int32_t> outputs = {narrow(output)};
    operators_.push_back(
        tflite::CreateOperatorDirect(fbb_, index_of(code), &ids, &outputs, type, options));
  }

  uint32_t index_of(tflite::BuiltinOperator code) {
    const auto found = std::ranges::find(used_operators_, code);
    if (found == used_operators_.end()) {
      used_operators_.push_back(code);
      codes_.push_back(
          // Operators from the 127th on have a number in the new field only.
          tflite::CreateOperatorCodeDirect(
              fbb_, static_cast<int8_t>(std::min<int>(code, kNoOldCode)), nullptr, 1, code));
      return static_cast<uint32_t>(used_operators_.size() - 1);
    }
    return static_cast<uint32_t>(found - used_operators_.begin());
  }

  const Graph& graph_;
  flatbuffers::FlatBufferBuilder fbb_;
  std::vector<flatbuffers::Offset<tflite::Buffer>> buffers_;
  std::vector<flatbuffers::Offset<tflite::Tensor>>
      tensors_;  // the graph's tensors, then added ones
  std::vector<tflite::BuiltinOperator> used_operators_;
  std::vector<flatbuffers::Offset<tflite::OperatorCode>> codes_;  // same order as used_operators_
  std::vector<flatbuffers::Offset<tflite::Operator>> operators_;
  const std::string* where_ = nullptr;  // operator that is being written, for messages
};

}  // namespace

TfliteFile to_tflite(const Graph& graph) { return Writer(graph).write(); }

}  // namespace teachable
