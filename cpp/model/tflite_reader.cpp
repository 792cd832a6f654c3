#include "model/tflite_reader.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <utility>

#include "core/error.h"
#include "core/half.h"
#include "graph/errors.h"
#include "graph/outputs.h"
#include "model/precision.h"
#include "tflite_generated.h"

namespace teachable {
namespace {

/// Returns an operator's name, such as "CONV_2D", or "operator 200" if the schema has no name.
std::string operator_name(int code) {
  const char* name = tflite::EnumNameBuiltinOperator(static_cast<tflite::BuiltinOperator>(code));
  return *name == '\0' ? "operator " + std::to_string(code) : name;
}

class Reader {
 public:
  Reader(std::span<const std::byte> bytes, ConstantStorage storage)
      : bytes_(bytes), borrows_(storage == ConstantStorage::Borrowed) {
    // This schema can't nest 16 levels.
    flatbuffers::Verifier verifier(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(),
                                   /*max_depth=*/16, /*max_tables=*/1 << 18);
    if (!tflite::VerifyModelBuffer(verifier)) {
      bad({"an offset points outside of the ", bytes.size(),
           " bytes; the file is incomplete or damaged"});
    }
    model_ = tflite::GetModel(bytes.data());
  }

  Graph read(InputSize size, const std::string& wanted_output) {
    if (model_->version() != 3) {
      unsupported({"schema version ", model_->version()}, "version 3");
    }
    if (model_->subgraphs() == nullptr || model_->subgraphs()->size() == 0 ||
        model_->operator_codes() == nullptr || model_->buffers() == nullptr) {
      bad("there is no graph");
    }
    subgraph_ = model_->subgraphs()->Get(0);
    if (subgraph_->tensors() == nullptr || subgraph_->operators() == nullptr ||
        subgraph_->inputs() == nullptr || subgraph_->outputs() == nullptr) {
      bad("the graph has no tensors, operators, inputs or outputs");
    }
    static_assert(kMaxTfliteNodes == 4096 && kMaxTfliteTensors == 16384);
    if (subgraph_->operators()->size() > kMaxTfliteNodes ||
        subgraph_->tensors()->size() > kMaxTfliteTensors) {
      unsupported({"size of ", subgraph_->operators()->size(), " operators and ",
                   subgraph_->tensors()->size(), " tensors"},
                  "up to 4096 operators and 16384 tensors");
    }
    const size_t output_count = subgraph_->outputs()->size();
    static_assert(kMaxOutputs == 256);
    if (subgraph_->inputs()->size() != 1 || output_count == 0 || output_count > kMaxOutputs) {
      unsupported(
          {"number of inputs (", subgraph_->inputs()->size(), ") or outputs (", output_count, ")"},
          "one input, and 1 to 256 outputs");
    }

    file_tensor_count_ = subgraph_->tensors()->size();
    graph_.tensors.resize(file_tensor_count_);
    is_read_.resize(file_tensor_count_);
    replacement_.resize(file_tensor_count_, kNoTensor);
    float_copy_.resize(file_tensor_count_, kNoTensor);
    where_ = "Input";
    channels_first_.resize(file_tensor_count_);
    read_input(size);
    where_ = "Output";
    output_ = output_index(wanted_output);
    const std::vector<bool> needed = needed_operators();
    for (uint32_t i = 0; i < needed.size(); ++i) {
      if (needed[i]) read_operator(*subgraph_->operators()->Get(i), i);
    }
    where_ = "Output";
    graph_.output = tensor(output_);
    return std::move(graph_);
  }

 private:
  [[noreturn]] void bad(const Text& what) const { throw_bad_model(where_, what); }

  [[noreturn]] void unsupported(const Text& what, const char* supported) const {
    throw_unsupported(where_, what, supported);
  }

  static constexpr size_t kMaxOutputs = 256;

  static bool is_channel_count(int64_t count) { return count == 3 || count == 1; }

  /// Reads the input, whose height and width may be open.
  void read_input(InputSize size) {
    const int32_t index = subgraph_->inputs()->Get(0);
    const tflite::Tensor& source = raw(index);
    const auto* signature = source.shape_signature();
    std::vector<int64_t> dims = shape_of(source).dims();
    if (signature != nullptr && signature->size() == dims.size())
      dims.assign(signature->begin(), signature->end());
    const bool is_first =
        dims.size() == 4 && is_channel_count(dims[1]) && !is_channel_count(dims[3]);
    channels_first_[static_cast<size_t>(index)] = is_first;
    graph_.input = tensor(index);
    Shape& shape = graph_.tensors[graph_.input].shape;
    if (shape.rank() != 4) return;
    const int64_t height = dims[is_first ? 2 : 1];
    const int64_t width = dims[is_first ? 3 : 2];
    constexpr int64_t kMaxSide = 1 << 14;
    const auto side = [&](int64_t open, int64_t declared, int64_t wanted, const char* name) {
      if (wanted < 0 || wanted > kMaxSide) {
        throw Error(ErrorCode::BadArgument, {"preprocess.", name, ": got ", wanted,
                                             "; expected 1 to ", kMaxSide, " pixels."});
      }
      if (open >= 0 && wanted != 0 && wanted != declared) {
        throw Error(ErrorCode::BadArgument,
                    {"preprocess.", name, ": got ", wanted, ", but the input of this network has ",
                     declared, " pixels. Only a network for pictures of any size takes another."});
      }
      if (open >= 0) return declared;
      return wanted != 0 ? wanted : declared > 1 ? declared : kUsualSide;
    };
    Shape chosen{shape[0], side(height, shape[1], size.height, "height"),
                 side(width, shape[2], size.width, "width"), shape[3]};
    is_resized_ = chosen != shape;
    shape = std::move(chosen);
    if ((height < 0 && size.height == 0) || (width < 0 && size.width == 0)) {
      warn(graph_,
           {"The network takes pictures of any size. Its input has ", shape[2], " x ", shape[1],
            " pixels now; pass `preprocess: { width, height }` with the size that it was ",
            "trained with."});
    }
  }

  /// Returns the scores that an output of the file gives.
  Scores scores_of(int32_t tensor) const {
    for (uint32_t i = subgraph_->operators()->size(); i-- > 0;) {
      const tflite::Operator& op = *subgraph_->operators()->Get(i);
      if (op.inputs() == nullptr || op.inputs()->size() == 0 || op.outputs() == nullptr ||
          op.outputs()->size() == 0 || op.outputs()->Get(0) != tensor)
        continue;
      switch (code_of(op)) {
        case tflite::BuiltinOperator_SOFTMAX:
          return Scores::OfOneClass;
        case tflite::BuiltinOperator_LOGISTIC:
          return Scores::Independent;
        case tflite::BuiltinOperator_RESHAPE:
        case tflite::BuiltinOperator_SQUEEZE:
        case tflite::BuiltinOperator_QUANTIZE:
        case tflite::BuiltinOperator_DEQUANTIZE:
          tensor = op.inputs()->Get(0);
          break;
        default:
          return Scores::None;
      }
    }
    return Scores::None;
  }

  /// Returns the name of an output in the file's signature, such as "dense_1"; "" without one. The
  /// names of tensors say less: "StatefulPartitionedCall:1".
  std::string_view name_in_signature(int32_t tensor) const {
    if (model_->signature_defs() == nullptr) return {};
    for (const tflite::SignatureDef* signature : *model_->signature_defs()) {
      if (signature->outputs() == nullptr || signature->subgraph_index() != 0) continue;
      for (const tflite::TensorMap* each : *signature->outputs()) {
        if (int64_t{each->tensor_index()} == tensor && each->name() != nullptr)
          return each->name()->string_view();
      }
    }
    return {};
  }

  /// Returns the tensor of the output that `wanted` names; see OutputChoice.
  int32_t output_index(const std::string& wanted) {
    const auto& tensors = *subgraph_->outputs();
    OutputChoice choice(graph_, wanted);
    for (const int32_t tensor : tensors) {
      const auto* own = raw(tensor).name();
      const std::string_view alias = own == nullptr ? std::string_view() : own->string_view();
      const std::string_view name = name_in_signature(tensor);
      choice.add(name.empty() ? alias : name, alias, scores_of(tensor));
    }
    return tensors.Get(static_cast<uint32_t>(choice.choose()));
  }

  /// Returns for each operator whether the output depends on it. Operators that only compute the
  /// shape of a RESHAPE don't count (SHAPE, STRIDED_SLICE and PACK, which Keras writes for a batch
  /// of any size), because its output tensor declares that shape too.
  std::vector<bool> needed_operators() const {
    std::vector<bool> tensors(file_tensor_count_);
    std::vector<bool> result(subgraph_->operators()->size());
    const auto is_valid = [&](int32_t id) {
      return id >= 0 && static_cast<size_t>(id) < file_tensor_count_;
    };
    const auto need = [&](int32_t id) {
      if (is_valid(id)) tensors[static_cast<size_t>(id)] = true;
    };
    need(output_);
    for (uint32_t i = subgraph_->operators()->size(); i-- > 0;) {
      const tflite::Operator& op = *subgraph_->operators()->Get(i);
      if (op.inputs() == nullptr || op.outputs() == nullptr || op.outputs()->size() == 0) continue;
      const int32_t output = op.outputs()->Get(0);
      result[i] = is_valid(output) && tensors[static_cast<size_t>(output)];
      if (!result[i]) continue;
      // Except for CONCATENATION, no supported operator reads more than three tensors.
      const int code = code_of(op);
      const uint32_t count = code == tflite::BuiltinOperator_RESHAPE         ? 1
                             : code == tflite::BuiltinOperator_CONCATENATION ? 64
                                                                             : 3;
      for (uint32_t k = 0; k < count && k < op.inputs()->size(); ++k) need(op.inputs()->Get(k));
    }
    return result;
  }

  const tflite::OperatorCode* operator_code(const tflite::Operator& op) const {
    const auto& codes = *model_->operator_codes();
    return op.opcode_index() < codes.size() ? codes.Get(op.opcode_index()) : nullptr;
  }

  /// Returns the operator's number in BuiltinOperator, or -1 if the file doesn't state it.
  int code_of(const tflite::Operator& op) const {
    const auto* code = operator_code(op);
    // Old files, from before the 127th operator, have only the deprecated field; new files have
    // both.
    return code == nullptr ? -1
                           : std::max<int>(code->builtin_code(), code->deprecated_builtin_code());
  }

  // --- tensors -------------------------------------------------------------------------------

  const tflite::Tensor& raw(int32_t index) const {
    if (index < 0 || static_cast<size_t>(index) >= file_tensor_count_) {
      bad({"tensor ", index, " doesn't exist; the file has ", file_tensor_count_, " tensors"});
    }
    return *subgraph_->tensors()->Get(static_cast<uint32_t>(index));
  }

  /// Returns at most 80 characters. Hostile names may have megabytes.
  static std::string shortened(const flatbuffers::String* text) {
    return text == nullptr ? "" : std::string(text->string_view().substr(0, 80));
  }

  static std::string name_of(const tflite::Tensor& raw) { return shortened(raw.name()); }

  DataType type_of(const tflite::Tensor& raw) const {
    switch (raw.type()) {
      case tflite::TensorType_FLOAT32:
        return DataType::F32;
      // Only constants may be float16. They are converted to float32 while they are read.
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
    unsupported({"type ", static_cast<int>(raw.type()), " of tensor '", name_of(raw), "'"},
                "float32, float16, int32, uint8 and int8");
  }

  std::span<const std::byte> bytes_of(const tflite::Tensor& raw) const {
    const auto* buffers = model_->buffers();
    if (raw.buffer() >= buffers->size()) {
      bad({"buffer ", raw.buffer(), " of tensor '", name_of(raw), "' doesn't exist; the file has ",
           buffers->size(), " buffers"});
    }
    const auto* data = buffers->Get(raw.buffer())->data();
    if (data == nullptr) return {};
    return {reinterpret_cast<const std::byte*>(data->data()), data->size()};
  }

  Shape shape_of(const tflite::Tensor& raw) const {
    std::vector<int64_t> dims;
    if (raw.shape() != nullptr) {
      constexpr uint32_t kMaxRank = 8;
      if (raw.shape()->size() > kMaxRank) {
        bad({"tensor '", name_of(raw), "' has ", raw.shape()->size(), " dimensions; the limit is ",
             kMaxRank});
      }
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
        // The verifier doesn't check the alignment of 8-byte values, so they may be unaligned in a
        // damaged file.
        int64_t zero_point;
        std::memcpy(&zero_point, data + i * sizeof zero_point, sizeof zero_point);
        if (zero_point < INT32_MIN || zero_point > INT32_MAX) {
          bad({"tensor '", name_of(raw), "' has the zero point ", zero_point,
               ", which is too large"});
        }
        result.zero_points.push_back(static_cast<int32_t>(zero_point));
      }
    }
    if (q->quantized_dimension() < 0) {
      bad({"tensor '", name_of(raw), "' has a negative quantization axis"});
    }
    result.axis = static_cast<size_t>(q->quantized_dimension());
    // A vector has one axis, whatever the file says.
    if (raw.shape() != nullptr && raw.shape()->size() == 1) result.axis = 0;
    return result;
  }

  /// Returns the tensor with index `index` in the file. It is read on first use, so skipped
  /// operators may have tensors of unsupported types.
  TensorId tensor(int32_t index) {
    const tflite::Tensor& source = raw(index);
    const auto id = static_cast<TensorId>(index);
    if (replacement_[id] != kNoTensor) return replacement_[id];
    if (is_read_[id]) return id;
    is_read_[id] = true;
    Tensor& result = graph_.tensors[id];
    result.name = name_of(source);
    result.type = type_of(source);
    result.shape = shape_of(source);
    if (channels_first_[id] && result.shape.rank() == 4) {
      const Shape& s = result.shape;
      result.shape = Shape{s[0], s[2], s[3], s[1]};
    }
    if (result.type != DataType::F32) result.quantization = quantization_of(source);

    const std::span<const std::byte> data = bytes_of(source);
    // Tensors may share buffers or scales, so all copies together could be far larger than the
    // file.
    copied_bytes_ += data.size() + 8 * result.quantization.scales.size();
    if (copied_bytes_ > 4 * bytes_.size()) {
      bad("constants overlap: together they exceed four times the size of the file");
    }
    if (source.type() == tflite::TensorType_FLOAT16) {
      widen(data, result);
    } else if (!data.empty()) {
      result.data = ConstantData::borrowed(data);
      // The verifier doesn't check the alignment of the elements either.
      const bool is_aligned =
          reinterpret_cast<uintptr_t>(data.data()) % element_size(result.type) == 0;
      if (!borrows_ || !is_aligned) result.data.own();
    }
    return id;
  }

  /// Converts float16 constants to float32.
  void widen(std::span<const std::byte> halves, Tensor& result) const {
    if (halves.empty()) {
      unsupported({"float16 computation of tensor '", result.name, "'"}, "float16 constants");
    }
    if (halves.size() % 2 != 0)
      bad({"float16 tensor '", result.name, "' has an odd number of bytes"});
    result.data = PaddedBuffer<std::byte>(2 * halves.size());
    auto* floats = reinterpret_cast<float*>(result.data.data());
    for (size_t i = 0; i < halves.size() / 2; ++i) {
      uint16_t half = 0;
      std::memcpy(&half, halves.data() + 2 * i, 2);
      floats[i] = half_to_float(half);
    }
  }

  /// Returns float copies of integer weights that a layer with float input reads ("dynamic range"
  /// quantization), because such a layer computes in floats.
  TensorId weights_for(TensorId input, TensorId weights) {
    if (graph_.tensors[input].type != DataType::F32) return weights;
    return floats_of(weights);
  }

  /// Returns a float copy of a constant. It is created once.
  TensorId floats_of(TensorId id) {
    const Tensor& constant = graph_.tensors[id];
    if (constant.type == DataType::F32 || !constant.is_constant()) return id;
    // Tensors that were added to those of the file are float already.
    TensorId& floats = float_copy_[id];
    if (floats == kNoTensor) {
      check_constant(constant);
      floats = add_tensor(to_float_constant(constant));
    }
    return floats;
  }

  /// Checks that the length of a constant matches its shape. validate() hasn't run yet.
  void check_constant(const Tensor& constant) const {
    const int64_t count = constant.shape.checked_element_count(kMaxTensorElements);
    if (count < 0 ||
        static_cast<size_t>(count) * element_size(constant.type) != constant.data.size()) {
      bad({"constant '", constant.name, "' has ", constant.data.size(), " bytes, but shape ",
           constant.shape});
    }
  }

  /// Returns the elements of a small integer constant, such as axes or paddings.
  std::vector<int32_t> integers(int32_t index) const {
    const tflite::Tensor& source = raw(index);
    const std::span<const std::byte> data = bytes_of(source);
    if (source.type() != tflite::TensorType_INT32 || data.empty() || data.size() % 4 != 0 ||
        data.size() > 64) {
      unsupported({"values of tensor '", name_of(source), "'"}, "up to 16 int32 constants");
    }
    std::vector<int32_t> values(data.size() / 4);
    std::memcpy(values.data(), data.data(), data.size());
    return values;
  }

  TensorId input(const tflite::Operator& op, uint32_t i) { return tensor(input_index(op, i)); }

  int32_t input_index(const tflite::Operator& op, uint32_t i) const {
    if (op.inputs() == nullptr || i >= op.inputs()->size()) bad({"input ", i, " is missing"});
    return op.inputs()->Get(i);
  }

  TensorId bias(const tflite::Operator& op) {
    if (op.inputs()->size() < 3 || op.inputs()->Get(2) == -1) return kNoTensor;
    return tensor(op.inputs()->Get(2));
  }

  std::vector<int32_t> integer_input(const tflite::Operator& op, uint32_t i) {
    return integers(input_index(op, i));
  }

  TensorId output(const tflite::Operator& op) {
    if (op.outputs() == nullptr || op.outputs()->size() != 1) {
      bad("expected one output");
    }
    return tensor(op.outputs()->Get(0));
  }

  // --- parts of operators --------------------------------------------------------------------

  template <typename Options>
  const Options& options(const Options* options) const {
    if (options == nullptr) bad("the options are missing");
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
    unsupported({"fused activation ", static_cast<int>(function)},
                "NONE, RELU, RELU6 and RELU_N1_TO_1");
  }

  /// Returns the fused activation. Files omit the options if all of them have default values.
  template <typename Options>
  Activation fused(const Options* options) const {
    if (options == nullptr) return Activation::none();
    return activation(options->fused_activation_function());
  }

  uint32_t extent(int32_t value, const char* what) const {
    if (value < 1) bad({"the ", what, " is ", value, "; expected at least 1"});
    return static_cast<uint32_t>(value);
  }

  Padding padding(tflite::Padding kind, TensorId input, Extent2d window, Extent2d stride,
                  Extent2d dilation) const {
    if (kind == tflite::Padding_VALID) return {};
    if (kind != tflite::Padding_SAME) bad("the padding is neither SAME nor VALID");
    const Shape& shape = graph_.tensors[input].shape;
    if (shape.rank() != 4) {
      bad({"the input has shape ", shape, "; expected [1, height, width, channels]"});
    }
    const auto rows = same_padding(shape[1], window.height, stride.height, dilation.height);
    const auto columns = same_padding(shape[2], window.width, stride.width, dilation.width);
    return {.top = rows[0], .right = columns[1], .bottom = rows[1], .left = columns[0]};
  }

  Extent2d filter_extent(TensorId filter) const {
    const Shape& shape = graph_.tensors[filter].shape;
    if (shape.rank() != 4) {
      bad({"the filter has shape ", shape, "; expected 4 dimensions"});
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
    const bool is_whole_image = in.rank() == 4 && in[1] == pool.window.height &&
                                in[2] == pool.window.width && !pool.padding.any() &&
                                !pool.activation.any();
    if (is_whole_image) return GlobalAveragePool{pool.input, pool.output};
    return pool;
  }

  Op fully_connected(const tflite::Operator& op) {
    const auto& o = options(op.builtin_options_as_FullyConnectedOptions());
    if (o.weights_format() != 0) unsupported("weight format (shuffled)", "the default format");
    const TensorId in = input(op, 0);
    return FullyConnected{.input = in,
                          .filter = weights_for(in, input(op, 1)),
                          .bias = bias(op),
                          .output = output(op),
                          .activation = activation(o.fused_activation_function())};
  }

  /// Checks that a reduction is over height and width.
  void require_spatial_axes(const tflite::Operator& op, TensorId in) {
    std::vector<int32_t> axes = integer_input(op, 1);
    for (int32_t& axis : axes)
      axis = (axis < 0 ? axis + 4 : axis) - (reads_channels_first_ ? 1 : 0);
    const bool is_spatial =
        axes == std::vector<int32_t>{1, 2} || axes == std::vector<int32_t>{2, 1};
    if (graph_.tensors[in].shape.rank() != 4 || !is_spatial) {
      unsupported("axes", "height and width");
    }
  }

  Op mean(const tflite::Operator& op) {
    const TensorId in = input(op, 0);
    require_spatial_axes(op, in);
    return GlobalAveragePool{in, output(op)};
  }

  /// The maximum over height and width: a pool whose window is the whole image.
  Op reduce_max(const tflite::Operator& op) {
    MaxPool2d pool;
    pool.input = input(op, 0);
    require_spatial_axes(op, pool.input);
    const Shape shape = graph_.tensors[pool.input].shape;
    pool.window =
        pool.stride = {static_cast<uint32_t>(std::clamp<int64_t>(shape[1], 0, INT32_MAX)),
                       static_cast<uint32_t>(std::clamp<int64_t>(shape[2], 0, INT32_MAX))};
    const TensorId out = output(op);
    pool.output = add_activation(out, Shape{1, 1, 1, shape[3]});
    graph_.nodes.push_back({pool, where_});
    return Reshape{pool.output, out};
  }

  /// Checks that PADV2, which has an input for the padding value, pads with zeros.
  void require_zero_padding(const tflite::Operator& op) {
    const TensorId id = input(op, 2);
    const Tensor& value = graph_.tensors[id];
    if (!value.is_constant() || value.type == DataType::I32) {
      unsupported("padding value (computed or int32)", "the constant 0");
    }
    check_constant(value);
    const Tensor real = to_float_constant(value);
    const auto* floats = reinterpret_cast<const float*>(real.data.data());
    for (size_t i = 0; i < real.shape.element_count(); ++i) {
      if (floats[i] != 0) unsupported({"padding value ", floats[i]}, "the constant 0");
    }
  }

  Op pad(const tflite::Operator& op) {
    std::vector<int32_t> p = integer_input(op, 1);
    if (p.size() != 8 || std::ranges::any_of(p, [](int32_t v) { return v < 0; })) {
      bad("expected eight paddings of at least 0");
    }
    if (reads_channels_first_) std::rotate(p.begin() + 2, p.begin() + 4, p.end());
    if (p[0] != 0 || p[1] != 0) unsupported("padding axis", "height, width and channels");
    const auto count = [&](size_t i) { return static_cast<uint32_t>(p[i]); };
    return Pad{
        .input = input(op, 0),
        .output = output(op),
        .padding = {.top = count(2), .right = count(5), .bottom = count(3), .left = count(4)},
        .channels_before = count(6),
        .channels_after = count(7)};
  }

  TensorId add_activation(TensorId like, Shape shape) {
    Tensor tensor;
    tensor.name = graph_.tensors[like].name;
    tensor.type = graph_.tensors[like].type;
    tensor.quantization = graph_.tensors[like].quantization;
    tensor.shape = std::move(shape);
    return add_tensor(std::move(tensor));
  }

  /// Joins the channels of maps: the sum of all of them, each among channels of zeros.
  Op concatenation(const tflite::Operator& op) {
    const auto* o = op.builtin_options_as_ConcatenationOptions();
    const int axis = o == nullptr ? 0 : o->axis();
    const TensorId out = output(op);
    Shape whole = graph_.tensors[out].shape;
    const bool is_channels =
        reads_channels_first_ ? axis == 1 || axis == -3 : axis == 3 || axis == -1;
    if (whole.rank() != 4 || !is_channels) {
      unsupported({"axis ", axis, " of shape ", whole}, "the channels of maps");
    }
    const Activation activation = fused(o);
    const uint32_t count = op.inputs() == nullptr ? 0 : op.inputs()->size();
    constexpr uint32_t kMaxInputs = 64;
    if (count < 1 || count > kMaxInputs) bad({count, " inputs; expected 1 to ", kMaxInputs});
    // Each input takes two operators.
    require_room(2 * count);
    int64_t before = 0;
    TensorId sum = kNoTensor;
    for (uint32_t i = 0; i < count; ++i) {
      Pad pad;
      pad.input = map_input(op, i);
      const Shape part = graph_.tensors[pad.input].shape;
      // The declared height and width are those of another input.
      if (is_resized_ && part.rank() == 4) whole = Shape{1, part[1], part[2], whole[3]};
      const int64_t after = whole[3] - before - part.channels();
      constexpr int64_t kMaxChannels = 1 << 14;
      if (part.rank() != 4 || part.channels() < 1 || after < 0 || whole[3] > kMaxChannels) {
        bad({"input ", i, " has shape ", part, ", and the output ", whole});
      }
      pad.channels_before = static_cast<uint32_t>(before);
      pad.channels_after = static_cast<uint32_t>(after);
      before += part.channels();
      pad.output = add_activation(pad.input, whole);
      graph_.nodes.push_back({pad, where_});
      if (i == 0) {
        sum = pad.output;
      } else if (i + 1 < count) {
        const Add add{sum, pad.output, add_activation(out, whole), {}};
        graph_.nodes.push_back({add, where_});
        sum = add.output;
      } else {
        return Add{sum, pad.output, out, activation};
      }
    }
    return Clamp{sum, out, activation};
  }

  /// CAST of input bytes to floats. It is supported at the input only: elsewhere, integers have a
  /// scale, which CAST ignores.
  Op cast(const tflite::Operator& op) {
    const TensorId from = input(op, 0);
    const TensorId to = output(op);
    Tensor& image = graph_.tensors[from];
    const bool is_bytes = image.type == DataType::U8 || image.type == DataType::I8;
    if (from != graph_.input || !is_bytes || image.quantization.present() ||
        graph_.tensors[to].type != DataType::F32) {
      unsupported("types or position", "CAST of the model's int8 or uint8 input to float32");
    }
    image.quantization = {{1}, {0}, 0};
    return Convert{from, to};
  }

  Op to_unit_length(const tflite::Operator& op) {
    const TensorId from = input(op, 0);
    const Shape& shape = graph_.tensors[from].shape;
    if (shape.checked_element_count(kMaxTensorElements) != shape.channels()) {
      unsupported({"shape ", shape}, "one vector");
    }
    return Convert{from, output(op), /*to_unit_length=*/true};
  }

  Op apply(const tflite::Operator& op, Function function, float slope = 0) {
    return Apply{input(op, 0), output(op), function, slope};
  }

  /// Adds an activation that an operator of the file gives on the way to its output. It has the
  /// shape of `like`.
  TensorId add_float(TensorId like) {
    Tensor tensor;
    tensor.name = graph_.tensors[like].name;
    tensor.shape = graph_.tensors[like].shape;
    return add_tensor(std::move(tensor));
  }

  TensorId add_number(float value) {
    Tensor tensor;
    tensor.name = "number";
    tensor.shape = Shape{1};
    tensor.data = PaddedBuffer<std::byte>(sizeof value);
    std::memcpy(tensor.data.data(), &value, sizeof value);
    return add_tensor(std::move(tensor));
  }

  /// Appends a * b or, with `adds`, a + b.
  TensorId add_binary(TensorId a, TensorId b, bool adds = false) {
    const TensorId result = add_float(a);
    if (adds) {
      graph_.nodes.push_back({Add{a, b, result, {}}, where_});
    } else {
      graph_.nodes.push_back({Multiply{a, b, result, {}}, where_});
    }
    return result;
  }

  /// Checks that there is room for the nodes of an operator that becomes several.
  void require_room(size_t count) const {
    if (graph_.nodes.size() + count > 2 * kMaxTfliteNodes) bad("there are too many operators");
  }

  Op gelu(const tflite::Operator& op) {
    const auto* o = op.builtin_options_as_GeluOptions();
    if (o == nullptr || !o->approximate()) return apply(op, Function::Gelu);
    // x / 2 (1 + tanh(y)) = x sigmoid(2 y), with 2 y = x (c + 0.044715 c x^2) and c = sqrt(8 / pi).
    constexpr float kC = 1.595769122f, kCubic = 0.044715f * kC;
    require_room(8);
    const TensorId out = output(op);
    TensorId x = input(op, 0);
    const bool is_float = graph_.tensors[x].type == DataType::F32;
    if (!is_float) {
      const Convert convert{x, add_float(x)};
      graph_.nodes.push_back({convert, where_});
      x = convert.output;
    }
    const TensorId factor =
        add_binary(add_binary(add_binary(x, x), add_number(kCubic)), add_number(kC), true);
    const Sigmoid gate{add_binary(factor, x), add_float(x)};
    graph_.nodes.push_back({gate, where_});
    if (is_float) return Multiply{x, gate.output, out, {}};
    return Convert{add_binary(x, gate.output), out};
  }

  /// x^2 and x^3, which the decomposed form of GELU has.
  Op power(const tflite::Operator& op, float exponent) {
    const TensorId x = input(op, 0);
    if (graph_.tensors[x].type != DataType::F32 || graph_.tensors[x].is_constant() ||
        (exponent != 2 && exponent != 3)) {
      unsupported({"power ", exponent}, "2 and 3, of float32");
    }
    require_room(2);
    return Multiply{exponent == 3 ? add_binary(x, x) : x, x, output(op), {}};
  }

  Op clamp(const tflite::Operator& op, Activation activation) {
    return Clamp{input(op, 0), output(op), activation};
  }

  /// Returns the constant of MAXIMUM, MINIMUM or POW.
  float limit(const tflite::Operator& op) {
    const TensorId id = input(op, 1);
    const Tensor& value = graph_.tensors[id];
    if (value.type != DataType::F32 || value.data.size() != sizeof(float)) {
      unsupported("operands", "one float constant as the second operand");
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

  /// Returns the scale and offset for which x * scale + offset equals `x <how> constant`, or
  /// `constant <how> x`.
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
        if (constant_first) unsupported("computed divisor", "constant divisors");
        return {1 / constant, 0};
    }
    return {1, 0};
  }

  /// Scale and offset that were added for a constant.
  struct Affine {
    TensorId constant;
    Arithmetic how;
    bool constant_first;
    size_t channel_count;
    std::pair<TensorId, TensorId> scale_and_offset;
  };

  /// Adds the scale and the offset of `x <how> constant`, with one value per channel.
  std::pair<TensorId, TensorId> affine_constants(const Tensor& constant, Arithmetic how,
                                                 bool constant_first, size_t channel_count) {
    const size_t count = constant.shape.element_count();
    const Shape shape{static_cast<int64_t>(channel_count)};
    const auto* values = reinterpret_cast<const float*>(constant.data.data());
    // One value is repeated for each channel, so a small hostile file could take much memory.
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

  /// Returns a ScaleShift (and Clamp) for arithmetic with a constant: preprocessing inside the
  /// network, or a batch normalization in several operators.
  Op affine(TensorId in, TensorId constant_id, Arithmetic how, bool constant_first,
            Activation activation, TensorId out) {
    // This is a copy, because adding tensors moves the elements of graph_.tensors.
    const Tensor constant = to_float_constant(graph_.tensors[constant_id]);
    check_constant(constant);
    const int64_t channels = graph_.tensors[in].shape.channels();
    const size_t count = constant.shape.element_count();
    if (channels < 1 || channels > kMaxTensorElements ||
        (count != 1 &&
         (count != static_cast<size_t>(channels) || constant.shape.channels() != channels))) {
      unsupported({"shape ", constant.shape, " of a constant"}, "one value, or one per channel");
    }
    const auto channel_count = static_cast<size_t>(channels);
    auto found = std::ranges::find_if(affines_, [&](const Affine& each) {
      return each.constant == constant_id && each.how == how &&
             each.constant_first == constant_first && each.channel_count == channel_count;
    });
    if (found == affines_.end()) {
      affines_.push_back({constant_id, how, constant_first, channel_count,
                          affine_constants(constant, how, constant_first, channel_count)});
      found = affines_.end() - 1;
    }
    const auto [scale, offset] = found->scale_and_offset;
    ScaleShift op{in, scale, offset, out};
    if (!activation.any()) return op;
    Tensor between;
    between.name = graph_.tensors[out].name;
    between.shape = graph_.tensors[in].shape;
    op.output = add_tensor(std::move(between));
    graph_.nodes.push_back({op, where_});
    return Clamp{op.output, out, activation};
  }

  /// Counts memory that is needed in addition to the file's own constants, and checks the limit.
  void charge(size_t bytes) {
    charged_bytes_ += bytes;
    if (charged_bytes_ > 4 * bytes_.size() + (size_t{1} << 20)) {
      bad("the values of repeated constants exceed four times the size of the file");
    }
  }

  Op arithmetic(const tflite::Operator& op, Arithmetic how, Activation activation) {
    TensorId a = map_input(op, 0);
    TensorId b = map_input(op, 1);
    const TensorId out = output(op);
    const bool constant_first = graph_.tensors[a].is_constant();
    if (constant_first) std::swap(a, b);
    if (graph_.tensors[b].is_constant() && graph_.tensors[a].type == DataType::F32) {
      b = floats_of(b);
      if (graph_.tensors[b].type == DataType::F32) {
        return affine(a, b, how, constant_first, activation, out);
      }
    }
    // The operand that is repeated for each pixel must be the second.
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
        if (constant_first || !graph_.tensors[b].is_constant()) break;
        return Add{a, negative(b), out, activation};
      case Arithmetic::Divide:
        if (constant_first || !graph_.tensors[b].is_constant()) break;
        return Multiply{a, reciprocal(b, graph_.tensors[a].type), out, activation};
    }
    unsupported("operands", "a constant as the second operand");
  }

  /// Adds the constant -c of a quantized constant c, exactly: scale * (~q - ~zero_point) is its
  /// negative, and has the same range of integers.
  TensorId negative(TensorId id) {
    const Tensor& constant = graph_.tensors[id];
    check_constant(constant);
    if (constant.type == DataType::I32) unsupported("int32 constant", "int8 and uint8");
    charge(constant.data.size());
    Tensor result;
    result.name = constant.name;
    result.type = constant.type;
    result.shape = constant.shape;
    result.quantization = constant.quantization;
    for (int32_t& zero_point : result.quantization.zero_points)
      zero_point = constant.type == DataType::I8 ? ~zero_point
                                                 : static_cast<int32_t>(int64_t{255} - zero_point);
    result.data = PaddedBuffer<std::byte>(constant.data.size());
    const Tensor& from = constant;
    std::ranges::transform(from.data, result.data.begin(), [](std::byte b) { return ~b; });
    return add_tensor(std::move(result));
  }

  /// Adds the constant 1 / c of a quantized constant c, rounded to 1/127 of its largest value.
  TensorId reciprocal(TensorId id, DataType type) {
    check_constant(graph_.tensors[id]);
    const Tensor real = to_float_constant(graph_.tensors[id]);
    const auto* values = reinterpret_cast<const float*>(real.data.data());
    const size_t count = real.shape.element_count();
    charge(count);
    float largest = 0;
    for (size_t i = 0; i < count; ++i) {
      if (values[i] == 0) bad("the divisor is 0");
      largest = std::max(largest, std::fabs(1 / values[i]));
    }
    const int zero = type == DataType::I8 ? 0 : 128;
    Tensor result;
    result.name = real.name;
    result.type = type;
    result.shape = real.shape;
    result.quantization = {{largest / 127}, {zero}, 0};
    result.data = PaddedBuffer<std::byte>(count);
    for (size_t i = 0; i < count; ++i) {
      result.data.data()[i] =
          static_cast<std::byte>(std::lround(127 / (values[i] * largest)) + zero);
    }
    return add_tensor(std::move(result));
  }

  // --- channels first ------------------------------------------------------------------------

  /// Returns whether a map has the same elements in the same order with channels first and last.
  static bool is_order_free(const Shape& map) {
    return map.rank() != 4 || map[1] * map[2] == 1 || map[3] == 1;
  }

  [[noreturn]] void bad_order(const Text& what) const {
    throw Error(ErrorCode::UnsupportedOp,
                {"Unsupported ", what, " in ", where_,
                 ": this file has its channels first (NCHW), as in PyTorch. Supported: transposes ",
                 "to channels last and back, elementwise operators, MEAN and PAD between them. ",
                 "Convert it to channels last, for example with onnx2tf."});
  }

  /// Returns operand `i`. Beside maps with channels first, it gets the order of the graph's maps.
  TensorId map_input(const tflite::Operator& op, uint32_t i) {
    const TensorId id = input(op, i);
    if (!reads_channels_first_ || is_channels_first(input_index(op, i))) return id;
    const Shape shape = graph_.tensors[id].shape;
    const size_t count = shape.rank();
    bool is_per_channel = true;  // [..., channels, 1, 1]
    for (size_t axis = 0; axis < count; ++axis)
      is_per_channel = is_per_channel && (axis + 3 == count || shape[axis] == 1);
    if (graph_.tensors[id].is_constant()) {
      if (shape.checked_element_count(kMaxTensorElements) == 1) return id;
      if (count < 3 || !is_per_channel) bad_order({"constant of shape ", shape});
      graph_.tensors[id].shape = Shape{shape[count - 3]};
      // Another operator may read it again.
      channels_first_[static_cast<size_t>(input_index(op, i))] = true;
      return id;
    }
    if (count != 4 || !is_per_channel) bad_order({"operand of shape ", shape});
    const TensorId last = add_activation(id, Shape{1, 1, 1, shape[1]});
    graph_.nodes.push_back({Reshape{id, last}, where_});
    return last;
  }

  bool is_channels_first(int32_t index) const {
    return index >= 0 && static_cast<size_t>(index) < file_tensor_count_ &&
           channels_first_[static_cast<size_t>(index)];
  }

  /// Prepares an operator that may read maps with channels first: its output has them first too, if
  /// it keeps the axes.
  void follow_order(const tflite::Operator& op, int code) {
    const auto* ids = op.inputs();
    reads_channels_first_ =
        ids != nullptr &&
        std::any_of(ids->begin(), ids->end(), [&](int32_t id) { return is_channels_first(id); });
    if (!reads_channels_first_ || op.outputs() == nullptr || op.outputs()->size() != 1) return;
    switch (code) {
      case tflite::BuiltinOperator_RESHAPE:
      case tflite::BuiltinOperator_SQUEEZE:
      case tflite::BuiltinOperator_FULLY_CONNECTED:
        if (is_order_free(graph_.tensors[input(op, 0)].shape)) return;
        bad_order({"flattened map of shape ", graph_.tensors[input(op, 0)].shape});
      case tflite::BuiltinOperator_ADD:
      case tflite::BuiltinOperator_SUB:
      case tflite::BuiltinOperator_MUL:
      case tflite::BuiltinOperator_DIV:
      case tflite::BuiltinOperator_HARD_SWISH:
      case tflite::BuiltinOperator_LOGISTIC:
      case tflite::BuiltinOperator_ELU:
      case tflite::BuiltinOperator_GELU:
      case tflite::BuiltinOperator_LEAKY_RELU:
      case tflite::BuiltinOperator_POW:
      case tflite::BuiltinOperator_SQUARE:
      case tflite::BuiltinOperator_LOG:
      case tflite::BuiltinOperator_TANH:
      case tflite::BuiltinOperator_RELU:
      case tflite::BuiltinOperator_RELU6:
      case tflite::BuiltinOperator_RELU_N1_TO_1:
      case tflite::BuiltinOperator_MAXIMUM:
      case tflite::BuiltinOperator_MINIMUM:
      case tflite::BuiltinOperator_QUANTIZE:
      case tflite::BuiltinOperator_DEQUANTIZE:
      case tflite::BuiltinOperator_CAST:
      case tflite::BuiltinOperator_CONCATENATION:
      case tflite::BuiltinOperator_PAD:
      case tflite::BuiltinOperator_PADV2:
      case tflite::BuiltinOperator_MEAN:
      case tflite::BuiltinOperator_REDUCE_MAX: {
        const int32_t index = op.outputs()->Get(0);
        if (shape_of(raw(index)).rank() == 4) channels_first_[static_cast<size_t>(index)] = true;
        return;
      }
      default:
        bad_order("operator");
    }
  }

  /// Absorbs a TRANSPOSE between channels first and channels last, or reads one that leaves the
  /// elements in their order as a Reshape.
  void read_transpose(const tflite::Operator& op) {
    const std::vector<int32_t> order = integer_input(op, 1);
    const TensorId in = input(op, 0);
    const int32_t index =
        op.outputs() == nullptr || op.outputs()->size() != 1 ? -1 : op.outputs()->Get(0);
    raw(index);
    const Shape shape = graph_.tensors[in].shape;
    const bool is_first = is_channels_first(input_index(op, 0));
    const bool to_last = order == std::vector<int32_t>{0, 2, 3, 1};
    const bool to_first = order == std::vector<int32_t>{0, 3, 1, 2};
    const auto id = static_cast<size_t>(index);
    if (graph_.tensors[in].is_constant()) unsupported("constant input", "computed tensors");
    if (shape.rank() == 4 && ((is_first && to_last) || (!is_first && to_first))) {
      if (is_read_[id] || replacement_[id] != kNoTensor) {
        bad("the output tensor already has a value");
      }
      replacement_[id] = in;
      channels_first_[id] = to_first;
      return;
    }
    // Axes of one element may move.
    std::vector<int64_t> dims = shape.dims();
    if (is_first && shape.rank() == 4) dims = {shape[0], shape[3], shape[1], shape[2]};
    bool keeps_elements = order.size() == dims.size() && (!is_first || is_order_free(shape));
    int32_t last = -1;
    for (const int32_t axis : order) {
      if (axis < 0 || static_cast<size_t>(axis) >= dims.size()) bad({"there is no axis ", axis});
      if (dims[static_cast<size_t>(axis)] == 1) continue;
      keeps_elements = keeps_elements && axis > last;
      last = axis;
    }
    if (!keeps_elements) bad_order({"order of axes of shape ", Shape(std::move(dims))});
    graph_.nodes.push_back({Reshape{in, output(op)}, where_});
  }

  /// Gives the outputs of the last nodes, from `first` on, the shapes that follow from the input's.
  void infer_shapes(size_t first) {
    for (size_t i = first; i < graph_.nodes.size(); ++i) {
      const Node& node = graph_.nodes[i];
      const auto require_size = [&](TensorId id) {
        if (graph_.tensors[id].shape.checked_element_count(kMaxTensorElements) < 0)
          bad({"shape ", graph_.tensors[id].shape, " is too large"});
      };
      for (const TensorId id : inputs_of(node.op)) require_size(id);
      const TensorId out = output_of(node.op);
      require_size(out);
      graph_.tensors[out].shape = infer_shape(graph_, node);
      require_size(out);
    }
  }

  Op to_op(const tflite::Operator& op, int code) {
    switch (code) {
      case tflite::BuiltinOperator_CONV_2D:
        return convolution<Conv2d>(op, options(op.builtin_options_as_Conv2DOptions()));
      case tflite::BuiltinOperator_DEPTHWISE_CONV_2D:
        return convolution<DepthwiseConv2d>(
            op, options(op.builtin_options_as_DepthwiseConv2DOptions()));
      case tflite::BuiltinOperator_FULLY_CONNECTED:
        return fully_connected(op);
      case tflite::BuiltinOperator_ADD:
        return arithmetic(op, Arithmetic::Add, fused(op.builtin_options_as_AddOptions()));
      case tflite::BuiltinOperator_SUB:
        return arithmetic(op, Arithmetic::Subtract, fused(op.builtin_options_as_SubOptions()));
      case tflite::BuiltinOperator_MUL:
        return arithmetic(op, Arithmetic::Multiply, fused(op.builtin_options_as_MulOptions()));
      case tflite::BuiltinOperator_DIV:
        return arithmetic(op, Arithmetic::Divide, fused(op.builtin_options_as_DivOptions()));
      case tflite::BuiltinOperator_HARD_SWISH:
        return HardSwish{input(op, 0), output(op)};
      case tflite::BuiltinOperator_LOGISTIC:
        return Sigmoid{input(op, 0), output(op)};
      case tflite::BuiltinOperator_ELU:
        return apply(op, Function::Elu);
      case tflite::BuiltinOperator_GELU:
        return gelu(op);
      case tflite::BuiltinOperator_POW:
        return power(op, limit(op));
      case tflite::BuiltinOperator_SQUARE:
        return power(op, 2);
      case tflite::BuiltinOperator_LEAKY_RELU:
        return apply(op, Function::LeakyRelu,
                     options(op.builtin_options_as_LeakyReluOptions()).alpha());
      case tflite::BuiltinOperator_LOG:
        return apply(op, Function::Log);
      case tflite::BuiltinOperator_TANH:
        return apply(op, Function::Tanh);
      case tflite::BuiltinOperator_CONCATENATION:
        return concatenation(op);
      case tflite::BuiltinOperator_MAX_POOL_2D:
        return windowed_pool<MaxPool2d>(op);
      case tflite::BuiltinOperator_AVERAGE_POOL_2D:
        return average_pool(op);
      case tflite::BuiltinOperator_MEAN:
        return mean(op);
      case tflite::BuiltinOperator_REDUCE_MAX:
        return reduce_max(op);

      case tflite::BuiltinOperator_PAD:
        return pad(op);
      case tflite::BuiltinOperator_PADV2:
        require_zero_padding(op);
        return pad(op);
      case tflite::BuiltinOperator_RELU:
        return clamp(op, Activation::relu());
      case tflite::BuiltinOperator_RELU6:
        return clamp(op, Activation::relu6());
      case tflite::BuiltinOperator_RELU_N1_TO_1:
        return clamp(op, {-1.0f, 1.0f});
      case tflite::BuiltinOperator_MAXIMUM:
        return clamp(op, {.min = limit(op)});
      case tflite::BuiltinOperator_MINIMUM:
        return clamp(op, {.max = limit(op)});
      case tflite::BuiltinOperator_RESHAPE:
      case tflite::BuiltinOperator_SQUEEZE:
        return Reshape{input(op, 0), output(op)};
      case tflite::BuiltinOperator_QUANTIZE:
      case tflite::BuiltinOperator_DEQUANTIZE:
        return Convert{input(op, 0), output(op)};
      case tflite::BuiltinOperator_CAST:
        return cast(op);
      case tflite::BuiltinOperator_L2_NORMALIZATION:
        return to_unit_length(op);
      case tflite::BuiltinOperator_SOFTMAX:
        return Softmax{input(op, 0), output(op),
                       options(op.builtin_options_as_SoftmaxOptions()).beta()};
      default:
        break;
    }
    throw Error(
        ErrorCode::UnsupportedOp,
        {"Unsupported operator ", where_,
         where_.find("edgetpu") != where_.npos
             ? ". This file is compiled for the Edge TPU: take the export that isn't."
         : where_.find("Detection") != where_.npos
             ? ". This network detects objects. Supported: one result for the whole picture."
             : ". Supported operators: those of MobileNet v1, v2 and v3, listed in the guide "
               "\"Models of your own\"."});
  }

  void read_operator(const tflite::Operator& op, uint32_t index) {
    const int code = code_of(op);
    if (code < 0) {
      where_ = "Node " + std::to_string(index);
      bad({"operator code ", op.opcode_index(), " doesn't exist; the file has ",
           model_->operator_codes()->size(), " codes"});
    }
    where_ = operator_name(code);
    const std::string custom = shortened(operator_code(op)->custom_code());
    if (!custom.empty()) where_ += " '" + custom + "'";
    where_ += " (node " + std::to_string(index) + ")";
    if (code == tflite::BuiltinOperator_DEQUANTIZE && is_of_constant(op)) {
      const TensorId source = floats_of(input(op, 0));
      const TensorId id = output(op);
      if (id >= file_tensor_count_ || graph_.tensors[id].is_constant()) {
        bad("the output tensor already has a value");
      }
      replacement_[id] = source;
      return;
    }
    const size_t node_count = graph_.nodes.size();
    if (code == tflite::BuiltinOperator_TRANSPOSE) {
      read_transpose(op);
    } else {
      follow_order(op, code);
      Op result = to_op(op, code);
      graph_.nodes.push_back({std::move(result), where_});
    }
    if (is_resized_) infer_shapes(node_count);
  }

  bool is_of_constant(const tflite::Operator& op) {
    return graph_.tensors[input(op, 0)].is_constant();
  }

  std::span<const std::byte> bytes_;
  bool borrows_;
  const tflite::Model* model_ = nullptr;
  const tflite::SubGraph* subgraph_ = nullptr;
  Graph graph_;
  std::vector<bool> is_read_;
  // For each tensor of the file: whether it has its channels first there. In the graph, they are
  // always last.
  std::vector<bool> channels_first_;
  bool reads_channels_first_ = false;  // the current operator reads such a tensor
  bool is_resized_ = false;            // the input has another size than the file declares
  int32_t output_ = 0;                 // index of the output tensor
  size_t file_tensor_count_ = 0;       // graph_ has the file's own tensors first, then added ones
  // For each tensor of the file: the constant that replaces the output of a DEQUANTIZE.
  std::vector<TensorId> replacement_;
  std::vector<TensorId> float_copy_;  // for each tensor of the file: see floats_of()
  std::vector<Affine> affines_;       // constants that affine() has added
  size_t copied_bytes_ = 0;
  size_t charged_bytes_ = 0;
  std::string where_ = "TensorFlow Lite file";  // current position, for messages
};

}  // namespace

bool is_tflite(std::span<const std::byte> bytes) {
  return bytes.size() >= 8 && std::memcmp(bytes.data() + 4, "TFL3", 4) == 0;
}

Graph read_tflite(std::span<const std::byte> bytes, ConstantStorage storage, InputSize size,
                  const std::string& output) {
  if (!is_tflite(bytes)) {
    throw_bad_model("TensorFlow Lite file", "there is no 'TFL3' at byte 4");
  }
  return Reader(bytes, storage).read(size, output);
}

}  // namespace teachable
