#include "model/tflite_reader.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "core/error.h"
#include "model/tflite_op_names.h"
#include "tflite_generated.h"

namespace teachable {
namespace {

/// Builtin codes of the operators that are read.
enum BuiltinCode {
  kAdd = 0,
  kAveragePool2d = 1,
  kConv2d = 3,
  kDepthwiseConv2d = 4,
  kDequantize = 6,
  kFullyConnected = 9,
  kRelu = 19,
  kReluN1To1 = 20,
  kRelu6 = 21,
  kReshape = 22,
  kSoftmax = 25,
  kPad = 34,
  kMean = 40,
  kSqueeze = 43,
  kQuantize = 114,
};

/// Several times any MobileNet; keeps passes, which look at all nodes for each, quick on a hostile file.
constexpr size_t kMaxNodes = 4096;
constexpr size_t kMaxTensors = 16384;

[[noreturn]] void bad(const std::string& what) {
  throw Error(ErrorCode::BadModel, "TensorFlow Lite file: " + what);
}

[[noreturn]] void unsupported(const std::string& what) {
  throw Error(ErrorCode::UnsupportedOp, "TensorFlow Lite file: " + what);
}

class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : bytes_(bytes) {
    // 16 of depth is more than this schema can nest.
    flatbuffers::Verifier verifier(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(),
                                   /*max_depth=*/16, /*max_tables=*/1 << 18);
    if (!tflite::VerifyModelBuffer(verifier)) {
      bad(std::to_string(bytes.size()) +
          " bytes whose tables point outside of it; the file is cut off or damaged");
    }
    model_ = tflite::GetModel(bytes.data());
  }

  Graph read() {
    if (model_->version() != 3) {
      unsupported("schema version " + std::to_string(model_->version()) + ", wanted 3");
    }
    if (model_->subgraphs() == nullptr || model_->subgraphs()->size() == 0 ||
        model_->operator_codes() == nullptr || model_->buffers() == nullptr) {
      bad("no graph in it");
    }
    subgraph_ = model_->subgraphs()->Get(0);
    if (subgraph_->tensors() == nullptr || subgraph_->operators() == nullptr ||
        subgraph_->inputs() == nullptr || subgraph_->outputs() == nullptr) {
      bad("a graph without tensors, operators, inputs or outputs");
    }
    if (subgraph_->operators()->size() > kMaxNodes || subgraph_->tensors()->size() > kMaxTensors) {
      unsupported(std::to_string(subgraph_->operators()->size()) + " operators and " +
                  std::to_string(subgraph_->tensors()->size()) + " tensors; read are at most " +
                  std::to_string(kMaxNodes) + " and " + std::to_string(kMaxTensors));
    }
    if (subgraph_->inputs()->size() != 1 || subgraph_->outputs()->size() != 1) {
      unsupported(std::to_string(subgraph_->inputs()->size()) + " inputs and " +
                  std::to_string(subgraph_->outputs()->size()) + " outputs, wanted one of each");
    }

    graph_.tensors.resize(subgraph_->tensors()->size());
    known_.resize(graph_.tensors.size());
    where_ = "its input";
    graph_.input = tensor(subgraph_->inputs()->Get(0));
    for (uint32_t i = 0; i < subgraph_->operators()->size(); ++i) {
      read_operator(*subgraph_->operators()->Get(i), i);
    }
    where_ = "its output";
    graph_.output = tensor(subgraph_->outputs()->Get(0));
    return std::move(graph_);
  }

 private:
  // --- tensors -------------------------------------------------------------------------------

  const tflite::Tensor& raw(int32_t index) const {
    if (index < 0 || static_cast<size_t>(index) >= graph_.tensors.size()) {
      bad(where_ + ": refers to tensor " + std::to_string(index) + " of " +
          std::to_string(graph_.tensors.size()));
    }
    return *subgraph_->tensors()->Get(static_cast<uint32_t>(index));
  }

  static std::string name_of(const tflite::Tensor& raw) {
    // Names go into messages: a hostile one may be megabytes long.
    return raw.name() == nullptr ? "" : raw.name()->str().substr(0, 80);
  }

  DataType type_of(const tflite::Tensor& raw) const {
    switch (raw.type()) {
      case tflite::TensorType_FLOAT32: return DataType::F32;
      case tflite::TensorType_INT32: return DataType::I32;
      case tflite::TensorType_UINT8: return DataType::U8;
      case tflite::TensorType_INT8: return DataType::I8;
      default: break;
    }
    unsupported(where_ + ": tensor '" + name_of(raw) + "' has type " +
                std::to_string(static_cast<int>(raw.type())) +
                "; read are float32, int32, uint8 and int8");
  }

  std::span<const std::byte> bytes_of(const tflite::Tensor& raw) const {
    const auto* buffers = model_->buffers();
    if (raw.buffer() >= buffers->size()) {
      bad(where_ + ": tensor '" + name_of(raw) + "' lies in buffer " +
          std::to_string(raw.buffer()) + " of " + std::to_string(buffers->size()));
    }
    const auto* data = buffers->Get(raw.buffer())->data();
    if (data == nullptr) return {};
    return {reinterpret_cast<const std::byte*>(data->data()), data->size()};
  }

  static Shape shape_of(const tflite::Tensor& raw) {
    std::vector<int64_t> dims;
    if (raw.shape() != nullptr) dims.assign(raw.shape()->begin(), raw.shape()->end());
    return Shape(std::move(dims));
  }

  Quantization quantization_of(const tflite::Tensor& raw) const {
    Quantization result;
    const auto* q = raw.quantization();
    if (q == nullptr || q->scale() == nullptr || q->scale()->size() == 0) return result;
    result.scales.assign(q->scale()->begin(), q->scale()->end());
    if (q->zero_point() == nullptr) {
      result.zero_points.assign(result.scales.size(), 0);
    } else {
      for (int64_t zero_point : *q->zero_point()) {
        if (zero_point < INT32_MIN || zero_point > INT32_MAX) {
          bad(where_ + ": tensor '" + name_of(raw) + "' has a zero point of " +
              std::to_string(zero_point));
        }
        result.zero_points.push_back(static_cast<int32_t>(zero_point));
      }
    }
    if (q->quantized_dimension() < 0) {
      bad(where_ + ": tensor '" + name_of(raw) + "' is quantised along a negative axis");
    }
    result.axis = static_cast<size_t>(q->quantized_dimension());
    return result;
  }

  /// Reads a tensor the first time that something refers to it, so that what isn't run may hold
  /// types that aren't read.
  TensorId tensor(int32_t index) {
    const tflite::Tensor& source = raw(index);
    const auto id = static_cast<TensorId>(index);
    if (known_[id]) return id;
    known_[id] = true;
    Tensor& result = graph_.tensors[id];
    result.name = name_of(source);
    result.type = type_of(source);
    result.shape = shape_of(source);
    if (result.type != DataType::F32) result.quantization = quantization_of(source);

    const std::span<const std::byte> data = bytes_of(source);
    // Tensors may share a buffer; together they may not grow far beyond the file.
    copied_bytes_ += data.size();
    if (copied_bytes_ > 4 * bytes_.size()) {
      bad(where_ + ": its constants overlap; together they are over four times the file");
    }
    if (!data.empty()) {
      result.data = PaddedBuffer<std::byte>(data.size());
      std::memcpy(result.data.data(), data.data(), data.size());
    }
    return id;
  }

  /// The elements of a small integer constant such as axes or paddings.
  std::vector<int32_t> integers(int32_t index) const {
    const tflite::Tensor& source = raw(index);
    const std::span<const std::byte> data = bytes_of(source);
    if (source.type() != tflite::TensorType_INT32 || data.empty() || data.size() % 4 != 0 ||
        data.size() > 64) {
      unsupported(where_ + ": tensor '" + name_of(source) + "' isn't a small int32 constant");
    }
    std::vector<int32_t> values(data.size() / 4);
    std::memcpy(values.data(), data.data(), data.size());
    return values;
  }

  TensorId input(const tflite::Operator& op, uint32_t i) {
    if (op.inputs() == nullptr || i >= op.inputs()->size()) {
      bad(where_ + ": misses input " + std::to_string(i));
    }
    return tensor(op.inputs()->Get(i));
  }

  TensorId bias(const tflite::Operator& op) {
    if (op.inputs()->size() < 3 || op.inputs()->Get(2) == -1) return kNoTensor;
    return tensor(op.inputs()->Get(2));
  }

  std::vector<int32_t> integer_input(const tflite::Operator& op, uint32_t i) {
    if (op.inputs() == nullptr || i >= op.inputs()->size()) {
      bad(where_ + ": misses input " + std::to_string(i));
    }
    return integers(op.inputs()->Get(i));
  }

  TensorId output(const tflite::Operator& op) {
    if (op.outputs() == nullptr || op.outputs()->size() != 1) {
      bad(where_ + ": has not exactly one output");
    }
    return tensor(op.outputs()->Get(0));
  }

  // --- parts of operators --------------------------------------------------------------------

  template <typename Options>
  const Options& options(const Options* options) const {
    if (options == nullptr) bad(where_ + ": misses its options");
    return *options;
  }

  Activation activation(tflite::ActivationFunction function) const {
    switch (function) {
      case tflite::ActivationFunction_NONE: return Activation::none();
      case tflite::ActivationFunction_RELU: return Activation::relu();
      case tflite::ActivationFunction_RELU6: return Activation::relu6();
      case tflite::ActivationFunction_RELU_N1_TO_1: return {-1.0f, 1.0f};
      default: break;
    }
    unsupported(where_ + ": fused activation " + std::to_string(static_cast<int>(function)));
  }

  uint32_t extent(int32_t value, const char* what) const {
    if (value < 1) bad(where_ + ": " + what + " is " + std::to_string(value));
    return static_cast<uint32_t>(value);
  }

  Padding padding(tflite::Padding kind, TensorId input, Extent2d window, Extent2d stride,
                  Extent2d dilation) const {
    if (kind == tflite::Padding_VALID) return {};
    if (kind != tflite::Padding_SAME) bad(where_ + ": unknown padding");
    const Shape& shape = graph_.tensors[input].shape;
    if (shape.rank() != 4) {
      bad(where_ + ": input has shape " + shape.to_string() +
          ", wanted [1, height, width, channels]");
    }
    const auto rows = same_padding(shape[1], window.height, stride.height, dilation.height);
    const auto columns = same_padding(shape[2], window.width, stride.width, dilation.width);
    return {.top = rows[0], .right = columns[1], .bottom = rows[1], .left = columns[0]};
  }

  Extent2d filter_extent(TensorId filter) const {
    const Shape& shape = graph_.tensors[filter].shape;
    if (shape.rank() != 4) {
      bad(where_ + ": filter has shape " + shape.to_string() + ", wanted 4 dimensions");
    }
    return {static_cast<uint32_t>(std::clamp<int64_t>(shape[1], 0, INT32_MAX)),
            static_cast<uint32_t>(std::clamp<int64_t>(shape[2], 0, INT32_MAX))};
  }

  // --- operators -----------------------------------------------------------------------------

  template <typename Layer, typename Options>
  Layer convolution(const tflite::Operator& op, const Options& o) {
    Layer layer;
    layer.input = input(op, 0);
    layer.filter = input(op, 1);
    layer.bias = bias(op);
    layer.output = output(op);
    layer.stride = {extent(o.stride_h(), "stride"), extent(o.stride_w(), "stride")};
    layer.dilation = {extent(o.dilation_h_factor(), "dilation"),
                      extent(o.dilation_w_factor(), "dilation")};
    layer.padding = padding(o.padding(), layer.input, filter_extent(layer.filter), layer.stride,
                            layer.dilation);
    layer.activation = activation(o.fused_activation_function());
    return layer;
  }

  Op average_pool(const tflite::Operator& op) {
    const auto& o = options(op.builtin_options_as_Pool2DOptions());
    AveragePool2d pool;
    pool.input = input(op, 0);
    pool.output = output(op);
    pool.window = {extent(o.filter_height(), "window"), extent(o.filter_width(), "window")};
    pool.stride = {extent(o.stride_h(), "stride"), extent(o.stride_w(), "stride")};
    pool.padding = padding(o.padding(), pool.input, pool.window, pool.stride, {});
    pool.activation = activation(o.fused_activation_function());
    const Shape& in = graph_.tensors[pool.input].shape;
    const bool whole_picture = in.rank() == 4 && in[1] == pool.window.height &&
                               in[2] == pool.window.width && !pool.padding.any() &&
                               !pool.activation.any();
    if (whole_picture) return GlobalAveragePool{pool.input, pool.output};
    return pool;
  }

  Op fully_connected(const tflite::Operator& op) {
    const auto& o = options(op.builtin_options_as_FullyConnectedOptions());
    if (o.weights_format() != 0) unsupported(where_ + ": shuffled weights");
    return FullyConnected{.input = input(op, 0),
                          .filter = input(op, 1),
                          .bias = bias(op),
                          .output = output(op),
                          .activation = activation(o.fused_activation_function())};
  }

  Op mean(const tflite::Operator& op) {
    const TensorId in = input(op, 0);
    std::vector<int32_t> axes = integer_input(op, 1);
    for (int32_t& axis : axes) axis = axis < 0 ? axis + 4 : axis;
    std::ranges::sort(axes);
    if (graph_.tensors[in].shape.rank() != 4 || axes != std::vector<int32_t>{1, 2}) {
      unsupported(where_ + ": mean over axes other than height and width");
    }
    return GlobalAveragePool{in, output(op)};
  }

  Op pad(const tflite::Operator& op) {
    const std::vector<int32_t> p = integer_input(op, 1);
    if (p.size() != 8 || std::ranges::any_of(p, [](int32_t v) { return v < 0; })) {
      bad(where_ + ": paddings aren't eight counts of 0 or more");
    }
    if (p[0] != 0 || p[1] != 0 || p[6] != 0 || p[7] != 0) {
      unsupported(where_ + ": pads another axis than height and width");
    }
    const auto count = [&](size_t i) { return static_cast<uint32_t>(p[i]); };
    return Pad{.input = input(op, 0),
               .output = output(op),
               .padding = {.top = count(2), .right = count(5), .bottom = count(3), .left = count(4)}};
  }

  Op clamp(const tflite::Operator& op, Activation activation) {
    return Clamp{input(op, 0), output(op), activation};
  }

  Op to_op(const tflite::Operator& op, int code) {
    switch (code) {
      case kConv2d:
        return convolution<Conv2d>(op, options(op.builtin_options_as_Conv2DOptions()));
      case kDepthwiseConv2d:
        return convolution<DepthwiseConv2d>(
            op, options(op.builtin_options_as_DepthwiseConv2DOptions()));
      case kFullyConnected: return fully_connected(op);
      case kAdd:
        return Add{input(op, 0), input(op, 1), output(op),
                   activation(options(op.builtin_options_as_AddOptions())
                                  .fused_activation_function())};
      case kAveragePool2d: return average_pool(op);
      case kMean: return mean(op);
      case kPad: return pad(op);
      case kRelu: return clamp(op, Activation::relu());
      case kRelu6: return clamp(op, Activation::relu6());
      case kReluN1To1: return clamp(op, {-1.0f, 1.0f});
      case kReshape:
      case kSqueeze: return Reshape{input(op, 0), output(op)};
      case kQuantize:
      case kDequantize: return Convert{input(op, 0), output(op)};
      case kSoftmax:
        return Softmax{input(op, 0), output(op),
                       options(op.builtin_options_as_SoftmaxOptions()).beta()};
      default: break;
    }
    unsupported(where_ +
                " isn't run here; run are the operators of MobileNet v1 and v2 (convolutions, "
                "FULLY_CONNECTED, ADD, pools, MEAN, PAD, RELU, RESHAPE, SOFTMAX, QUANTIZE)");
  }

  void read_operator(const tflite::Operator& op, uint32_t index) {
    if (op.opcode_index() >= model_->operator_codes()->size()) {
      bad("node " + std::to_string(index) + " has operator code " +
          std::to_string(op.opcode_index()) + " of " +
          std::to_string(model_->operator_codes()->size()));
    }
    const auto& operator_code = *model_->operator_codes()->Get(op.opcode_index());
    // Files from before the 127th operator fill the old field only; newer ones both.
    const int code = std::max<int>(operator_code.builtin_code(),
                                   operator_code.deprecated_builtin_code());
    where_ = tflite_op_name(code);
    if (operator_code.custom_code() != nullptr && operator_code.custom_code()->size() > 0) {
      where_ += " '" + operator_code.custom_code()->str().substr(0, 80) + "'";
    }
    where_ += " at node " + std::to_string(index);
    Op result = to_op(op, code);
    graph_.nodes.push_back({std::move(result), where_});
  }

  std::span<const std::byte> bytes_;
  const tflite::Model* model_ = nullptr;
  const tflite::SubGraph* subgraph_ = nullptr;
  Graph graph_;
  std::vector<bool> known_;
  size_t copied_bytes_ = 0;
  std::string where_;  // what is being read, for messages
};

}  // namespace

bool is_tflite(std::span<const std::byte> bytes) {
  return bytes.size() >= 8 && std::memcmp(bytes.data() + 4, "TFL3", 4) == 0;
}

Graph read_tflite(std::span<const std::byte> bytes) {
  if (!is_tflite(bytes)) bad("no 'TFL3' at byte 4");
  return Reader(bytes).read();
}

}  // namespace teachable
