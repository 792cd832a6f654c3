#include "model/tflite_reader.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <utility>

#include "core/error.h"
#include "core/half.h"
#include "model/precision.h"
#include "model/tflite_codes.h"
#include "model/tflite_op_names.h"
#include "tflite_generated.h"

namespace teachable {
namespace {

[[noreturn]] void bad(const Text& what) {
  throw Error(ErrorCode::BadModel, {"TensorFlow Lite file: ", what});
}

[[noreturn]] void unsupported(const Text& what) {
  throw Error(ErrorCode::UnsupportedOp, {"TensorFlow Lite file: ", what});
}

class Reader {
 public:
  Reader(std::span<const std::byte> bytes, Constants constants)
      : bytes_(bytes), lends_(constants == Constants::Lent) {
    // 16 of depth is more than this schema can nest.
    flatbuffers::Verifier verifier(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(),
                                   /*max_depth=*/16, /*max_tables=*/1 << 18);
    if (!tflite::VerifyModelBuffer(verifier)) {
      bad({bytes.size(),
           " bytes whose tables point outside of it; the file is cut off or damaged"});
    }
    model_ = tflite::GetModel(bytes.data());
  }

  Graph read() {
    if (model_->version() != 3) {
      unsupported({"schema version ", model_->version(), ", wanted 3"});
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
    if (subgraph_->operators()->size() > kMaxTfliteNodes ||
        subgraph_->tensors()->size() > kMaxTfliteTensors) {
      unsupported({subgraph_->operators()->size(), " operators and ", subgraph_->tensors()->size(),
                   " tensors; read are at most ", kMaxTfliteNodes, " and ", kMaxTfliteTensors});
    }
    if (subgraph_->inputs()->size() != 1 || subgraph_->outputs()->size() != 1) {
      unsupported({subgraph_->inputs()->size(), " inputs and ", subgraph_->outputs()->size(),
                   " outputs, wanted one of each"});
    }

    raw_count_ = subgraph_->tensors()->size();
    graph_.tensors.resize(raw_count_);
    known_.resize(raw_count_);
    stands_for_.resize(raw_count_, kNoTensor);
    floats_.resize(raw_count_, kNoTensor);
    where_ = "its input";
    graph_.input = tensor(subgraph_->inputs()->Get(0));
    const std::vector<bool> needed = needed_operators();
    for (uint32_t i = 0; i < needed.size(); ++i) {
      if (needed[i]) read_operator(*subgraph_->operators()->Get(i), i);
    }
    where_ = "its output";
    graph_.output = tensor(subgraph_->outputs()->Get(0));
    return std::move(graph_);
  }

 private:
  /// Of each operator, whether the output depends on it. What computes the shape that a RESHAPE is
  /// given (SHAPE, STRIDED_SLICE, PACK, as Keras writes it for any number of pictures) counts for
  /// nothing: the tensor declares that shape too.
  std::vector<bool> needed_operators() const {
    std::vector<bool> tensors(raw_count_);
    std::vector<bool> result(subgraph_->operators()->size());
    const auto at = [&](int32_t id) { return id >= 0 && static_cast<size_t>(id) < raw_count_; };
    const auto need = [&](int32_t id) {
      if (at(id)) tensors[static_cast<size_t>(id)] = true;
    };
    need(subgraph_->outputs()->Get(0));
    for (uint32_t i = subgraph_->operators()->size(); i-- > 0;) {
      const tflite::Operator& op = *subgraph_->operators()->Get(i);
      if (op.inputs() == nullptr || op.outputs() == nullptr || op.outputs()->size() == 0) continue;
      const int32_t output = op.outputs()->Get(0);
      result[i] = at(output) && tensors[static_cast<size_t>(output)];
      if (!result[i]) continue;
      // No operator that is run reads more than three.
      const uint32_t count = code_of(op) == kReshape ? 1 : std::min(op.inputs()->size(), 3u);
      for (uint32_t k = 0; k < count && k < op.inputs()->size(); ++k) need(op.inputs()->Get(k));
    }
    return result;
  }

  const tflite::OperatorCode* operator_code(const tflite::Operator& op) const {
    const auto& codes = *model_->operator_codes();
    return op.opcode_index() < codes.size() ? codes.Get(op.opcode_index()) : nullptr;
  }

  /// -1 for an operator whose code isn't there.
  int code_of(const tflite::Operator& op) const {
    const auto* code = operator_code(op);
    // Files from before the 127th operator fill the old field only; newer ones both.
    return code == nullptr ? -1
                           : std::max<int>(code->builtin_code(), code->deprecated_builtin_code());
  }

  // --- tensors -------------------------------------------------------------------------------

  const tflite::Tensor& raw(int32_t index) const {
    if (index < 0 || static_cast<size_t>(index) >= raw_count_) {
      bad({where_, ": refers to tensor ", index, " of ", raw_count_});
    }
    return *subgraph_->tensors()->Get(static_cast<uint32_t>(index));
  }

  /// For messages: a hostile name may be megabytes long, and that of many.
  static std::string shortened(const flatbuffers::String* text) {
    return text == nullptr ? "" : std::string(text->string_view().substr(0, 80));
  }

  static std::string name_of(const tflite::Tensor& raw) { return shortened(raw.name()); }

  DataType type_of(const tflite::Tensor& raw) const {
    switch (raw.type()) {
      case tflite::TensorType_FLOAT32:
        return DataType::F32;
      // Only constants are stored like this; they are widened as they are read.
      case tflite::TensorType_FLOAT16:
        return DataType::F32;
      case tflite::TensorType_INT32:
        return DataType::I32;
      case tflite::TensorType_UINT8:
        return DataType::U8;
      case tflite::TensorType_INT8:
        return DataType::I8;
      default:
        break;
    }
    unsupported({where_, ": tensor '", name_of(raw), "' has type ", static_cast<int>(raw.type()),
                 "; read are float32, float16, int32, uint8 and int8"});
  }

  std::span<const std::byte> bytes_of(const tflite::Tensor& raw) const {
    const auto* buffers = model_->buffers();
    if (raw.buffer() >= buffers->size()) {
      bad({where_, ": tensor '", name_of(raw), "' lies in buffer ", raw.buffer(), " of ",
           buffers->size()});
    }
    const auto* data = buffers->Get(raw.buffer())->data();
    if (data == nullptr) return {};
    return {reinterpret_cast<const std::byte*>(data->data()), data->size()};
  }

  Shape shape_of(const tflite::Tensor& raw) const {
    std::vector<int64_t> dims;
    if (raw.shape() != nullptr) {
      constexpr uint32_t kMaxRank = 8;
      if (raw.shape()->size() > kMaxRank)
        bad({where_, ": tensor '", name_of(raw), "' has ", raw.shape()->size(), " dimensions"});
      dims.assign(raw.shape()->begin(), raw.shape()->end());
    }
    return Shape(std::move(dims));
  }

  Quantization quantization_of(const tflite::Tensor& raw) const {
    Quantization result;
    const auto* q = raw.quantization();
    if (q == nullptr || q->scale() == nullptr || q->scale()->size() == 0) return result;
    result.scales.assign(q->scale()->begin(), q->scale()->end());
    const auto* zero_points = q->zero_point();
    if (zero_points == nullptr) {
      result.zero_points.assign(result.scales.size(), 0);
    } else {
      const uint8_t* const data = zero_points->Data();
      const uint32_t count = zero_points->size();
      result.zero_points.reserve(count);
      for (uint32_t i = 0; i < count; ++i) {
        // The verifier doesn't ask for the alignment of eight bytes, so a damaged file's may stand
        // anywhere.
        int64_t zero_point;
        std::memcpy(&zero_point, data + i * sizeof zero_point, sizeof zero_point);
        if (zero_point < INT32_MIN || zero_point > INT32_MAX) {
          bad({where_, ": tensor '", name_of(raw), "' has a zero point of ", zero_point});
        }
        result.zero_points.push_back(static_cast<int32_t>(zero_point));
      }
    }
    if (q->quantized_dimension() < 0) {
      bad({where_, ": tensor '", name_of(raw), "' is quantised along a negative axis"});
    }
    result.axis = static_cast<size_t>(q->quantized_dimension());
    return result;
  }

  /// Reads a tensor the first time that something refers to it, so that what isn't run may hold
  /// types that aren't read.
  TensorId tensor(int32_t index) {
    const tflite::Tensor& source = raw(index);
    const auto id = static_cast<TensorId>(index);
    if (stands_for_[id] != kNoTensor) return stands_for_[id];
    if (known_[id]) return id;
    known_[id] = true;
    Tensor& result = graph_.tensors[id];
    result.name = name_of(source);
    result.type = type_of(source);
    result.shape = shape_of(source);
    if (result.type != DataType::F32) result.quantization = quantization_of(source);

    const std::span<const std::byte> data = bytes_of(source);
    // Tensors may share a buffer, or scales; together they may not grow far beyond the file.
    copied_bytes_ += data.size() + 8 * result.quantization.scales.size();
    if (copied_bytes_ > 4 * bytes_.size()) {
      bad({where_, ": its constants overlap; together they are over four times the file"});
    }
    if (source.type() == tflite::TensorType_FLOAT16) {
      widen(data, result);
    } else if (!data.empty()) {
      result.data = ConstantData::lent(data);
      // Nor does the verifier ask for the alignment that elements need.
      const bool is_aligned =
          reinterpret_cast<uintptr_t>(data.data()) % element_size(result.type) == 0;
      if (!lends_ || !is_aligned) result.data.own();
    }
    return id;
  }

  void widen(std::span<const std::byte> halves, Tensor& result) const {
    if (halves.empty()) {
      unsupported({where_, ": tensor '", result.name,
                   "' is computed in float16; only weights may be float16"});
    }
    if (halves.size() % 2 != 0) bad({where_, ": a float16 tensor of half an element"});
    result.data = PaddedBuffer<std::byte>(2 * halves.size());
    auto* floats = reinterpret_cast<float*>(result.data.data());
    for (size_t i = 0; i < halves.size() / 2; ++i) {
      uint16_t half = 0;
      std::memcpy(&half, halves.data() + 2 * i, 2);
      floats[i] = half_to_float(half);
    }
  }

  /// Weights of integers under a layer of floats ("dynamic range") become floats: the layer
  /// computes in these.
  TensorId weights_for(TensorId input, TensorId weights) {
    if (graph_.tensors[input].type != DataType::F32) return weights;
    return floats_of(weights);
  }

  /// The constant in floats, made once.
  TensorId floats_of(TensorId id) {
    const Tensor& constant = graph_.tensors[id];
    if (constant.type == DataType::F32 || !constant.is_constant()) return id;
    // What was added to the file's own tensors is float already.
    TensorId& floats = floats_[id];
    if (floats == kNoTensor) {
      check_constant(constant);
      floats = add_tensor(to_float_constant(constant));
    }
    return floats;
  }

  /// Its length is what its shape says: nothing else has looked yet.
  void check_constant(const Tensor& constant) const {
    const int64_t count = constant.shape.checked_element_count(kMaxTensorElements);
    if (count < 0 ||
        static_cast<size_t>(count) * element_size(constant.type) != constant.data.size()) {
      bad({where_, ": constant '", constant.name, "' has shape ", constant.shape, " and ",
           constant.data.size(), " bytes"});
    }
  }

  /// The elements of a small integer constant such as axes or paddings.
  std::vector<int32_t> integers(int32_t index) const {
    const tflite::Tensor& source = raw(index);
    const std::span<const std::byte> data = bytes_of(source);
    if (source.type() != tflite::TensorType_INT32 || data.empty() || data.size() % 4 != 0 ||
        data.size() > 64) {
      unsupported({where_, ": tensor '", name_of(source), "' isn't a small int32 constant"});
    }
    std::vector<int32_t> values(data.size() / 4);
    std::memcpy(values.data(), data.data(), data.size());
    return values;
  }

  TensorId input(const tflite::Operator& op, uint32_t i) {
    if (op.inputs() == nullptr || i >= op.inputs()->size()) {
      bad({where_, ": misses input ", i});
    }
    return tensor(op.inputs()->Get(i));
  }

  TensorId bias(const tflite::Operator& op) {
    if (op.inputs()->size() < 3 || op.inputs()->Get(2) == -1) return kNoTensor;
    return tensor(op.inputs()->Get(2));
  }

  std::vector<int32_t> integer_input(const tflite::Operator& op, uint32_t i) {
    if (op.inputs() == nullptr || i >= op.inputs()->size()) {
      bad({where_, ": misses input ", i});
    }
    return integers(op.inputs()->Get(i));
  }

  TensorId output(const tflite::Operator& op) {
    if (op.outputs() == nullptr || op.outputs()->size() != 1) {
      bad({where_, ": has not exactly one output"});
    }
    return tensor(op.outputs()->Get(0));
  }

  // --- parts of operators --------------------------------------------------------------------

  template <typename Options>
  const Options& options(const Options* options) const {
    if (options == nullptr) bad({where_, ": misses its options"});
    return *options;
  }

  Activation activation(tflite::ActivationFunction function) const {
    switch (function) {
      case tflite::ActivationFunction_NONE:
        return Activation::none();
      case tflite::ActivationFunction_RELU:
        return Activation::relu();
      case tflite::ActivationFunction_RELU6:
        return Activation::relu6();
      case tflite::ActivationFunction_RELU_N1_TO_1:
        return {-1.0f, 1.0f};
      default:
        break;
    }
    unsupported({where_, ": fused activation ", static_cast<int>(function)});
  }

  /// Files leave the options out when all of them have their defaults.
  template <typename Options>
  Activation fused(const Options* options) const {
    if (options == nullptr) return Activation::none();
    return activation(options->fused_activation_function());
  }

  uint32_t extent(int32_t value, const char* what) const {
    if (value < 1) bad({where_, ": ", what, " is ", value});
    return static_cast<uint32_t>(value);
  }

  Padding padding(tflite::Padding kind, TensorId input, Extent2d window, Extent2d stride,
                  Extent2d dilation) const {
    if (kind == tflite::Padding_VALID) return {};
    if (kind != tflite::Padding_SAME) bad({where_, ": unknown padding"});
    const Shape& shape = graph_.tensors[input].shape;
    if (shape.rank() != 4) {
      bad({where_, ": input has shape ", shape, ", wanted [1, height, width, channels]"});
    }
    const auto rows = same_padding(shape[1], window.height, stride.height, dilation.height);
    const auto columns = same_padding(shape[2], window.width, stride.width, dilation.width);
    return {.top = rows[0], .right = columns[1], .bottom = rows[1], .left = columns[0]};
  }

  Extent2d filter_extent(TensorId filter) const {
    const Shape& shape = graph_.tensors[filter].shape;
    if (shape.rank() != 4) {
      bad({where_, ": filter has shape ", shape, ", wanted 4 dimensions"});
    }
    return {static_cast<uint32_t>(std::clamp<int64_t>(shape[1], 0, INT32_MAX)),
            static_cast<uint32_t>(std::clamp<int64_t>(shape[2], 0, INT32_MAX))};
  }

  // --- operators -----------------------------------------------------------------------------

  template <typename Layer, typename Options>
  Layer convolution(const tflite::Operator& op, const Options& o) {
    Layer layer;
    layer.input = input(op, 0);
    layer.filter = weights_for(layer.input, input(op, 1));
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

  template <typename Pool>
  Pool windowed_pool(const tflite::Operator& op) {
    const auto& o = options(op.builtin_options_as_Pool2DOptions());
    Pool pool;
    pool.input = input(op, 0);
    pool.output = output(op);
    pool.window = {extent(o.filter_height(), "window"), extent(o.filter_width(), "window")};
    pool.stride = {extent(o.stride_h(), "stride"), extent(o.stride_w(), "stride")};
    pool.padding = padding(o.padding(), pool.input, pool.window, pool.stride, {});
    pool.activation = activation(o.fused_activation_function());
    return pool;
  }

  Op average_pool(const tflite::Operator& op) {
    const auto pool = windowed_pool<AveragePool2d>(op);
    const Shape& in = graph_.tensors[pool.input].shape;
    const bool whole_picture = in.rank() == 4 && in[1] == pool.window.height &&
                               in[2] == pool.window.width && !pool.padding.any() &&
                               !pool.activation.any();
    if (whole_picture) return GlobalAveragePool{pool.input, pool.output};
    return pool;
  }

  Op fully_connected(const tflite::Operator& op) {
    const auto& o = options(op.builtin_options_as_FullyConnectedOptions());
    if (o.weights_format() != 0) unsupported({where_, ": shuffled weights"});
    const TensorId in = input(op, 0);
    return FullyConnected{.input = in,
                          .filter = weights_for(in, input(op, 1)),
                          .bias = bias(op),
                          .output = output(op),
                          .activation = activation(o.fused_activation_function())};
  }

  Op mean(const tflite::Operator& op) {
    const TensorId in = input(op, 0);
    std::vector<int32_t> axes = integer_input(op, 1);
    for (int32_t& axis : axes) axis = axis < 0 ? axis + 4 : axis;
    const bool is_picture =
        axes == std::vector<int32_t>{1, 2} || axes == std::vector<int32_t>{2, 1};
    if (graph_.tensors[in].shape.rank() != 4 || !is_picture) {
      unsupported({where_, ": mean over axes other than height and width"});
    }
    return GlobalAveragePool{in, output(op)};
  }

  /// PADV2 says what it pads with; all but zero would need an operator of its own.
  void want_zero_padding(const tflite::Operator& op) {
    const TensorId id = input(op, 2);
    const Tensor& value = graph_.tensors[id];
    if (!value.is_constant() || value.type == DataType::I32) {
      unsupported({where_, ": pads with a computed or int32 value"});
    }
    check_constant(value);
    const Tensor real = to_float_constant(value);
    const auto* floats = reinterpret_cast<const float*>(real.data.data());
    for (size_t i = 0; i < real.shape.element_count(); ++i) {
      if (floats[i] != 0) unsupported({where_, ": pads with another value than 0"});
    }
  }

  Op pad(const tflite::Operator& op) {
    const std::vector<int32_t> p = integer_input(op, 1);
    if (p.size() != 8 || std::ranges::any_of(p, [](int32_t v) { return v < 0; })) {
      bad({where_, ": paddings aren't eight counts of 0 or more"});
    }
    if (p[0] != 0 || p[1] != 0 || p[6] != 0 || p[7] != 0) {
      unsupported({where_, ": pads another axis than height and width"});
    }
    const auto count = [&](size_t i) { return static_cast<uint32_t>(p[i]); };
    return Pad{
        .input = input(op, 0),
        .output = output(op),
        .padding = {.top = count(2), .right = count(5), .bottom = count(3), .left = count(4)}};
  }

  /// Bytes as they are become floats: at the input only, as elsewhere the operator would forget the
  /// scale that bytes have here.
  Op cast(const tflite::Operator& op) {
    const TensorId from = input(op, 0);
    const TensorId to = output(op);
    Tensor& picture = graph_.tensors[from];
    const bool is_bytes = picture.type == DataType::U8 || picture.type == DataType::I8;
    if (from != graph_.input || !is_bytes || picture.quantization.present() ||
        graph_.tensors[to].type != DataType::F32) {
      unsupported({where_, " is run of an input of bytes to float32 only"});
    }
    picture.quantization = {{1}, {0}, 0};
    return Convert{from, to};
  }

  Op to_unit_length(const tflite::Operator& op) {
    const TensorId from = input(op, 0);
    const Shape& shape = graph_.tensors[from].shape;
    if (shape.checked_element_count(kMaxTensorElements) != shape.channels()) {
      unsupported({where_, ": normalises shape ", shape, "; one vector is run"});
    }
    return Convert{from, output(op), /*to_unit_length=*/true};
  }

  Op clamp(const tflite::Operator& op, Activation activation) {
    return Clamp{input(op, 0), output(op), activation};
  }

  /// MAXIMUM and MINIMUM with one constant.
  float limit(const tflite::Operator& op) {
    const TensorId id = input(op, 1);
    const Tensor& value = graph_.tensors[id];
    if (value.type != DataType::F32 || value.data.size() != sizeof(float)) {
      unsupported({where_, " is run with one float constant, second, only"});
    }
    float number = 0;
    std::memcpy(&number, value.data.data(), sizeof number);
    return number;
  }

  // --- elementwise ---------------------------------------------------------------------------

  TensorId add_tensor(Tensor tensor) {
    graph_.tensors.push_back(std::move(tensor));
    return static_cast<TensorId>(graph_.tensors.size() - 1);
  }

  enum class Arithmetic { Add, Subtract, Multiply, Divide };

  /// What `x <how> constant` (or `constant <how> x`) is as x * scale + offset.
  std::pair<float, float> as_affine(Arithmetic how, float constant, bool constant_first) const {
    switch (how) {
      case Arithmetic::Add:
        return {1, constant};
      case Arithmetic::Subtract:
        if (constant_first) return {-1, constant};
        return {1, -constant};
      case Arithmetic::Multiply:
        return {constant, 0};
      case Arithmetic::Divide:
        if (constant_first) unsupported({where_, ": divides a constant by what is computed"});
        return {1 / constant, 0};
    }
    return {1, 0};
  }

  struct Affine {
    TensorId constant;
    Arithmetic how;
    bool constant_first;
    size_t channel_count;
    std::pair<TensorId, TensorId> made;
  };

  /// Scale and offset of `x <how> constant`, one a channel.
  std::pair<TensorId, TensorId> affine_constants(const Tensor& constant, Arithmetic how,
                                                 bool constant_first, size_t channel_count) {
    const size_t count = constant.shape.element_count();
    const Shape shape{static_cast<int64_t>(channel_count)};
    const auto* values = reinterpret_cast<const float*>(constant.data.data());
    // One value becomes one a channel: channels of a hostile file cost no more than it has bytes.
    charge(8 * channel_count);
    Tensor scale;
    scale.name = constant.name;
    scale.shape = shape;
    scale.data = PaddedBuffer<std::byte>(channel_count * sizeof(float));
    Tensor offset;
    offset.name = constant.name;
    offset.shape = shape;
    offset.data = PaddedBuffer<std::byte>(channel_count * sizeof(float));
    for (size_t i = 0; i < channel_count; ++i) {
      const auto [a, b] = as_affine(how, values[count == 1 ? 0 : i], constant_first);
      reinterpret_cast<float*>(scale.data.data())[i] = a;
      reinterpret_cast<float*>(offset.data.data())[i] = b;
    }
    const TensorId scale_id = add_tensor(std::move(scale));
    return {scale_id, add_tensor(std::move(offset))};
  }

  /// Preprocessing that is part of the network, or a batch norm in pieces.
  Op affine(TensorId in, TensorId constant_id, Arithmetic how, bool constant_first,
            Activation activation, TensorId out) {
    // A copy: adding tensors moves the vector's elements.
    const Tensor constant = to_float_constant(graph_.tensors[constant_id]);
    check_constant(constant);
    const int64_t channels = graph_.tensors[in].shape.channels();
    const size_t count = constant.shape.element_count();
    if (channels < 1 || channels > kMaxTensorElements ||
        (count != 1 &&
         (count != static_cast<size_t>(channels) || constant.shape.channels() != channels))) {
      unsupported({where_, ": computes with a constant of shape ", constant.shape,
                   ", wanted one value or one a channel"});
    }
    const auto channel_count = static_cast<size_t>(channels);
    auto made = std::ranges::find_if(affines_, [&](const Affine& each) {
      return each.constant == constant_id && each.how == how &&
             each.constant_first == constant_first && each.channel_count == channel_count;
    });
    if (made == affines_.end()) {
      affines_.push_back({constant_id, how, constant_first, channel_count,
                          affine_constants(constant, how, constant_first, channel_count)});
      made = affines_.end() - 1;
    }
    ScaleShift op{in, made->made.first, made->made.second, out};
    if (!activation.any()) return op;
    Tensor between;
    between.name = graph_.tensors[out].name;
    between.shape = graph_.tensors[in].shape;
    op.output = add_tensor(std::move(between));
    graph_.nodes.push_back({op, where_});
    return Clamp{op.output, out, activation};
  }

  /// Memory that the file makes us take beyond what it has itself.
  void charge(size_t bytes) {
    charged_bytes_ += bytes;
    if (charged_bytes_ > 4 * bytes_.size() + (size_t{1} << 20)) {
      bad({where_, ": its small constants stand for far more values than the file has"});
    }
  }

  Op arithmetic(const tflite::Operator& op, Arithmetic how, Activation activation) {
    TensorId a = input(op, 0);
    TensorId b = input(op, 1);
    const TensorId out = output(op);
    const bool constant_first = graph_.tensors[a].is_constant();
    if (constant_first) std::swap(a, b);
    if (graph_.tensors[b].is_constant() && graph_.tensors[a].type == DataType::F32) {
      b = floats_of(b);
      if (graph_.tensors[b].type == DataType::F32) {
        return affine(a, b, how, constant_first, activation, out);
      }
    }
    // What is repeated for each pixel stands second.
    if (graph_.tensors[a].shape.element_count() < graph_.tensors[b].shape.element_count() &&
        !graph_.tensors[b].is_constant()) {
      std::swap(a, b);
    }
    switch (how) {
      case Arithmetic::Add:
        return Add{a, b, out, activation};
      case Arithmetic::Multiply:
        return Multiply{a, b, out, activation};
      case Arithmetic::Subtract:
      case Arithmetic::Divide:
        break;
    }
    unsupported({where_, " is run with a float constant only"});
  }

  Op to_op(const tflite::Operator& op, int code) {
    switch (code) {
      case kConv2d:
        return convolution<Conv2d>(op, options(op.builtin_options_as_Conv2DOptions()));
      case kDepthwiseConv2d:
        return convolution<DepthwiseConv2d>(
            op, options(op.builtin_options_as_DepthwiseConv2DOptions()));
      case kFullyConnected:
        return fully_connected(op);
      case kAdd:
        return arithmetic(op, Arithmetic::Add, fused(op.builtin_options_as_AddOptions()));
      case kSub:
        return arithmetic(op, Arithmetic::Subtract, fused(op.builtin_options_as_SubOptions()));
      case kMul:
        return arithmetic(op, Arithmetic::Multiply, fused(op.builtin_options_as_MulOptions()));
      case kDiv:
        return arithmetic(op, Arithmetic::Divide, fused(op.builtin_options_as_DivOptions()));
      case kHardSwish:
        return HardSwish{input(op, 0), output(op)};
      case kLogistic:
        return Sigmoid{input(op, 0), output(op)};
      case kMaxPool2d:
        return windowed_pool<MaxPool2d>(op);
      case kAveragePool2d:
        return average_pool(op);
      case kMean:
        return mean(op);
      case kPad:
        return pad(op);
      case kPadV2:
        want_zero_padding(op);
        return pad(op);
      case kRelu:
        return clamp(op, Activation::relu());
      case kRelu6:
        return clamp(op, Activation::relu6());
      case kReluN1To1:
        return clamp(op, {-1.0f, 1.0f});
      case kMaximum:
        return clamp(op, {.min = limit(op)});
      case kMinimum:
        return clamp(op, {.max = limit(op)});
      case kReshape:
      case kSqueeze:
        return Reshape{input(op, 0), output(op)};
      case kQuantize:
      case kDequantize:
        return Convert{input(op, 0), output(op)};
      case kCast:
        return cast(op);
      case kL2Normalization:
        return to_unit_length(op);
      case kSoftmax:
        return Softmax{input(op, 0), output(op),
                       options(op.builtin_options_as_SoftmaxOptions()).beta()};
      default:
        break;
    }
    unsupported(
        {where_,
         " isn't run here; run are the operators of MobileNet v1, v2 and v3 (convolutions, "
         "FULLY_CONNECTED, ADD, MUL, pools, MEAN, PAD, RELU, HARD_SWISH, LOGISTIC, RESHAPE, "
         "SOFTMAX, QUANTIZE)"});
  }

  void read_operator(const tflite::Operator& op, uint32_t index) {
    const int code = code_of(op);
    if (code < 0) {
      bad({"node ", index, " has operator code ", op.opcode_index(), " of ",
           model_->operator_codes()->size()});
    }
    where_ = tflite_op_name(code);
    const std::string custom = shortened(operator_code(op)->custom_code());
    if (!custom.empty()) where_ += " '" + custom + "'";
    where_ += " at node " + std::to_string(index);
    if (code == kDequantize && is_of_constant(op)) {
      const TensorId source = floats_of(input(op, 0));
      const TensorId id = output(op);
      if (id >= raw_count_ || graph_.tensors[id].is_constant()) {
        bad({where_, ": writes a tensor that has a value already"});
      }
      stands_for_[id] = source;
      return;
    }
    Op result = to_op(op, code);
    graph_.nodes.push_back({std::move(result), where_});
  }

  bool is_of_constant(const tflite::Operator& op) {
    return graph_.tensors[input(op, 0)].is_constant();
  }

  std::span<const std::byte> bytes_;
  bool lends_;
  const tflite::Model* model_ = nullptr;
  const tflite::SubGraph* subgraph_ = nullptr;
  Graph graph_;
  std::vector<bool> known_;
  size_t raw_count_ = 0;  // the file's own tensors come first in graph_
  std::vector<TensorId>
      stands_for_;  // by a file's tensor: the constant that DEQUANTIZE makes of another one
  std::vector<TensorId> floats_;  // by a file's tensor: the integer constant in floats
  std::vector<Affine> affines_;   // of affine(), made once
  size_t copied_bytes_ = 0;
  size_t charged_bytes_ = 0;
  std::string where_;  // what is being read, for messages
};

}  // namespace

bool is_tflite(std::span<const std::byte> bytes) {
  return bytes.size() >= 8 && std::memcmp(bytes.data() + 4, "TFL3", 4) == 0;
}

Graph read_tflite(std::span<const std::byte> bytes, Constants constants) {
  if (!is_tflite(bytes)) bad("no 'TFL3' at byte 4");
  return Reader(bytes, constants).read();
}

}  // namespace teachable
