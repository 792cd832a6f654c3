#include "graph_builder.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "reference.h"

namespace teachable::testing {

const char* to_string(Precision precision) {
  switch (precision) {
    case Precision::F32:
      return "float32";
    case Precision::I8PerTensor:
      return "int8 per tensor";
    case Precision::I8PerChannel:
      return "int8 per channel";
    case Precision::U8:
      return "uint8";
  }
  return "?";
}

GraphBuilder::GraphBuilder(Precision precision, uint32_t seed)
    : precision_(precision), random_(seed) {}

int GraphBuilder::integer(int low, int high) {
  return std::uniform_int_distribution<int>(low, high)(random_);
}

double GraphBuilder::real(double low, double high) {
  return std::uniform_real_distribution<double>(low, high)(random_);
}

void GraphBuilder::fit_quantization(Tensor& tensor, const std::vector<double>& values) {
  // Zero must be in the range; otherwise padding and ReLU would be inexact.
  double low = 0;
  double high = 0;
  for (double v : values) {
    low = std::min(low, v);
    high = std::max(high, v);
  }
  const double scale = std::max((high - low) / 255, 1e-6);
  const double lowest = tensor.type == DataType::I8 ? -128 : 0;
  const double zero_point = std::clamp(std::nearbyint(lowest - low / scale), lowest, lowest + 255);
  tensor.quantization = {{static_cast<float>(scale)}, {static_cast<int32_t>(zero_point)}, 0};
}

TensorId GraphBuilder::input(int64_t height, int64_t width, int64_t channels) {
  Tensor tensor;
  tensor.name = "input";
  tensor.shape = Shape{1, height, width, channels};
  tensor.type = precision_ == Precision::F32  ? DataType::F32
                : precision_ == Precision::U8 ? DataType::U8
                                              : DataType::I8;
  input_values_.resize(tensor.shape.element_count());
  for (double& v : input_values_) v = real(-1, 1);
  // Waves make the image similar to a photo, which has structures larger than pixels.
  for (int wave = 0; normalizes_ && wave < 12; ++wave) {
    const double across = real(-0.2, 0.2), down = real(-0.2, 0.2), start = real(0, 6),
                 height_of_wave = real(0.1, 0.4);
    for (size_t i = 0; i < input_values_.size(); ++i) {
      const auto pixel = static_cast<double>(i / static_cast<size_t>(channels));
      const double x = std::fmod(pixel, static_cast<double>(width));
      const double y = std::floor(pixel / static_cast<double>(width));
      const double color = start * static_cast<double>(i % static_cast<size_t>(channels));
      double& v = input_values_[i];
      v = std::clamp(
          (wave == 0 ? 0.1 * v : v) + height_of_wave * std::sin(across * x + down * y + color),
          -1.0, 1.0);
    }
  }
  if (tensor.type != DataType::F32) fit_quantization(tensor, input_values_);
  graph_.tensors.push_back(std::move(tensor));
  graph_.input = 0;
  return 0;
}

Padding GraphBuilder::same(TensorId input, Extent2d kernel, Extent2d stride,
                           Extent2d dilation) const {
  const Shape& shape = graph_.tensors[input].shape;
  const auto rows = same_padding(shape[1], kernel.height, stride.height, dilation.height);
  const auto columns = same_padding(shape[2], kernel.width, stride.width, dilation.width);
  return {.top = rows[0], .right = columns[1], .bottom = rows[1], .left = columns[0]};
}

TensorId GraphBuilder::constant(const std::string& name, Shape shape, DataType type,
                                double spread) {
  Tensor tensor;
  tensor.name = name;
  tensor.shape = std::move(shape);
  tensor.type = type;
  const size_t count = tensor.shape.element_count();
  tensor.data = PaddedBuffer<std::byte>(count * element_size(type));
  for (size_t i = 0; i < count; ++i) {
    switch (type) {
      case DataType::F32:
        reinterpret_cast<float*>(tensor.data.data())[i] = static_cast<float>(real(-spread, spread));
        break;
      case DataType::I32:
        reinterpret_cast<int32_t*>(tensor.data.data())[i] =
            integer(-static_cast<int>(spread), static_cast<int>(spread));
        break;
      case DataType::I8:
        reinterpret_cast<int8_t*>(tensor.data.data())[i] = static_cast<int8_t>(integer(-127, 127));
        break;
      case DataType::U8:
        reinterpret_cast<uint8_t*>(tensor.data.data())[i] = static_cast<uint8_t>(integer(0, 255));
        break;
    }
  }
  graph_.tensors.push_back(std::move(tensor));
  return static_cast<TensorId>(graph_.tensors.size() - 1);
}

TensorId GraphBuilder::filter(Shape shape, size_t channel_axis) {
  const double fan_in =
      static_cast<double>(shape.element_count()) / static_cast<double>(shape[channel_axis]);
  const double spread = 1 / std::sqrt(fan_in);
  const auto channels = static_cast<size_t>(shape[channel_axis]);
  const auto scale = [&] { return static_cast<float>(spread / 127 * real(0.5, 2)); };
  switch (precision_) {
    case Precision::F32:
      return constant("filter", std::move(shape), DataType::F32, spread);
    case Precision::I8PerTensor: {
      const TensorId id = constant("filter", std::move(shape), DataType::I8, 0);
      graph_.tensors[id].quantization = {{scale()}, {0}, 0};
      return id;
    }
    case Precision::I8PerChannel: {
      const TensorId id = constant("filter", std::move(shape), DataType::I8, 0);
      Quantization& q = graph_.tensors[id].quantization;
      for (size_t c = 0; c < channels; ++c) q.scales.push_back(scale());
      q.zero_points.assign(channels, 0);
      q.axis = channel_axis;
      return id;
    }
    case Precision::U8: {
      const TensorId id = constant("filter", std::move(shape), DataType::U8, 0);
      graph_.tensors[id].quantization = {{scale()}, {integer(90, 170)}, 0};
      return id;
    }
  }
  std::abort();
}

TensorId GraphBuilder::bias(TensorId input, TensorId filter, int64_t channels) {
  if (precision_ == Precision::F32) return constant("bias", {channels}, DataType::F32, 0.5);
  const TensorId id = constant("bias", {channels}, DataType::I32, 4000);
  Quantization q;
  for (float scale : graph_.tensors[filter].quantization.scales) {
    q.scales.push_back(scale * graph_.tensors[input].quantization.scales[0]);
    q.zero_points.push_back(0);
  }
  graph_.tensors[id].quantization = q;
  return id;
}

TensorId GraphBuilder::activation_like(TensorId like, Shape shape) {
  Tensor tensor;
  tensor.name = "activation " + std::to_string(graph_.tensors.size());
  tensor.type = graph_.tensors[like].type;
  tensor.quantization = graph_.tensors[like].quantization;
  tensor.shape = std::move(shape);
  graph_.tensors.push_back(std::move(tensor));
  return static_cast<TensorId>(graph_.tensors.size() - 1);
}

TensorId GraphBuilder::append(Op op, TensorId output, bool keep_quantization) {
  graph_.nodes.push_back({std::move(op), "node " + std::to_string(graph_.nodes.size())});
  Tensor& tensor = graph_.tensors[output];
  const bool has_declared_shape = std::holds_alternative<Reshape>(graph_.nodes.back().op) ||
                                  std::holds_alternative<GlobalAveragePool>(graph_.nodes.back().op);
  if (!has_declared_shape) tensor.shape = infer_shape(graph_, graph_.nodes.back());
  if (tensor.type != DataType::F32 && !keep_quantization) {
    tensor.quantization = {};
    compute_values();
    fit_quantization(tensor, values_[output]);
    for (double& v : values_[output]) v = round_to_quantization(tensor, v);
  }
  return output;
}

void GraphBuilder::compute_values() {
  values_.resize(graph_.tensors.size());
  const auto keep = [&](TensorId id, std::vector<double> values) {
    for (double& v : values) v = round_to_quantization(graph_.tensors[id], v);
    values_[id] = std::move(values);
  };
  if (computed_count_ == 0) keep(graph_.input, input_values_);
  for (; computed_count_ < graph_.nodes.size(); ++computed_count_) {
    const Node& node = graph_.nodes[computed_count_];
    keep(output_of(node.op), compute(graph_, node, values_));
  }
}

template <typename Layer>
TensorId GraphBuilder::append_layer(Layer op) {
  if (!normalizes_) return append(op, op.output, false);
  compute_values();
  Layer linear = op;
  linear.activation = Activation::none();
  graph_.tensors[op.output].shape = infer_shape(graph_, {linear, ""});
  std::vector<double> values = compute(graph_, {linear, ""}, values_);
  Tensor& filter = graph_.tensors[op.filter];
  Tensor& bias = graph_.tensors[op.bias];
  const size_t channels = bias.shape.element_count();
  const auto pixels = static_cast<double>(values.size() / channels);
  // Subtracts the mean, except for few pixels, where almost nothing would be left.
  for (size_t c = 0; c < channels && pixels > 16; ++c) {
    double mean = 0;
    for (size_t i = c; i < values.size(); i += channels) mean += values[i] / pixels;
    for (size_t i = c; i < values.size(); i += channels) values[i] -= mean;
    if (bias.type == DataType::F32) {
      reinterpret_cast<float*>(bias.data.data())[c] -= static_cast<float>(mean);
    } else {
      const double step = bias.quantization.scales[c % bias.quantization.scales.size()];
      reinterpret_cast<int32_t*>(bias.data.data())[c] -=
          static_cast<int32_t>(std::lround(mean / step));
    }
  }
  double squares = 0;
  for (double v : values) squares += v * v;
  const auto factor =
      static_cast<float>(1 / std::sqrt(squares / static_cast<double>(values.size())));
  for (Tensor* weights : {&filter, &bias}) {
    for (float& scale : weights->quantization.scales) scale *= factor;
    if (weights->type != DataType::F32) continue;
    auto* floats = reinterpret_cast<float*>(weights->data.data());
    for (size_t i = 0; i < weights->shape.element_count(); ++i) floats[i] *= factor;
  }
  return append(op, op.output, false);
}

TensorId GraphBuilder::conv(TensorId input, int64_t channels, const Window& window,
                            Activation activation, bool with_bias) {
  Conv2d op;
  op.input = input;
  op.filter = filter(
      {channels, window.kernel.height, window.kernel.width, graph_.tensors[input].shape.channels()},
      0);
  if (with_bias) op.bias = bias(input, op.filter, channels);
  op.padding = window.padding;
  op.stride = window.stride;
  op.dilation = window.dilation;
  op.activation = activation;
  op.output = activation_like(input, {});
  return append_layer(op);
}

TensorId GraphBuilder::depthwise(TensorId input, int64_t multiplier, const Window& window,
                                 Activation activation, bool with_bias) {
  const int64_t channels = graph_.tensors[input].shape.channels() * multiplier;
  DepthwiseConv2d op;
  op.input = input;
  op.filter = filter({1, window.kernel.height, window.kernel.width, channels}, 3);
  if (with_bias) op.bias = bias(input, op.filter, channels);
  op.padding = window.padding;
  op.stride = window.stride;
  op.dilation = window.dilation;
  op.activation = activation;
  op.output = activation_like(input, {});
  return append_layer(op);
}

TensorId GraphBuilder::fully_connected(TensorId input, int64_t outputs, Activation activation,
                                       bool with_bias) {
  FullyConnected op;
  op.input = input;
  op.filter =
      filter({outputs, static_cast<int64_t>(graph_.tensors[input].shape.element_count())}, 0);
  if (with_bias) op.bias = bias(input, op.filter, outputs);
  op.activation = activation;
  op.output = activation_like(input, {});
  return append_layer(op);
}

TensorId GraphBuilder::fully_connected_rows(TensorId input, int64_t outputs) {
  FullyConnected op;
  op.input = input;
  op.filter = filter({outputs, graph_.tensors[input].shape.channels()}, 0);
  op.bias = bias(input, op.filter, outputs);
  op.output = activation_like(input, {});
  return append_layer(op);
}

TensorId GraphBuilder::add(TensorId a, TensorId b, Activation activation) {
  const TensorId output = activation_like(a, {});
  return append(Add{a, b, output, activation}, output, false);
}

TensorId GraphBuilder::multiply(TensorId a, TensorId b, Activation activation) {
  const TensorId output = activation_like(a, {});
  return append(Multiply{a, b, output, activation}, output, false);
}

TensorId GraphBuilder::operand(Shape shape) {
  const DataType type = graph_.tensors[graph_.input].type;
  const TensorId id = constant("operand", std::move(shape), type, 3);
  if (type == DataType::I8) graph_.tensors[id].quantization = {{3.0f / 127}, {integer(-20, 20)}, 0};
  if (type == DataType::U8)
    graph_.tensors[id].quantization = {{3.0f / 127}, {integer(100, 150)}, 0};
  return id;
}

TensorId GraphBuilder::scalar(float value) {
  const TensorId id = operand({});
  Tensor& tensor = graph_.tensors[id];
  if (tensor.type == DataType::F32) {
    *reinterpret_cast<float*>(tensor.data.data()) = value;
  } else {
    tensor.quantization = {{value / 127}, {0}, 0};
    tensor.data.data()[0] = std::byte{127};
  }
  return id;
}

TensorId GraphBuilder::hard_swish(TensorId input) {
  const TensorId output = activation_like(input, {});
  return append(HardSwish{input, output}, output, false);
}

TensorId GraphBuilder::sigmoid(TensorId input) {
  const TensorId output = activation_like(input, {});
  return append(Sigmoid{input, output}, output, false);
}

TensorId GraphBuilder::apply(TensorId input, Function function, float slope) {
  const TensorId output = activation_like(input, {});
  return append(Apply{input, output, function, slope}, output, false);
}

template <typename Pool>
TensorId GraphBuilder::pool(TensorId input, const Window& window) {
  Pool op;
  op.input = input;
  op.window = window.kernel;
  op.stride = window.stride;
  op.padding = window.padding;
  op.output = activation_like(input, {});
  return append(op, op.output, true);
}

TensorId GraphBuilder::max_pool(TensorId input, const Window& window) {
  return pool<MaxPool2d>(input, window);
}

TensorId GraphBuilder::average_pool(TensorId input, const Window& window) {
  return pool<AveragePool2d>(input, window);
}

TensorId GraphBuilder::global_average_pool(TensorId input, bool keep_dims) {
  const int64_t channels = graph_.tensors[input].shape.channels();
  const TensorId output =
      activation_like(input, keep_dims ? Shape{1, 1, 1, channels} : Shape{1, channels});
  return append(GlobalAveragePool{input, output}, output, false);
}

TensorId GraphBuilder::pad(TensorId input, Padding padding, uint32_t channels_before,
                           uint32_t channels_after) {
  const TensorId output = activation_like(input, {});
  return append(Pad{input, output, padding, channels_before, channels_after}, output, true);
}

TensorId GraphBuilder::clamp(TensorId input, Activation activation) {
  const TensorId output = activation_like(input, {});
  return append(Clamp{input, output, activation}, output, true);
}

TensorId GraphBuilder::scale_shift(TensorId input) {
  ScaleShift op;
  op.input = input;
  op.scale = constant("scale", {graph_.tensors[input].shape.channels()}, DataType::F32, 2);
  op.offset = constant("offset", {graph_.tensors[input].shape.channels()}, DataType::F32, 1);
  op.output = activation_like(input, {});
  return append(op, op.output, true);
}

TensorId GraphBuilder::reshape(TensorId input, Shape shape) {
  const TensorId output = activation_like(input, std::move(shape));
  return append(Reshape{input, output}, output, true);
}

TensorId GraphBuilder::convert(TensorId input, DataType type) {
  const TensorId output = activation_like(input, {});
  graph_.tensors[output].type = type;
  graph_.tensors[output].quantization = {};
  return append(Convert{input, output}, output, false);
}

TensorId GraphBuilder::to_unit_length(TensorId input) {
  const TensorId output = activation_like(input, {});
  return append(Convert{input, output, /*to_unit_length=*/true}, output, false);
}

TensorId GraphBuilder::softmax(TensorId input) {
  const TensorId output = activation_like(input, {});
  return append(Softmax{input, output, 1.0f}, output, false);
}

TensorId GraphBuilder::mobilenet_v2_features(int64_t size) {
  const TensorId image = input(size, size, 3);
  const Extent2d three{3, 3};
  const Extent2d two{2, 2};
  const TensorId stem =
      conv(image, 8, {three, two, {}, same(image, three, two)}, Activation::relu6());
  const TensorId wide = conv(stem, 24, {}, Activation::relu6());
  const TensorId spatial =
      depthwise(wide, 1, {three, {}, {}, same(wide, three, {})}, Activation::relu6());
  const TensorId narrow = conv(spatial, 8, {});
  const TensorId residual = add(narrow, stem);
  return conv(residual, 32, {}, Activation::relu6());
}

TensorId GraphBuilder::small_mobilenet(int64_t size, int64_t classes) {
  const TensorId pooled = global_average_pool(mobilenet_v2_features(size), true);
  const TensorId logits = conv(pooled, classes, {});
  return softmax(reshape(logits, {1, classes}));
}

TensorId GraphBuilder::small_teachable_machine(int64_t size, int64_t classes) {
  const TensorId pooled = global_average_pool(mobilenet_v2_features(size), false);
  const TensorId hidden = fully_connected(pooled, 20, Activation::relu());
  return softmax(fully_connected(hidden, classes, {}, /*bias=*/false));
}

TensorId GraphBuilder::mobilenet_v1_features(int64_t size) {
  const TensorId image = input(size, size, 3);
  const Extent2d three{3, 3};
  const Extent2d two{2, 2};
  const auto block = [&](TensorId in, Extent2d stride, int64_t channels) {
    const TensorId spatial =
        depthwise(in, 1, {three, stride, {}, same(in, three, stride)}, Activation::relu6());
    return conv(spatial, channels, {}, Activation::relu6());
  };
  const TensorId stem =
      conv(image, 8, {three, two, {}, same(image, three, two)}, Activation::relu6());
  return block(block(stem, {}, 16), two, 24);
}

TensorId GraphBuilder::small_mobilenet_v1(int64_t size, int64_t classes) {
  const TensorId last = mobilenet_v1_features(size);
  const Shape& shape = graph_.tensors[last].shape;
  const Extent2d all{static_cast<uint32_t>(shape[1]), static_cast<uint32_t>(shape[2])};
  const TensorId logits = conv(average_pool(last, {all, {2, 2}, {}, {}}), classes, {});
  return softmax(reshape(logits, {1, classes}));
}

TensorId GraphBuilder::small_keras_v1(int64_t size, int64_t classes) {
  const TensorId pooled = global_average_pool(mobilenet_v1_features(size), false);
  const TensorId logits = conv(reshape(pooled, {1, 1, 1, 24}), classes, {});
  return softmax(reshape(logits, {1, classes}));
}

TensorId GraphBuilder::squeeze_and_excite(TensorId spatial, int64_t squeezed_channels,
                                          bool reshapes) {
  const int64_t channels = graph_.tensors[spatial].shape.channels();
  TensorId pooled = global_average_pool(spatial, !reshapes);
  if (reshapes) pooled = reshape(pooled, {1, 1, 1, channels});
  const TensorId squeezed = conv(pooled, squeezed_channels, {}, Activation::relu());
  const TensorId raised = add(conv(squeezed, channels, {}), scalar(3), Activation::relu6());
  return multiply(spatial, multiply(raised, scalar(1.0f / 6)));
}

TensorId GraphBuilder::v3_end(TensorId features, int64_t classes) {
  const TensorId last = hard_swish(conv(features, 32, {}));
  const TensorId hidden = hard_swish(conv(global_average_pool(last, true), 40, {}));
  return softmax(reshape(conv(hidden, classes, {}), {1, classes}));
}

TensorId GraphBuilder::mobilenet_v3_features(int64_t size, bool reshapes) {
  const TensorId image = input(size, size, 3);
  const Extent2d three{3, 3};
  const Extent2d two{2, 2};
  const TensorId stem = hard_swish(conv(image, 8, {three, two, {}, same(image, three, two)}));
  const TensorId wide = conv(stem, 24, {}, Activation::relu());
  const TensorId spatial = hard_swish(depthwise(wide, 1, {three, {}, {}, same(wide, three, {})}));
  const TensorId excited = squeeze_and_excite(spatial, 8, reshapes);
  return add(conv(excited, 8, {}), stem);
}

TensorId GraphBuilder::small_mobilenet_v3(int64_t size, int64_t classes) {
  return v3_end(mobilenet_v3_features(size, false), classes);
}

TensorId GraphBuilder::small_keras_v3(int64_t size, int64_t classes) {
  return v3_end(mobilenet_v3_features(size, true), classes);
}

TensorId GraphBuilder::small_mobilenet_v3_large(int64_t size, int64_t classes) {
  const TensorId image = input(size, size, 3);
  const Extent2d three{3, 3};
  const Extent2d five{5, 5};
  const Extent2d two{2, 2};
  const TensorId stem = hard_swish(conv(image, 8, {three, two, {}, same(image, three, two)}));
  const TensorId plain =
      depthwise(stem, 1, {three, {}, {}, same(stem, three, {})}, Activation::relu());
  const TensorId first = add(conv(plain, 8, {}), stem);
  const TensorId wide = conv(first, 24, {}, Activation::relu());
  const TensorId spatial =
      depthwise(wide, 1, {five, two, {}, same(wide, five, two)}, Activation::relu());
  return v3_end(conv(squeeze_and_excite(spatial, 8), 8, {}), classes);
}

Graph GraphBuilder::take(TensorId output) {
  graph_.output = output;
  return std::move(graph_);
}

void cast_input(Graph& graph) {
  Tensor bytes;
  bytes.name = "bytes";
  bytes.type = DataType::U8;
  bytes.shape = graph.tensors[graph.input].shape;
  graph.tensors.push_back(std::move(bytes));
  const auto id = static_cast<TensorId>(graph.tensors.size() - 1);
  graph.nodes.insert(graph.nodes.begin(), Node{Convert{id, graph.input}, "cast"});
  graph.input = id;
}

}  // namespace teachable::testing
