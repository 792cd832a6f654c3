#include "tflite_writer.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "half.h"
#include "tflite_generated.h"
#include "tflite_metadata_generated.h"

namespace teachable::testing {
namespace {

using Offset = flatbuffers::Offset<void>;

class Writer {
 public:
  enum class Style { Plain, Halves, Keras, ChannelsFirst };

  explicit Writer(const Graph& graph, Style style = Style::Plain) : graph_(graph), style_(style) {}

  /// Gives the file several outputs, and names in its signature.
  void set_outputs(const std::vector<TensorId>& outputs,
                   const std::vector<std::pair<TensorId, std::string>>& signature) {
    outputs_ = outputs;
    signature_ = signature;
  }

  std::vector<std::byte> write(const TfliteMetadata& fields = {}) {
    // Buffer 0 is empty. Activations refer to it.
    buffers_.push_back(tflite::CreateBuffer(fbb_));
    for (const Tensor& tensor : graph_.tensors) tensors_.push_back(to_tensor(tensor));
    if (style_ == Style::Halves) add_halves();
    for (const Node& node : graph_.nodes) std::visit(*this, node.op);

    const std::vector<int32_t> inputs = {static_cast<int32_t>(graph_.input)};
    std::vector<int32_t> outputs = {static_cast<int32_t>(graph_.output)};
    if (!outputs_.empty()) outputs.assign(outputs_.begin(), outputs_.end());
    const auto subgraph =
        tflite::CreateSubGraphDirect(fbb_, &tensors_, &inputs, &outputs, &operators_, "main");
    const std::vector subgraphs = {subgraph};
    std::vector<flatbuffers::Offset<tflite::Metadata>> metadata;
    if (!fields.name.empty()) {
      const std::vector<uint8_t> bytes = to_bytes(fields);
      metadata.push_back(tflite::CreateMetadataDirect(fbb_, "min_runtime_version", 0));
      metadata.push_back(tflite::CreateMetadataDirect(fbb_, "TFLITE_METADATA",
                                                      buffer(bytes.data(), bytes.size())));
    }
    std::vector<flatbuffers::Offset<tflite::TensorMap>> names;
    for (const auto& [tensor, name] : signature_)
      names.push_back(tflite::CreateTensorMapDirect(fbb_, name.c_str(), tensor));
    std::vector<flatbuffers::Offset<tflite::SignatureDef>> signatures;
    if (!names.empty())
      signatures = {tflite::CreateSignatureDefDirect(fbb_, nullptr, &names, "serving_default")};
    tflite::FinishModelBuffer(
        fbb_, tflite::CreateModelDirect(fbb_, /*version=*/3, &codes_, &subgraphs,
                                        "written by a test", &buffers_,
                                        /*metadata_buffer=*/nullptr, &metadata, &signatures));
    const auto* data = reinterpret_cast<const std::byte*>(fbb_.GetBufferPointer());
    return {data, data + fbb_.GetSize()};
  }

  void operator()(const Conv2d& op) {
    const Shape& filter = graph_.tensors[op.filter].shape;
    const auto options = tflite::CreateConv2DOptions(
        fbb_, padding_of(op, filter), static_cast<int32_t>(op.stride.width),
        static_cast<int32_t>(op.stride.height), function_of(op.activation),
        static_cast<int32_t>(op.dilation.width), static_cast<int32_t>(op.dilation.height));
    add(tflite::BuiltinOperator_CONV_2D, {op.input, op.filter, op.bias}, op.output,
        tflite::BuiltinOptions_Conv2DOptions, options.Union());
  }
  void operator()(const DepthwiseConv2d& op) {
    const Shape& filter = graph_.tensors[op.filter].shape;
    const int64_t multiplier = filter[3] / graph_.tensors[op.input].shape.channels();
    const auto options = tflite::CreateDepthwiseConv2DOptions(
        fbb_, padding_of(op, filter), static_cast<int32_t>(op.stride.width),
        static_cast<int32_t>(op.stride.height), static_cast<int32_t>(multiplier),
        function_of(op.activation), static_cast<int32_t>(op.dilation.width),
        static_cast<int32_t>(op.dilation.height));
    add(tflite::BuiltinOperator_DEPTHWISE_CONV_2D, {op.input, op.filter, op.bias}, op.output,
        tflite::BuiltinOptions_DepthwiseConv2DOptions, options.Union());
  }
  void operator()(const FullyConnected& op) {
    add(tflite::BuiltinOperator_FULLY_CONNECTED, {op.input, op.filter, op.bias}, op.output,
        tflite::BuiltinOptions_FullyConnectedOptions,
        tflite::CreateFullyConnectedOptions(fbb_, function_of(op.activation), 0,
                                            graph_.tensors[op.output].shape.rank() > 2)
            .Union());
  }
  void operator()(const Add& op) {
    add(tflite::BuiltinOperator_ADD, {op.a, op.b}, op.output, tflite::BuiltinOptions_AddOptions,
        tflite::CreateAddOptions(fbb_, function_of(op.activation)).Union());
  }
  void operator()(const Multiply& op) {
    add(tflite::BuiltinOperator_MUL, {op.a, op.b}, op.output, tflite::BuiltinOptions_MulOptions,
        tflite::CreateMulOptions(fbb_, function_of(op.activation)).Union());
  }
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
                   tflite::CreateGeluOptions(fbb_, /*approximate=*/op.slope != 0).Union());
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

  template <typename Pool>
  void pool(tflite::BuiltinOperator code, const Pool& op) {
    const Shape window{1, op.window.height, op.window.width, 1};
    struct {
      TensorId input;
      Padding padding;
      Extent2d stride, dilation;
    } geometry{op.input, op.padding, op.stride, {}};
    add(code, {op.input}, op.output, tflite::BuiltinOptions_Pool2DOptions,
        tflite::CreatePool2DOptions(
            fbb_, padding_of(geometry, window), static_cast<int32_t>(op.stride.width),
            static_cast<int32_t>(op.stride.height), static_cast<int32_t>(op.window.width),
            static_cast<int32_t>(op.window.height), function_of(op.activation))
            .Union());
  }
  void operator()(const GlobalAveragePool& op) {
    const bool keep = graph_.tensors[op.output].shape.rank() == 4;
    add(tflite::BuiltinOperator_MEAN,
        {op.input, integers(is_first() ? std::vector{2, 3} : std::vector{1, 2})}, op.output,
        tflite::BuiltinOptions_ReducerOptions, tflite::CreateReducerOptions(fbb_, keep).Union());
  }
  void operator()(const Pad& op) {
    const auto n = [](uint32_t v) { return static_cast<int32_t>(v); };
    std::vector<int32_t> paddings = {0,
                                     0,
                                     n(op.padding.top),
                                     n(op.padding.bottom),
                                     n(op.padding.left),
                                     n(op.padding.right),
                                     n(op.channels_before),
                                     n(op.channels_after)};
    if (is_first()) std::rotate(paddings.begin() + 2, paddings.begin() + 6, paddings.end());
    add(tflite::BuiltinOperator_PAD, {op.input, integers(paddings)}, op.output);
  }
  void operator()(const Clamp& op) { add(code_of_clamp(op.activation), {op.input}, op.output); }
  /// Writes (x - mean) * scale with mean = -offset / scale, the usual preprocessing of pixels.
  void operator()(const ScaleShift& op) {
    const auto channels = static_cast<size_t>(graph_.tensors[op.scale].shape.channels());
    const auto* scale = reinterpret_cast<const float*>(graph_.tensors[op.scale].data.data());
    const auto* offset = reinterpret_cast<const float*>(graph_.tensors[op.offset].data.data());
    std::vector<float> means(channels);
    for (size_t c = 0; c < channels; ++c) means[c] = -offset[c] / scale[c];
    const std::vector<int32_t> each = {static_cast<int32_t>(channels)};
    tensors_.push_back(tflite::CreateTensorDirect(fbb_, &each, tflite::TensorType_FLOAT32,
                                                  buffer(means.data(), channels * sizeof(float)),
                                                  "mean"));
    const auto mean = static_cast<TensorId>(tensors_.size() - 1);
    tensors_.push_back(to_tensor(graph_.tensors[op.output]));
    const auto centered = static_cast<TensorId>(tensors_.size() - 1);
    add(tflite::BuiltinOperator_SUB, {op.input, mean}, centered);
    add(tflite::BuiltinOperator_MUL, {centered, op.scale}, op.output);
  }
  void operator()(const Reshape& op) {
    std::vector<int32_t> dims;
    for (int64_t d : graph_.tensors[op.output].shape.dims())
      dims.push_back(static_cast<int32_t>(d));
    if (style_ != Style::Keras)
      return add(tflite::BuiltinOperator_RESHAPE, {op.input, integers(dims)}, op.output);
    const TensorId shape = computed_integers(4);
    const TensorId batch = computed_integers(0);
    const TensorId target = computed_integers(static_cast<int32_t>(dims.size()));
    add(tflite::BuiltinOperator_SHAPE, {op.input}, shape);
    add(tflite::BuiltinOperator_STRIDED_SLICE, {shape, integers({0}), integers({1}), integers({1})},
        batch);
    std::vector<TensorId> packed = {batch};
    for (size_t i = 1; i < dims.size(); ++i) packed.push_back(integers({dims[i]}));
    add(tflite::BuiltinOperator_PACK, packed, target);
    add(tflite::BuiltinOperator_RESHAPE, {op.input, target}, op.output);
  }
  void operator()(const Convert& op) {
    if (op.to_unit_length)
      return add(tflite::BuiltinOperator_L2_NORMALIZATION, {op.input}, op.output);
    // Integers without a scale need a CAST.
    const Tensor& from = graph_.tensors[op.input];
    if (from.type != DataType::F32 && !from.quantization.present())
      return add(tflite::BuiltinOperator_CAST, {op.input}, op.output);
    add(graph_.tensors[op.output].type == DataType::F32 ? tflite::BuiltinOperator_DEQUANTIZE
                                                        : tflite::BuiltinOperator_QUANTIZE,
        {op.input}, op.output);
  }
  void operator()(const Softmax& op) {
    add(tflite::BuiltinOperator_SOFTMAX, {op.input}, op.output,
        tflite::BuiltinOptions_SoftmaxOptions, tflite::CreateSoftmaxOptions(fbb_, op.beta).Union());
  }

 private:
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

  static std::vector<uint8_t> to_bytes(const TfliteMetadata& fields) {
    namespace fbs = tflite_metadata;
    flatbuffers::FlatBufferBuilder fbb;
    const auto normalization =
        fbs::CreateNormalizationOptionsDirect(fbb, &fields.mean, &fields.std);
    const std::vector units = {fbs::CreateProcessUnit(
        fbb, fbs::ProcessUnitOptions_NormalizationOptions, normalization.Union())};
    const std::vector input = {
        fbs::CreateTensorMetadataDirect(fbb, "image", nullptr, nullptr, 0, &units)};
    std::vector<flatbuffers::Offset<fbs::AssociatedFile>> files;
    if (!fields.labels_file.empty()) {
      files = {fbs::CreateAssociatedFileDirect(fbb, "scores.txt", nullptr),
               fbs::CreateAssociatedFileDirect(fbb, fields.labels_file.c_str(), nullptr,
                                               fbs::AssociatedFileType_TENSOR_AXIS_LABELS)};
    }
    const std::vector output = {fbs::CreateTensorMetadataDirect(fbb, "probability", nullptr,
                                                                nullptr, 0, nullptr, 0, &files)};
    const std::vector subgraphs = {
        fbs::CreateSubGraphMetadataDirect(fbb, nullptr, nullptr, &input, &output)};
    fbs::FinishModelMetadataBuffer(
        fbb,
        fbs::CreateModelMetadataDirect(fbb, fields.name.c_str(), nullptr, nullptr, &subgraphs));
    return {fbb.GetBufferPointer(), fbb.GetBufferPointer() + fbb.GetSize()};
  }

  bool is_half(const Tensor& tensor) const {
    return style_ == Style::Halves && tensor.is_constant() && tensor.type == DataType::F32;
  }

  void add_halves() {
    for (TensorId id = 0; id < graph_.tensors.size(); ++id) {
      const Tensor& tensor = graph_.tensors[id];
      if (!is_half(tensor)) continue;
      const auto* floats = reinterpret_cast<const float*>(tensor.data.data());
      std::vector<uint16_t> halves(tensor.shape.element_count());
      for (size_t i = 0; i < halves.size(); ++i) halves[i] = to_half(floats[i]);
      const std::vector<int32_t> shape(tensor.shape.dims().begin(), tensor.shape.dims().end());
      const uint32_t data = buffer(halves.data(), halves.size() * 2);
      tensors_.push_back(
          tflite::CreateTensorDirect(fbb_, &shape, tflite::TensorType_FLOAT16, data, "half"));
      add(tflite::BuiltinOperator_DEQUANTIZE, {static_cast<TensorId>(tensors_.size() - 1)}, id);
    }
  }

  uint32_t buffer(const void* data, size_t size) {
    fbb_.ForceVectorAlignment(size, 1, 16);
    const auto bytes = fbb_.CreateVector(static_cast<const uint8_t*>(data), size);
    buffers_.push_back(tflite::CreateBuffer(fbb_, bytes));
    return static_cast<uint32_t>(buffers_.size() - 1);
  }

  bool is_first() const { return style_ == Style::ChannelsFirst; }

  flatbuffers::Offset<tflite::Tensor> to_tensor(const Tensor& tensor, bool is_last = false) {
    std::vector<int32_t> shape(tensor.shape.dims().begin(), tensor.shape.dims().end());
    if (is_first() && !is_last) {
      if (!tensor.is_constant() && shape.size() == 4)
        shape = {shape[0], shape[3], shape[1], shape[2]};
      if (tensor.name == "operand") shape = {1, shape.back(), 1, 1};
    }
    const uint32_t data = tensor.is_constant() && !is_half(tensor)
                              ? buffer(tensor.data.data(), tensor.data.size())
                              : 0;
    flatbuffers::Offset<tflite::QuantizationParameters> quantization = 0;
    if (tensor.quantization.present()) {
      const std::vector<int64_t> zero_points(tensor.quantization.zero_points.begin(),
                                             tensor.quantization.zero_points.end());
      quantization = tflite::CreateQuantizationParametersDirect(
          fbb_, nullptr, nullptr, &tensor.quantization.scales, &zero_points, 0, 0,
          static_cast<int32_t>(tensor.quantization.axis));
    }
    return tflite::CreateTensorDirect(fbb_, &shape, type_of(tensor.type), data, tensor.name.c_str(),
                                      quantization);
  }

  TensorId integers(const std::vector<int32_t>& values) {
    const std::vector<int32_t> shape = {static_cast<int32_t>(values.size())};
    const uint32_t data = buffer(values.data(), values.size() * sizeof(int32_t));
    tensors_.push_back(
        tflite::CreateTensorDirect(fbb_, &shape, tflite::TensorType_INT32, data, "integers"));
    return static_cast<TensorId>(tensors_.size() - 1);
  }

  /// Adds an int32 vector that is computed. A count of 0 stands for a scalar.
  TensorId computed_integers(int32_t count) {
    const std::vector<int32_t> shape(count == 0 ? 0 : 1, count);
    tensors_.push_back(
        tflite::CreateTensorDirect(fbb_, &shape, tflite::TensorType_INT32, 0, "computed"));
    return static_cast<TensorId>(tensors_.size() - 1);
  }

  template <typename Window>
  tflite::Padding padding_of(const Window& op, const Shape& filter) const {
    if (!op.padding.any()) return tflite::Padding_VALID;
    const Shape& in = graph_.tensors[op.input].shape;
    const auto rows =
        same_padding(in[1], static_cast<uint32_t>(filter[1]), op.stride.height, op.dilation.height);
    const auto columns =
        same_padding(in[2], static_cast<uint32_t>(filter[2]), op.stride.width, op.dilation.width);
    const Padding same = {
        .top = rows[0], .right = columns[1], .bottom = rows[1], .left = columns[0]};
    if (op.padding != same) throw std::invalid_argument("padding is neither SAME nor VALID");
    return tflite::Padding_SAME;
  }

  static tflite::ActivationFunction function_of(const Activation& activation) {
    if (activation == Activation::none()) return tflite::ActivationFunction_NONE;
    if (activation == Activation::relu()) return tflite::ActivationFunction_RELU;
    if (activation == Activation::relu6()) return tflite::ActivationFunction_RELU6;
    throw std::invalid_argument("unsupported activation");
  }

  static tflite::BuiltinOperator code_of_clamp(const Activation& activation) {
    if (activation == Activation::relu()) return tflite::BuiltinOperator_RELU;
    if (activation == Activation::relu6()) return tflite::BuiltinOperator_RELU6;
    throw std::invalid_argument("unsupported activation");
  }

  /// Adds a copy of a map with its channels last.
  TensorId channels_last(TensorId id) {
    tensors_.push_back(to_tensor(graph_.tensors[id], /*is_last=*/true));
    return static_cast<TensorId>(tensors_.size() - 1);
  }

  void add(tflite::BuiltinOperator code, std::vector<TensorId> inputs, TensorId output,
           tflite::BuiltinOptions type = tflite::BuiltinOptions_NONE, Offset options = 0) {
    const bool is_convolution = code == tflite::BuiltinOperator_CONV_2D ||
                                code == tflite::BuiltinOperator_DEPTHWISE_CONV_2D;
    if (is_first() && is_convolution) {
      const TensorId in = channels_last(inputs[0]);
      const TensorId out = channels_last(output);
      add_operator(tflite::BuiltinOperator_TRANSPOSE, {inputs[0], integers({0, 2, 3, 1})}, in);
      inputs[0] = in;
      add_operator(code, inputs, out, type, options);
      add_operator(tflite::BuiltinOperator_TRANSPOSE, {out, integers({0, 3, 1, 2})}, output);
    } else {
      add_operator(code, inputs, output, type, options);
    }
  }

  void add_operator(tflite::BuiltinOperator code, const std::vector<TensorId>& inputs,
                    TensorId output, tflite::BuiltinOptions type = tflite::BuiltinOptions_NONE,
                    Offset options = 0) {
    std::vector<int32_t> ids;
    for (TensorId id : inputs) ids.push_back(id == kNoTensor ? -1 : static_cast<int32_t>(id));
    const std::vector<int32_t> outputs = {static_cast<int32_t>(output)};
    // Every operator gets a code of its own, so that tests can change it alone.
    codes_.push_back(
        tflite::CreateOperatorCodeDirect(fbb_, static_cast<int8_t>(code), nullptr, 1, code));
    operators_.push_back(tflite::CreateOperatorDirect(
        fbb_, static_cast<uint32_t>(codes_.size() - 1), &ids, &outputs, type, options));
  }

  const Graph& graph_;
  const Style style_;
  std::vector<TensorId> outputs_;
  std::vector<std::pair<TensorId, std::string>> signature_;
  flatbuffers::FlatBufferBuilder fbb_;
  std::vector<flatbuffers::Offset<tflite::Buffer>> buffers_;
  std::vector<flatbuffers::Offset<tflite::Tensor>> tensors_;
  std::vector<flatbuffers::Offset<tflite::OperatorCode>> codes_;
  std::vector<flatbuffers::Offset<tflite::Operator>> operators_;
};

}  // namespace

std::vector<std::byte> write_tflite(const Graph& graph, const TfliteMetadata& metadata) {
  return Writer(graph).write(metadata);
}

std::vector<std::byte> write_keras_tflite(const Graph& graph) {
  return Writer(graph, Writer::Style::Keras).write();
}

std::vector<std::byte> write_half_tflite(const Graph& graph) {
  return Writer(graph, Writer::Style::Halves).write();
}

std::vector<std::byte> write_tflite_outputs(
    const Graph& graph, const std::vector<TensorId>& outputs,
    const std::vector<std::pair<TensorId, std::string>>& signature) {
  Writer writer(graph);
  writer.set_outputs(outputs, signature);
  return writer.write();
}

std::vector<std::byte> write_channels_first(const Graph& graph) {
  return Writer(graph, Writer::Style::ChannelsFirst).write();
}

}  // namespace teachable::testing
