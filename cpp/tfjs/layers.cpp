#include "tfjs/layers.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <unordered_map>
#include <utility>

#include "core/error.h"
#include "core/text.h"

namespace teachable {
namespace {

/// Maximum number of operators. A small file can call a shared layer any number of times; a
/// MobileNet has about 150 operators.
constexpr size_t kMaxNodes = 4096;
constexpr int64_t kMaxPadding = 1 << 14;

void require_shape(const Config& config, const char* weight, const Shape& found,
                   const Shape& expected) {
  if (found == expected) return;
  config.bad({weight, " has shape ", found, "; expected ", expected});
}

bool is_same_padded(const Config& config) {
  const std::string padding = config.text("padding", "valid");
  if (padding != "same" && padding != "valid") {
    config.unsupported({"padding ", in_quotes(padding)}, "same and valid");
  }
  return padding == "same";
}

Padding padding_of(const Config& config, const Shape& image, Extent2d window, Extent2d stride,
                   Extent2d dilation) {
  if (!is_same_padded(config)) return {};
  const auto [top, bottom] = same_padding(image[1], window.height, stride.height, dilation.height);
  const auto [left, right] = same_padding(image[2], window.width, stride.width, dilation.width);
  return {top, right, bottom, left};
}

/// Returns the name of the activation. Keras 3 and custom functions write an object around it.
std::string activation_name(const Config& config) {
  const Json* value = config.find("activation");
  if (value == nullptr) return "linear";
  if (value->is_object()) {
    const Json* inner = find(*value, "config");
    if (inner != nullptr && inner->is_string()) value = inner;
  }
  if (!value->is_string()) config.unsupported("activation", "functions of Keras by name");
  return value->get<std::string>();
}

/// Returns the constant operand of a Keras operator: 3 for `x + 3`. Keras 2 writes it beside the
/// call's input, ["conv", 0, 0, {"y": 3}]; Keras 3 writes it among the arguments.
std::optional<float> scalar_operand(const Json& layer) {
  const Json* nodes = find(layer, "inbound_nodes");
  if (nodes == nullptr || !nodes->is_array() || nodes->size() != 1) return std::nullopt;
  const Json& call = (*nodes)[0];
  const Json* value = nullptr;
  if (const Json* args = find(call, "args"); args != nullptr && args->is_array()) {
    for (const Json& arg : *args) value = arg.is_number() ? &arg : value;
  } else if (call.is_array() && call.size() == 4) {
    value = find(call[3], "y");
  }
  if (value == nullptr || !value->is_number()) return std::nullopt;
  return value->get<float>();
}

/// Returns a setting that is one number or a list of numbers.
std::vector<float> numbers_of(const Config& config, const char* key, float fallback) {
  const Json* value = config.find(key);
  if (value == nullptr || !value->is_array()) {
    return {static_cast<float>(config.number(key, fallback))};
  }
  std::vector<float> result;
  for (const Json& item : *value) {
    if (!item.is_number()) config.bad({key, " has an element that isn't a number"});
    result.push_back(item.get<float>());
  }
  return result;
}

uint32_t to_padding(const Config& config, const Json& value) {
  const std::optional<int64_t> pixels = value.integer();
  if (!pixels || *pixels < 0 || *pixels > kMaxPadding) {
    config.bad({"expected paddings from 0 to ", kMaxPadding});
  }
  return static_cast<uint32_t>(*pixels);
}

/// Returns the padding of one axis of ZeroPadding2D, which is a number or [before, after].
std::pair<uint32_t, uint32_t> to_padding_pair(const Config& config, const Json& value) {
  if (!value.is_array()) {
    const uint32_t both = to_padding(config, value);
    return {both, both};
  }
  if (value.size() != 2) config.bad("expected a padding [before, after] for each axis");
  return {to_padding(config, value[0]), to_padding(config, value[1])};
}

}  // namespace

struct TfjsLayerBuilder::KerasActivation {
  enum class Kind {
    Clamp,
    Softmax,
    Sigmoid,
    HardSwish,
    Swish,
    Tanh,
    HardSigmoid,
    LeakyRelu,
    Elu,
    Selu,
    Gelu,
    GeluByTanh,
    Softplus
  };
  Activation clamp;
  Kind kind = Kind::Clamp;
  /// Slope of LeakyRelu below 0, and of HardSigmoid. Factor of Elu below 0.
  float slope = 0;
};

auto TfjsLayerBuilder::activation_of(const Config& config) -> KerasActivation {
  const std::string name = activation_name(config);
  if (name == "linear") return {};
  if (name == "relu") return {Activation::relu()};
  if (name == "relu6") return {Activation::relu6()};
  if (name == "softmax") return {{}, KerasActivation::Kind::Softmax};
  if (name == "sigmoid") return {{}, KerasActivation::Kind::Sigmoid};
  if (name == "hard_swish" || name == "hard_silu") return {{}, KerasActivation::Kind::HardSwish};
  using Kind = KerasActivation::Kind;
  if (name == "swish" || name == "silu") return {{}, Kind::Swish};
  if (name == "tanh") return {{}, Kind::Tanh};
  // Keras 3 writes types as objects. Its hard_sigmoid is another function than that of Keras 2.
  const Json* dtype = config.find("dtype");
  const bool is_keras3 = dtype != nullptr && dtype->is_object();
  if (name == "hard_sigmoid") return {{}, Kind::HardSigmoid, is_keras3 ? 1.0f / 6 : 0.2f};
  if (name == "leaky_relu") return {{}, Kind::LeakyRelu, 0.2f};
  if (name == "elu") return {{}, Kind::Elu, 1};
  if (name == "selu") return {{}, Kind::Selu};
  if (name == "gelu") return {{}, Kind::Gelu};
  if (name == "gelu_new") return {{}, Kind::GeluByTanh};
  if (name == "softplus") return {{}, Kind::Softplus};
  config.unsupported(
      {"activation ", in_quotes(name)},
      "linear, relu, relu6, leaky_relu, elu, selu, gelu, gelu_new, softplus, sigmoid, "
      "hard_sigmoid, tanh, swish, hard_swish and softmax");
}

struct TfjsLayerBuilder::Call {
  const TfjsLayer& layer;
  Config config;
  std::span<const TensorId> inputs;
  bool is_channels_first = false;  ///< the maps among the inputs

  /// Returns whether an axis of an input with `rank` axes in the file is that of the channels.
  bool is_channel_axis(int64_t axis, size_t rank) const {
    const auto count = static_cast<int64_t>(rank);
    return (axis < 0 ? axis + count : axis) == (is_channels_first && rank == 4 ? 1 : count - 1);
  }

  TensorId input() const {
    if (inputs.size() != 1) {
      config.bad({"there are ", inputs.size(), " inputs; expected 1"});
    }
    return inputs[0];
  }

  const Shape& image(const Graph& graph) const {
    const Shape& shape = graph.tensors[input()].shape;
    if (shape.rank() != 4) {
      config.bad({"the input has shape ", shape, "; expected [1, height, width, channels]"});
    }
    return shape;
  }
};

std::string TfjsLayer::where() const {
  std::string name;
  // The outermost model's name is left out, except in a message about that model.
  for (size_t i = path.size() > 1 ? 1 : 0; i < path.size(); ++i) {
    name += (name.empty() ? "" : "/") + path[i];
  }
  return "layer " + in_quotes(name) + " (" + class_name.substr(0, 40) + ")";
}

const Json& TfjsLayer::config() const {
  static const Json kEmpty = Json::object();
  const Json* config = find(json, "config");
  return config == nullptr ? kEmpty : *config;
}

TfjsLayerBuilder::Build TfjsLayerBuilder::build_of(const std::string& class_name) {
  using Self = TfjsLayerBuilder;
  static const std::unordered_map<std::string, Build> kBuilds = {
      {"Conv2D", &Self::build_conv2d},
      {"DepthwiseConv2D", &Self::build_depthwise},
      {"Dense", &Self::build_dense},
      {"BatchNormalization", &Self::build_batch_norm},
      {"BatchNormalizationV1", &Self::build_batch_norm},
      {"Normalization", &Self::build_normalization},
      {"LeakyReLU", &Self::build_leaky_relu},
      {"ELU", &Self::build_elu},
      {"ReLU", &Self::build_relu},
      {"Activation", &Self::build_activation},
      {"Softmax", &Self::build_softmax},
      {"Add", &Self::build_add},
      {"Multiply", &Self::build_multiply},
      {"Concatenate", &Self::build_concatenate},
      {"Subtract", &Self::build_subtract},
      {"TrueDivide", &Self::build_divide},
      {"GlobalMaxPooling2D", &Self::build_global_max},
      {"TFOpLambda", &Self::build_function},
      {"Rescaling", &Self::build_rescaling},
      {"ZeroPadding2D", &Self::build_zero_padding},
      {"GlobalAveragePooling2D", &Self::build_global_average},
      {"AveragePooling2D", &Self::build_average_pool},
      {"MaxPooling2D", &Self::build_max_pool},
      {"Reshape", &Self::build_reshape},
      {"Flatten", &Self::build_flatten},
      {"Dropout", &Self::build_identity},
      {"SpatialDropout2D", &Self::build_identity},
      {"GaussianNoise", &Self::build_identity},
      {"GaussianDropout", &Self::build_identity},
      {"AlphaDropout", &Self::build_identity},
      {"ActivityRegularization", &Self::build_identity},
      {"RandomFlip", &Self::build_identity},
      {"RandomRotation", &Self::build_identity},
      {"RandomZoom", &Self::build_identity},
      {"RandomTranslation", &Self::build_identity},
      {"RandomContrast", &Self::build_identity},
      {"RandomBrightness", &Self::build_identity},
      {"RandomHeight", &Self::build_identity},
      {"RandomWidth", &Self::build_identity},
  };
  const auto found = kBuilds.find(class_name);
  return found == kBuilds.end() ? nullptr : found->second;
}

LayerOutput TfjsLayerBuilder::add_input(const Json& shape, const Config& config) {
  const std::string dtype = config.text("dtype", "float32");
  if (dtype != "float32") config.unsupported({"input type ", in_quotes(dtype)}, "float32");
  if (!shape.is_array() || shape.empty()) config.bad("the input shape isn't an array");
  const auto is_channel_count = [](const Json& size) {
    return size.integer() == 3 || size.integer() == 1;
  };
  const bool is_first =
      shape.size() == 4 && is_channel_count(shape[1]) && !is_channel_count(shape[3]);
  std::vector<int64_t> dims;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i].is_null() && i == 0) {
      dims.push_back(1);
      continue;
    }
    // Any height and width: the usual size of networks that people train on.
    if (shape[i].is_null() && shape.size() == 4 && i != (is_first ? 1 : 3)) {
      dims.push_back(kUsualSide);
      graph_.has_any_size = true;
      continue;
    }
    if (shape[i].is_null()) config.unsupported("variable number of channels", "3 channels, or 1");
    const std::optional<int64_t> dim = shape[i].integer();
    if (!dim || *dim < 1) config.bad("the input shape has a size that isn't at least 1");
    dims.push_back(*dim);
  }
  if (dims[0] != 1) {
    config.unsupported({"batch size ", dims[0]}, "null and 1");
  }
  if (is_first) std::rotate(dims.begin() + 1, dims.begin() + 2, dims.end());
  has_channels_first_ = is_first;
  Tensor tensor;
  tensor.name = "input";
  tensor.shape = Shape(std::move(dims));
  if (tensor.shape.checked_element_count(kMaxTensorElements) < 0) {
    config.bad({"the input shape ", tensor.shape, " is too large"});
  }
  graph_.tensors.push_back(std::move(tensor));
  graph_.input = static_cast<TensorId>(graph_.tensors.size() - 1);
  return {graph_.input, is_first};
}

LayerOutput TfjsLayerBuilder::add_layer(const TfjsLayer& layer,
                                        std::span<const LayerOutput> inputs) {
  std::vector<TensorId> tensors;
  bool is_first = false, is_last = false;
  for (const LayerOutput& input : inputs) {
    tensors.push_back(input.tensor);
    if (graph_.tensors[input.tensor].shape.rank() != 4) continue;
    (input.is_channels_first ? is_first : is_last) = true;
  }
  const Call call{layer, Config(layer.config(), layer.where()), tensors, is_first};
  if (is_first && is_last) {
    call.config.unsupported("mixture of maps with channels first and last",
                            "Permute layers before it");
  }
  if (layer.class_name == "Permute") {
    const bool becomes_first = makes_channels_first(call);
    call.image(graph_);
    has_channels_first_ = true;
    return {call.input(), becomes_first};
  }
  const Build build = build_of(layer.class_name);
  if (build == nullptr) {
    throw Error(ErrorCode::UnsupportedOp, {"Unsupported ", layer.where(),
                                           ". Supported: the layers of MobileNet v1, v2 and v3."});
  }
  const TensorId output = (this->*build)(call);
  const Shape& shape = graph_.tensors[output].shape;
  const bool result_is_first =
      layer.class_name == "Reshape" ? becomes_channels_first(call) : is_first;
  return {output, shape.rank() == 4 && result_is_first};
}

void TfjsLayerBuilder::require_order(const Call& call) {
  const std::string format = call.config.text("data_format", "channels_last");
  const bool is_first = format == "channels_first" || format == "channelsFirst";
  if (is_first == call.is_channels_first &&
      (is_first || format == "channels_last" || format == "channelsLast"))
    return;
  call.config.unsupported({"data_format ", in_quotes(format)},
                          call.is_channels_first ? "channels_first, as the input has it"
                                                 : "channels_last, as the input has it");
}

void TfjsLayerBuilder::require_no_order(const Call& call, const char* what) const {
  if (!call.is_channels_first) return;
  const Shape& map = call.image(graph_);
  if (map[1] * map[2] == 1 || map[3] == 1) return;
  call.config.unsupported({what, " of a map with channels first"},
                          "a Permute layer to channels last before it");
}

bool TfjsLayerBuilder::becomes_channels_first(const Call& call) const {
  const Json* target = call.config.find("target_shape");
  return has_channels_first_ && target != nullptr && target->size() == 3 &&
         (*target)[0].integer() != 1 && (*target)[1].integer() == 1 && (*target)[2].integer() == 1;
}

bool TfjsLayerBuilder::makes_channels_first(const Call& call) {
  const Json* dims = call.config.find("dims");
  std::vector<int64_t> order;
  for (size_t i = 0; dims != nullptr && i < dims->size() && i < 4; ++i)
    order.push_back((*dims)[i].integer().value_or(0));
  const bool to_first = order == std::vector<int64_t>{3, 1, 2};
  const bool to_last = order == std::vector<int64_t>{2, 3, 1};
  if (!(call.is_channels_first ? to_last : to_first)) {
    call.config.unsupported("order of axes", "channels first to channels last, and back");
  }
  return to_first;
}

template <typename OpType>
TensorId TfjsLayerBuilder::add_node(const Call& call, OpType op, Shape declared) {
  if (graph_.nodes.size() >= kMaxNodes) {
    call.config.bad({"the model has more than ", kMaxNodes, " operators"});
  }
  const auto require_size = [&](const Shape& shape) {
    if (shape.checked_element_count(kMaxTensorElements) >= 0) return;
    call.config.bad({"the output shape ", shape, " is too large"});
  };
  require_size(declared);
  Tensor tensor;
  tensor.name = call.layer.path.back();
  tensor.shape = std::move(declared);
  op.output = static_cast<TensorId>(graph_.tensors.size());
  graph_.tensors.push_back(std::move(tensor));
  graph_.nodes.push_back({op, call.config.where()});
  Shape shape = infer_shape(graph_, graph_.nodes.back());
  require_size(shape);
  graph_.tensors[op.output].shape = std::move(shape);
  return op.output;
}

TensorId TfjsLayerBuilder::add_constant(const Call& call, const char* role, Shape shape,
                                        const std::vector<float>& values) {
  if (values.empty()) call.config.bad({role, " is empty"});
  Tensor tensor;
  tensor.name = call.layer.path.back() + "/" + role;
  tensor.shape = std::move(shape);
  tensor.data = PaddedBuffer<std::byte>(values.size() * sizeof(float));
  std::memcpy(tensor.data.data(), values.data(), tensor.data.size());
  graph_.tensors.push_back(std::move(tensor));
  return static_cast<TensorId>(graph_.tensors.size() - 1);
}

TensorId TfjsLayerBuilder::take_bias(const Call& call, int64_t channels) {
  if (!call.config.flag("use_bias", true)) return kNoTensor;
  const TfjsWeight bias = weights_.take(call.layer.path, "bias");
  require_shape(call.config, "bias", bias.shape, {channels});
  return add_constant(call, "bias", {channels}, bias.values);
}

template <typename ConvOp>
TensorId TfjsLayerBuilder::build_windowed(const Call& call, LayerConstants constants,
                                          Extent2d window) {
  const KerasActivation activation = activation_of(call.config);
  ConvOp op;
  op.input = call.input();
  op.filter = constants.first;
  op.bias = constants.second;
  op.stride = call.config.extent("strides", Extent2d{});
  op.dilation = call.config.extent("dilation_rate", Extent2d{});
  op.padding = padding_of(call.config, call.image(graph_), window, op.stride, op.dilation);
  op.activation = activation.clamp;
  return activate(call, activation, add_node(call, op));
}

TensorId TfjsLayerBuilder::build_conv2d(const Call& call) {
  require_order(call);
  const Extent2d window = call.config.extent("kernel_size", std::nullopt);
  const int64_t in = call.image(graph_).channels();
  const int64_t out = call.config.count("filters");
  if (call.config.find("groups") != nullptr && call.config.count("groups") != 1) {
    call.config.unsupported("groups", "1 group");
  }
  const auto [cached, is_new] = constants_.try_emplace(&call.layer.json);
  if (is_new) {
    const TfjsWeight kernel = weights_.take(call.layer.path, "kernel");
    require_shape(call.config, "kernel", kernel.shape, {window.height, window.width, in, out});
    const size_t columns = static_cast<size_t>(out);
    cached->second.first =
        add_constant(call, "kernel", {out, window.height, window.width, in},
                     transposed(kernel.values, kernel.values.size() / columns, columns));
    cached->second.second = take_bias(call, out);
  }
  return build_windowed<Conv2d>(call, cached->second, window);
}

TensorId TfjsLayerBuilder::build_depthwise(const Call& call) {
  require_order(call);
  const Extent2d window = call.config.extent("kernel_size", std::nullopt);
  const int64_t in = call.image(graph_).channels();
  const int64_t multiplier =
      call.config.find("depth_multiplier") != nullptr ? call.config.count("depth_multiplier") : 1;
  const auto [cached, is_new] = constants_.try_emplace(&call.layer.json);
  if (is_new) {
    // Keras 2 names the weight depthwise_kernel, Keras 3 kernel.
    const bool is_old = weights_.contains(call.layer.path, "depthwise_kernel");
    const TfjsWeight kernel =
        weights_.take(call.layer.path, is_old ? "depthwise_kernel" : "kernel");
    require_shape(call.config, "depthwise_kernel", kernel.shape,
                  {window.height, window.width, in, multiplier});
    cached->second.first = add_constant(
        call, "depthwise_kernel", {1, window.height, window.width, in * multiplier}, kernel.values);
    cached->second.second = take_bias(call, in * multiplier);
  }
  return build_windowed<DepthwiseConv2d>(call, cached->second, window);
}

TensorId TfjsLayerBuilder::build_dense(const Call& call) {
  const KerasActivation activation = activation_of(call.config);
  const Shape input = graph_.tensors[call.input()].shape;
  const int64_t in = input.channels();
  const int64_t out = call.config.count("units");
  if (input.rank() < 2) call.config.unsupported({"input shape ", input}, "2 or more dimensions");
  if (call.is_channels_first) {
    call.config.unsupported("Dense layer over the width of a map with channels first",
                            "a Permute layer to channels last before it");
  }
  const auto [cached, is_new] = constants_.try_emplace(&call.layer.json);
  if (is_new) {
    const TfjsWeight kernel = weights_.take(call.layer.path, "kernel");
    require_shape(call.config, "kernel", kernel.shape, {in, out});
    cached->second.first =
        add_constant(call, "kernel", {out, in},
                     transposed(kernel.values, static_cast<size_t>(in), static_cast<size_t>(out)));
    cached->second.second = take_bias(call, out);
  }
  FullyConnected op;
  op.input = call.input();
  op.filter = cached->second.first;
  op.bias = cached->second.second;
  op.activation = activation.clamp;
  // A layer over the last axis, as Keras has it, is a convolution of one pixel.
  TensorId output = add_node(call, op);
  if (input.rank() > 2) {
    std::vector<int64_t> dims = input.dims();
    dims.back() = out;
    output = reshape_to(call, output, Shape(std::move(dims)));
  }
  return activate(call, activation, output);
}

TensorId TfjsLayerBuilder::build_batch_norm(const Call& call) {
  const Shape& input = graph_.tensors[call.input()].shape;
  const int64_t channels = input.channels();
  if (const Json* axis = call.config.find("axis")) {
    const Json& value = axis->is_array() && axis->size() == 1 ? (*axis)[0] : *axis;
    const std::optional<int64_t> index = value.integer();
    if (!index || !call.is_channel_axis(*index, input.rank())) {
      call.config.unsupported("axis", "the axis of the channels");
    }
  }
  const auto [cached, is_new] = constants_.try_emplace(&call.layer.json);
  if (is_new) {
    const auto take = [&](const char* name) {
      TfjsWeight weight = weights_.take(call.layer.path, name);
      require_shape(call.config, name, weight.shape, {channels});
      return std::move(weight.values);
    };
    const size_t count = static_cast<size_t>(channels);
    const double epsilon = call.config.number("epsilon", 1e-3);
    std::vector<float> scale =
        call.config.flag("scale", true) ? take("gamma") : std::vector<float>(count, 1.0f);
    std::vector<float> offset =
        call.config.flag("center", true) ? take("beta") : std::vector<float>(count, 0.0f);
    const std::vector<float> mean = take("moving_mean");
    const std::vector<float> variance = take("moving_variance");
    for (size_t i = 0; i < count; ++i) {
      const double factor = scale[i] / std::sqrt(variance[i] + epsilon);
      const double shift = offset[i] - mean[i] * factor;
      constexpr double kMax = std::numeric_limits<float>::max();
      // Also false for NaN, which a negative variance gives.
      if (!(std::fabs(factor) <= kMax && std::fabs(shift) <= kMax)) {
        call.config.bad({"the weights give no finite scale for channel ", i});
      }
      scale[i] = static_cast<float>(factor);
      offset[i] = static_cast<float>(shift);
    }
    cached->second.first = add_constant(call, "scale", {channels}, scale);
    cached->second.second = add_constant(call, "offset", {channels}, offset);
  }
  ScaleShift op;
  op.input = call.input();
  op.scale = cached->second.first;
  op.offset = cached->second.second;
  return add_node(call, op);
}

TensorId TfjsLayerBuilder::build_relu(const Call& call) {
  if (call.config.number("negative_slope", 0) != 0) {
    call.config.unsupported("negative_slope", "0");
  }
  if (call.config.number("threshold", 0) != 0) {
    call.config.unsupported("threshold", "0");
  }
  Clamp op;
  op.input = call.input();
  op.activation = Activation::relu();
  if (call.config.find("max_value") != nullptr) {
    const double max = call.config.number("max_value", 0);
    if (!(max > 0 && max <= std::numeric_limits<float>::max())) {
      call.config.bad({"max_value is ", max, "; expected a finite value above 0"});
    }
    op.activation.max = static_cast<float>(max);
  }
  return add_node(call, op);
}

TensorId TfjsLayerBuilder::build_activation(const Call& call) {
  const KerasActivation activation = activation_of(call.config);
  if (!activation.clamp.any()) return activate(call, activation, call.input());
  Clamp op;
  op.input = call.input();
  op.activation = activation.clamp;
  return add_node(call, op);
}

TensorId TfjsLayerBuilder::build_softmax(const Call& call) {
  const Json* axis = call.config.find("axis");
  const std::optional<int64_t> index = axis == nullptr ? -1 : axis->integer();
  const size_t rank = graph_.tensors[call.input()].shape.rank();
  if (!index || !call.is_channel_axis(*index, rank)) {
    call.config.unsupported("axis", "the axis of the channels");
  }
  return add_softmax(call, call.input());
}

TensorId TfjsLayerBuilder::build_add(const Call& call) {
  if (const auto number = scalar_operand(call.layer.json); number && call.inputs.size() == 1) {
    return add_affine(call, {1}, {*number});
  }
  return add_binary<Add>(call);
}

TensorId TfjsLayerBuilder::build_multiply(const Call& call) {
  if (const auto number = scalar_operand(call.layer.json); number && call.inputs.size() == 1) {
    return add_affine(call, {*number}, {0});
  }
  return add_binary<Multiply>(call);
}

/// Joins the channels of maps: the sum of all of them, each among channels of zeros.
TensorId TfjsLayerBuilder::build_concatenate(const Call& call) {
  const auto axis = static_cast<int64_t>(call.config.number("axis", -1));
  int64_t channels = 0;
  for (const TensorId input : call.inputs) {
    const Shape& shape = graph_.tensors[input].shape;
    if (shape.rank() != 4 || !call.is_channel_axis(axis, 4)) {
      call.config.unsupported({"axis ", axis, " of shape ", shape}, "the channels of maps");
    }
    channels += shape.channels();
  }
  if (channels > kMaxPadding) call.config.bad({"the maps have ", channels, " channels in all"});
  TensorId sum = kNoTensor;
  int64_t before = 0;
  for (const TensorId input : call.inputs) {
    const int64_t own = graph_.tensors[input].shape.channels();
    Pad pad;
    pad.input = input;
    pad.channels_before = static_cast<uint32_t>(before);
    pad.channels_after = static_cast<uint32_t>(channels - before - own);
    before += own;
    const TensorId padded = add_node(call, pad);
    sum = sum == kNoTensor ? padded : add_node(call, Add{sum, padded, kNoTensor, {}});
  }
  if (sum == kNoTensor) call.config.bad("there are no inputs");
  return sum;
}

TensorId TfjsLayerBuilder::build_subtract(const Call& call) {
  if (const auto number = scalar_operand(call.layer.json); number && call.inputs.size() == 1) {
    return add_affine(call, {1}, {-*number});
  }
  call.config.unsupported("operands", "a number as the second operand");
}

TensorId TfjsLayerBuilder::build_divide(const Call& call) {
  if (const auto number = scalar_operand(call.layer.json); number && call.inputs.size() == 1) {
    return add_affine(call, {1 / *number}, {0});
  }
  call.config.unsupported("operands", "a number as the divisor");
}

template <typename BinaryOp>
TensorId TfjsLayerBuilder::add_binary(const Call& call) {
  if (call.inputs.size() < 2) call.config.bad("expected at least 2 inputs");
  for (const TensorId input : call.inputs) {
    const Shape& shape = graph_.tensors[input].shape;
    if (call.is_channels_first && shape.rank() != 4 && shape.channels() > 1) {
      call.config.unsupported({"operand of shape ", shape, " of a map with channels first"},
                              "maps of one pixel");
    }
  }
  TensorId result = call.inputs[0];
  for (const TensorId other : call.inputs.subspan(1)) {
    BinaryOp op;
    op.a = result;
    op.b = other;
    // The operand that is repeated for each pixel must be the second.
    if (graph_.tensors[op.a].shape.element_count() < graph_.tensors[op.b].shape.element_count()) {
      std::swap(op.a, op.b);
    }
    result = add_node(call, op);
  }
  return result;
}

/// TFOpLambda: arithmetic of Keras 2 that isn't a layer.
TensorId TfjsLayerBuilder::build_function(const Call& call) {
  const std::string function = call.config.text("function", "");
  if (function == "__operators__.add" || function == "math.add") return build_add(call);
  if (function == "math.multiply" || function == "__operators__.mul") return build_multiply(call);
  if (function == "math.subtract" || function == "__operators__.sub") return build_subtract(call);
  if (function == "math.truediv" || function == "math.divide" ||
      function == "__operators__.truediv")
    return build_divide(call);
  if (function == "nn.relu") return add_clamp(call, call.input(), Activation::relu());
  if (function == "nn.relu6") return add_clamp(call, call.input(), Activation::relu6());
  if (function == "nn.silu" || function == "nn.swish")
    return activate(call, {{}, KerasActivation::Kind::Swish}, call.input());
  call.config.unsupported({"function ", in_quotes(function)},
                          "add, subtract, multiply, truediv, relu, relu6 and silu");
}

TensorId TfjsLayerBuilder::add_clamp(const Call& call, TensorId input, Activation activation) {
  Clamp op;
  op.input = input;
  op.activation = activation;
  return add_node(call, op);
}

/// Keras 2 has the mean and the variance among the weights or, given to the layer, in its config.
TensorId TfjsLayerBuilder::build_normalization(const Call& call) {
  const auto values_of = [&](const char* name) {
    if (weights_.contains(call.layer.path, name))
      return weights_.take(call.layer.path, name).values;
    return numbers_of(call.config, name, name[0] == 'm' ? 0 : 1);
  };
  const std::vector<float> mean = values_of("mean"), variance = values_of("variance");
  if (mean.size() != variance.size()) call.config.bad("mean and variance differ in length");
  if (const Json* axis = call.config.find("axis"); mean.size() > 1 && call.is_channels_first) {
    if (axis != nullptr && axis->is_array() && axis->size() == 1) axis = &(*axis)[0];
    if (axis == nullptr || !call.is_channel_axis(axis->integer().value_or(-1), 4))
      call.config.unsupported("axis", "the axis of the channels");
  }
  std::vector<float> scale, offset;
  for (size_t i = 0; i < mean.size(); ++i) {
    // Keras takes at least its epsilon as the deviation.
    scale.push_back(1 / std::max(std::sqrt(variance[i]), 1e-7f));
    offset.push_back(-mean[i] * scale[i]);
  }
  return add_affine(call, std::move(scale), std::move(offset));
}

TensorId TfjsLayerBuilder::build_leaky_relu(const Call& call) {
  const bool is_keras3 = call.config.find("negative_slope") != nullptr;
  const double slope = call.config.number(is_keras3 ? "negative_slope" : "alpha", 0.3);
  return activate(call, {{}, KerasActivation::Kind::LeakyRelu, static_cast<float>(slope)},
                  call.input());
}

TensorId TfjsLayerBuilder::build_elu(const Call& call) {
  const auto alpha = static_cast<float>(call.config.number("alpha", 1));
  return activate(call, {{}, KerasActivation::Kind::Elu, alpha}, call.input());
}

TensorId TfjsLayerBuilder::build_rescaling(const Call& call) {
  std::vector<float> scale = numbers_of(call.config, "scale", 1);
  std::vector<float> offset = numbers_of(call.config, "offset", 0);
  // Without a data_format, a list would be for the last axis, the width.
  if (scale.size() + offset.size() > 2 && call.is_channels_first) require_order(call);
  return add_affine(call, std::move(scale), std::move(offset));
}

TensorId TfjsLayerBuilder::add_affine(const Call& call, std::vector<float> scale,
                                      std::vector<float> offset) {
  return add_affine(call, call.input(), std::move(scale), std::move(offset));
}

TensorId TfjsLayerBuilder::add_affine(const Call& call, TensorId input, std::vector<float> scale,
                                      std::vector<float> offset) {
  const int64_t channels = graph_.tensors[input].shape.channels();
  // A small file can have many layers, each with many channels.
  rescaled_channels_ += std::max<int64_t>(channels, 0);
  if (channels < 1 || rescaled_channels_ > 1 << 22) {
    call.config.bad("the model rescales more than 4,194,304 channels");
  }
  const auto count = static_cast<size_t>(channels);
  for (std::vector<float>* values : {&scale, &offset}) {
    if (values->size() == 1) values->resize(count, values->front());
    if (values->size() != count ||
        !std::ranges::all_of(*values, [](float v) { return std::isfinite(v); })) {
      call.config.bad({"expected one finite value or one per channel, for ", count,
                       " channels; found ", values->size(), " values"});
    }
  }
  ScaleShift op;
  op.input = input;
  op.scale = add_constant(call, "scale", {channels}, scale);
  op.offset = add_constant(call, "offset", {channels}, offset);
  return add_node(call, op);
}

TensorId TfjsLayerBuilder::build_zero_padding(const Call& call) {
  require_order(call);
  Pad op;
  op.input = call.input();
  const Json* padding = call.config.find("padding");
  if (padding == nullptr) {
    op.padding = {1, 1, 1, 1};
  } else if (!padding->is_array()) {
    const uint32_t all = to_padding(call.config, *padding);
    op.padding = {all, all, all, all};
  } else {
    if (padding->size() != 2) call.config.bad("expected a padding [vertical, horizontal]");
    std::tie(op.padding.top, op.padding.bottom) = to_padding_pair(call.config, (*padding)[0]);
    std::tie(op.padding.left, op.padding.right) = to_padding_pair(call.config, (*padding)[1]);
  }
  return add_node(call, op);
}

TensorId TfjsLayerBuilder::build_global_average(const Call& call) {
  require_order(call);
  const int64_t channels = call.image(graph_).channels();
  GlobalAveragePool op;
  op.input = call.input();
  const bool keeps_rank = call.config.flag("keepdims", false);
  return add_node(call, op, keeps_rank ? Shape{1, 1, 1, channels} : Shape{1, channels});
}

TensorId TfjsLayerBuilder::build_global_max(const Call& call) {
  require_order(call);
  const Shape& image = call.image(graph_);
  if (image[1] > kMaxPadding || image[2] > kMaxPadding) call.config.bad("the image is too large");
  MaxPool2d op;
  op.input = call.input();
  op.window = {static_cast<uint32_t>(image[1]), static_cast<uint32_t>(image[2])};
  op.stride = op.window;
  // A new tensor may move those of the graph, and with them the image's shape.
  const auto channels = image.channels();
  const TensorId pooled = add_node(call, op);
  if (call.config.flag("keepdims", false)) return pooled;
  return reshape_to(call, pooled, {1, channels});
}

template <typename Pool>
Pool TfjsLayerBuilder::windowed_pool(const Call& call) {
  require_order(call);
  Pool op;
  op.input = call.input();
  op.window = call.config.extent("pool_size", Extent2d{2, 2});
  op.stride = call.config.extent("strides", op.window);
  op.padding = padding_of(call.config, call.image(graph_), op.window, op.stride, {});
  return op;
}

TensorId TfjsLayerBuilder::build_average_pool(const Call& call) {
  const auto pool = windowed_pool<AveragePool2d>(call);
  const Shape& image = call.image(graph_);
  // This is the usual end of a MobileNet, which other readers also give as GlobalAveragePool.
  if (pool.window.height == image[1] && pool.window.width == image[2] && !pool.padding.any()) {
    GlobalAveragePool op;
    op.input = pool.input;
    return add_node(call, op, {1, 1, 1, image.channels()});
  }
  return add_node(call, pool);
}

TensorId TfjsLayerBuilder::build_max_pool(const Call& call) {
  return add_node(call, windowed_pool<MaxPool2d>(call));
}

TensorId TfjsLayerBuilder::build_reshape(const Call& call) {
  const Json* target = call.config.find("target_shape");
  if (target == nullptr || !target->is_array()) call.config.bad("target_shape is missing");
  const int64_t count =
      graph_.tensors[call.input()].shape.checked_element_count(kMaxTensorElements);
  std::vector<int64_t> dims = {1};
  size_t open_axis = 0;
  int64_t known = 1;
  for (const Json& value : *target) {
    const int64_t dim = value.is_null() ? -1 : value.integer().value_or(0);
    if (dim == -1 && open_axis == 0) {
      open_axis = dims.size();
    } else if (dim < 1 || dim > count / known) {
      call.config.bad({"target_shape doesn't match the ", count, " elements of the input"});
    } else {
      known *= dim;
    }
    dims.push_back(dim);
  }
  if (open_axis != 0) dims[open_axis] = count / known;
  require_no_order(call, "Reshape");
  if (becomes_channels_first(call)) std::swap(dims[1], dims[3]);
  return reshape_to(call, call.input(), Shape(std::move(dims)));
}

TensorId TfjsLayerBuilder::build_flatten(const Call& call) {
  // With channels_first, Keras flattens a map as if its channels came last.
  if (call.config.text("data_format", "channels_last") == "channels_last")
    require_no_order(call, "flattening, without data_format channels_first,");
  const Shape& input = graph_.tensors[call.input()].shape;
  return reshape_to(call, call.input(), {1, input.checked_element_count(kMaxTensorElements)});
}

TensorId TfjsLayerBuilder::build_identity(const Call& call) { return call.input(); }

TensorId TfjsLayerBuilder::reshape_to(const Call& call, TensorId input, Shape shape) {
  Reshape op;
  op.input = input;
  return add_node(call, op, std::move(shape));
}

TensorId TfjsLayerBuilder::activate(const Call& call, const KerasActivation& activation,
                                    TensorId input) {
  switch (activation.kind) {
    case KerasActivation::Kind::Clamp:
      return input;
    case KerasActivation::Kind::Softmax:
      if (call.is_channels_first && graph_.tensors[input].shape.rank() == 4) {
        call.config.unsupported("softmax over the width of a map with channels first",
                                "a Softmax layer with axis 1");
      }
      return add_softmax(call, input);
    case KerasActivation::Kind::Sigmoid:
      return add_node(call, Sigmoid{input, kNoTensor});
    case KerasActivation::Kind::HardSwish:
      return add_node(call, HardSwish{input, kNoTensor});
    case KerasActivation::Kind::Swish:
      return add_node(call,
                      Multiply{input, add_node(call, Sigmoid{input, kNoTensor}), kNoTensor, {}});
    case KerasActivation::Kind::Tanh:
      return apply(call, input, Function::Tanh);
    case KerasActivation::Kind::HardSigmoid:
      return add_clamp(call, add_affine(call, input, {activation.slope}, {0.5f}), {0, 1});
    case KerasActivation::Kind::LeakyRelu:
      return apply(call, input, Function::LeakyRelu, activation.slope);
    case KerasActivation::Kind::Elu:
      return add_elu(call, input, activation.slope, 1);
    case KerasActivation::Kind::Selu:
      return add_elu(call, input, 1.67326324f, 1.05070099f);
    case KerasActivation::Kind::Gelu:
      return apply(call, input, Function::Gelu);
    case KerasActivation::Kind::GeluByTanh: {
      // x / 2 (1 + tanh(y)) = x sigmoid(2 y), 2 y = x (c + 0.044715 c x^2), c = sqrt(8 / pi)
      constexpr float kC = 1.595769122f;
      const TensorId square = add_node(call, Multiply{input, input, kNoTensor, {}});
      const TensorId factor = add_affine(call, square, {0.044715f * kC}, {kC});
      const TensorId twice = add_node(call, Multiply{factor, input, kNoTensor, {}});
      return add_node(call,
                      Multiply{input, add_node(call, Sigmoid{twice, kNoTensor}), kNoTensor, {}});
    }
    case KerasActivation::Kind::Softplus: {
      // log(1 + exp(x)) = relu(x) + log(elu(-|x|) + 2), and -|x| = x - 2 relu(x)
      const TensorId above = add_clamp(call, input, Activation::relu());
      const TensorId below =
          add_node(call, Add{input, add_affine(call, above, {-2}, {0}), kNoTensor, {}});
      const TensorId sum = add_affine(call, apply(call, below, Function::Elu), {1}, {2});
      return add_node(call, Add{above, apply(call, sum, Function::Log), kNoTensor, {}});
    }
  }
  return input;
}

TensorId TfjsLayerBuilder::apply(const Call& call, TensorId input, Function function, float slope) {
  return add_node(call, Apply{input, kNoTensor, function, slope});
}

/// Appends scale * x above 0 and scale * alpha * (exp(x) - 1) below.
TensorId TfjsLayerBuilder::add_elu(const Call& call, TensorId input, float alpha, float scale) {
  const TensorId unit = apply(call, input, Function::Elu);
  if (alpha == 1 && scale == 1) return unit;
  const TensorId above = add_clamp(call, input, Activation::relu());
  return add_node(call, Add{add_affine(call, unit, {scale * alpha}, {0}),
                            add_affine(call, above, {scale * (1 - alpha)}, {0}),
                            kNoTensor,
                            {}});
}

TensorId TfjsLayerBuilder::add_softmax(const Call& call, TensorId input) {
  Softmax op;
  op.input = input;
  return add_node(call, op);
}

}  // namespace teachable
