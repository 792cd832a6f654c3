#include "model/precision.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <map>
#include <span>
#include <tuple>
#include <utility>

#include "core/error.h"

namespace teachable {
namespace {

/// Layers that share a constant may need it in several forms; a file may not blow up by that.
constexpr uint64_t kMaxGrowth = 16;

template <typename T>
std::span<const T> elements(const Tensor& tensor) {
  return {reinterpret_cast<const T*>(tensor.data.data()), tensor.data.size() / sizeof(T)};
}

template <typename T>
std::span<T> elements(Tensor& tensor) {
  return {reinterpret_cast<T*>(tensor.data.data()), tensor.data.size() / sizeof(T)};
}

Tensor make_constant(const Tensor& like, DataType type) {
  Tensor result;
  result.name = like.name;
  result.type = type;
  result.shape = like.shape;
  result.data = PaddedBuffer<std::byte>(like.shape.element_count() * element_size(type));
  return result;
}

/// Elements between neighbours along `axis`.
size_t inner_count(const Shape& shape, size_t axis) {
  size_t count = 1;
  for (size_t i = axis + 1; i < shape.rank(); ++i) count *= static_cast<size_t>(shape[i]);
  return count;
}

/// Adds constants in a new form, each form once.
class Constants {
 public:
  explicit Constants(Graph& graph) : graph_(graph) {
    for (const Tensor& tensor : graph.tensors) budget_ += kMaxGrowth * tensor.data.size();
  }

  /// `key` tells the forms of one constant apart.
  template <typename Make>
  TensorId form(TensorId id, const std::tuple<TensorId, size_t, float>& key, Make&& make) {
    const auto [at, is_new] = forms_.try_emplace({id, key}, kNoTensor);
    if (!is_new) return at->second;
    Tensor tensor = make();
    if (tensor.data.size() > budget_) {
      throw Error(ErrorCode::BadModel,
                  "model: its layers share constants in more ways than a real network does");
    }
    budget_ -= tensor.data.size();
    graph_.tensors.push_back(std::move(tensor));
    return at->second = static_cast<TensorId>(graph_.tensors.size() - 1);
  }

 private:
  Graph& graph_;
  std::map<std::pair<TensorId, std::tuple<TensorId, size_t, float>>, TensorId> forms_;
  uint64_t budget_ = 0;
};

/// What the inputs of a channel's taps have in common weighs so many times what each has for itself.
constexpr double kCommonPart = 4;

/// A channel's weights as whole multiples of `unit` of the file's steps, at most 127.
struct Rounded {
  std::vector<int8_t> weights;
  double unit = 1;
  double cost = 0;  ///< how far the layer's output may be off
};

/// Neighbouring pixels, and channels after a ReLU, are alike, so the errors of a channel's taps add up. Those that are off most are
/// rounded the other way, until the sum of the weights is what it was.
Rounded round_channel(std::span<const int> steps, double unit) {
  Rounded result{std::vector<int8_t>(steps.size()), unit};
  std::vector<double> errors(steps.size());
  double sum = 0;
  for (size_t i = 0; i < steps.size(); ++i) {
    const double wanted = steps[i] / unit;
    result.weights[i] = static_cast<int8_t>(std::clamp(std::lround(wanted), -127L, 127L));
    errors[i] = wanted - result.weights[i];
    sum += errors[i];
  }
  const int direction = sum > 0 ? 1 : -1;
  std::vector<size_t> order;
  for (size_t i = 0; i < steps.size(); ++i) {
    if (errors[i] * direction > 0 && std::abs(result.weights[i] + direction) <= 127) {
      order.push_back(i);
    }
  }
  const size_t moved = std::min(static_cast<size_t>(std::lround(std::fabs(sum))), order.size());
  std::ranges::partial_sort(
      order, order.begin() + static_cast<std::ptrdiff_t>(moved), [&](size_t a, size_t b) {
        const double by_a = std::fabs(errors[a]);
        const double by_b = std::fabs(errors[b]);
        return by_a != by_b ? by_a > by_b : a < b;
      });
  order.resize(moved);
  for (size_t i : order) {
    result.weights[i] = static_cast<int8_t>(result.weights[i] + direction);
    errors[i] -= direction;
    sum -= direction;
  }
  for (double e : errors) result.cost += e * e;
  result.cost = (result.cost + kCommonPart * sum * sum) * unit * unit;
  return result;
}

/// The best of several units: a coarser one may hit the weights better. Few channels of real files are this wide; one of a hostile
/// file may have millions of taps.
Rounded round_wide_channel(std::span<const int> steps, int widest) {
  Rounded best = round_channel(steps, widest / 127.0);
  constexpr size_t kMaxSearched = 1 << 12;
  if (steps.size() > kMaxSearched) return best;
  for (int highest = 126; highest >= 64; --highest) {
    Rounded other = round_channel(steps, static_cast<double>(widest) / highest);
    if (other.cost < best.cost) best = std::move(other);
  }
  return best;
}

Tensor to_signed_filter(const Tensor& filter, size_t channel_axis) {
  const auto channels = static_cast<size_t>(filter.shape[channel_axis]);
  const size_t inner = inner_count(filter.shape, channel_axis);
  const std::span<const uint8_t> raw = elements<uint8_t>(filter);
  const size_t taps = raw.size() / channels;

  Tensor result = make_constant(filter, DataType::I8);
  result.quantization.axis = channel_axis;
  result.quantization.zero_points.assign(channels, 0);
  const std::span<int8_t> rounded = elements<int8_t>(result);
  std::vector<int> steps(taps);
  for (size_t c = 0; c < channels; ++c) {
    const auto at = [&](size_t tap) { return (tap / inner * channels + c) * inner + tap % inner; };
    int widest = 0;
    for (size_t tap = 0; tap < taps; ++tap) {
      steps[tap] = raw[at(tap)] - filter.quantization.zero_points[0];
      widest = std::max(widest, std::abs(steps[tap]));
    }
    const Rounded channel =
        widest <= 127 ? round_channel(steps, 1) : round_wide_channel(steps, widest);
    for (size_t tap = 0; tap < taps; ++tap) rounded[at(tap)] = channel.weights[tap];
    result.quantization.scales.push_back(
        static_cast<float>(filter.quantization.scales[0] * channel.unit));
  }
  return result;
}

/// An int32 bias counts in steps of input scale * filter scale: the same real values in other steps.
Tensor to_signed_bias(const Tensor& bias, float input_scale, float old_scale,
                      const std::vector<float>& scales) {
  Tensor result = make_constant(bias, DataType::I32);
  const std::span<const int32_t> from = elements<int32_t>(bias);
  const std::span<int32_t> to = elements<int32_t>(result);
  for (size_t i = 0; i < to.size(); ++i) {
    // Scales only grow, so the new number fits.
    to[i] = static_cast<int32_t>(std::lround(double{old_scale} / scales[i] * from[i]));
  }
  for (float scale : scales) {
    result.quantization.scales.push_back(input_scale * scale);
    result.quantization.zero_points.push_back(0);
  }
  return result;
}

template <typename Layer>
void sign_layer(Graph& graph, Constants& constants, Layer& layer, size_t channel_axis) {
  if (graph.tensors[layer.filter].type != DataType::U8) return;
  const TensorId old_filter = layer.filter;
  layer.filter = constants.form(old_filter, {kNoTensor, channel_axis, 0}, [&] {
    return to_signed_filter(graph.tensors[old_filter], channel_axis);
  });
  if (layer.bias == kNoTensor) return;
  const float input_scale = graph.tensors[layer.input].quantization.scales[0];
  layer.bias = constants.form(layer.bias, {layer.filter, 0, input_scale}, [&] {
    return to_signed_bias(graph.tensors[layer.bias], input_scale,
                          graph.tensors[old_filter].quantization.scales[0],
                          graph.tensors[layer.filter].quantization.scales);
  });
}

template <typename Binary>
void sign_operand(Graph& graph, Constants& constants, Binary& op) {
  const Tensor& operand = graph.tensors[op.b];
  if (!operand.is_constant() || operand.type != DataType::U8) return;
  op.b = constants.form(op.b, {kNoTensor, 1, 0}, [&] {
    Tensor result = make_constant(operand, DataType::I8);
    result.quantization = operand.quantization;
    for (int32_t& zero_point : result.quantization.zero_points) zero_point -= 128;
    std::ranges::transform(operand.data, result.data.begin(),
                           [](std::byte b) { return b ^ std::byte{0x80}; });
    return result;
  });
}

template <typename Binary>
void float_operand(Graph& graph, Constants& constants, Binary& op) {
  const Tensor& operand = graph.tensors[op.b];
  if (!operand.is_constant() || operand.type == DataType::F32) return;
  op.b = constants.form(op.b, {kNoTensor, 0, 0}, [&] { return to_float_constant(operand); });
}

/// What a quantised tensor can say.
Activation range_of(const Tensor& tensor) {
  if (!tensor.quantization.present()) return {};
  const float scale = tensor.quantization.scales[0];
  const int low = tensor.type == DataType::I8 ? -128 : 0;
  const int zero_point = tensor.quantization.zero_points[0];
  return {scale * static_cast<float>(low - zero_point),
          scale * static_cast<float>(low + 255 - zero_point)};
}

Activation narrow(const Activation& a, const Activation& b) {
  const Activation both = {std::max(a.min, b.min), std::min(a.max, b.max)};
  return both.min < both.max ? both : a;
}

template <typename Layer>
void float_layer(Graph& graph, Constants& constants, Layer& layer) {
  const TensorId old_filter = layer.filter;
  if (graph.tensors[old_filter].type == DataType::F32) return;
  layer.filter = constants.form(old_filter, {kNoTensor, 0, 0},
                                [&] { return to_float_constant(graph.tensors[old_filter]); });
  if (layer.bias == kNoTensor) return;
  const float input_scale = graph.tensors[layer.input].quantization.scales[0];
  layer.bias = constants.form(layer.bias, {layer.filter, 0, input_scale}, [&] {
    const Tensor& bias = graph.tensors[layer.bias];
    const std::vector<float>& scales = graph.tensors[old_filter].quantization.scales;
    Tensor result = make_constant(bias, DataType::F32);
    const std::span<const int32_t> from = elements<int32_t>(bias);
    const std::span<float> to = elements<float>(result);
    for (size_t i = 0; i < to.size(); ++i) {
      const double scale = double{input_scale} * scales[scales.size() == 1 ? 0 : i];
      to[i] = static_cast<float>(scale * from[i]);
    }
    return result;
  });
}

bool holds(const Graph& graph, DataType type) {
  return std::ranges::any_of(graph.nodes, [&](const Node& node) {
    return graph.tensors[output_of(node.op)].type == type;
  });
}

/// Constants that only the old form of a layer read.
void drop_unread_constants(Graph& graph) {
  std::vector<bool> read(graph.tensors.size());
  for (const Node& node : graph.nodes) {
    for (TensorId id : inputs_of(node.op)) read[id] = true;
  }
  for (size_t id = 0; id < graph.tensors.size(); ++id) {
    if (!read[id]) graph.tensors[id].data = {};
  }
}

}  // namespace

const char* to_string(PrecisionChoice choice) {
  switch (choice) {
    case PrecisionChoice::Auto: return "auto";
    case PrecisionChoice::F32: return "f32";
    case PrecisionChoice::Int8: return "int8";
    case PrecisionChoice::Exact: return "exact";
  }
  return "?";
}

void choose_precision(Graph& graph, PrecisionChoice choice) {
  switch (choice) {
    case PrecisionChoice::Exact: return;
    case PrecisionChoice::Auto: to_signed(graph); return;
    case PrecisionChoice::F32: to_float(graph); return;
    case PrecisionChoice::Int8:
      if (!holds(graph, DataType::I8) && !holds(graph, DataType::U8)) {
        throw Error(ErrorCode::BadArgument,
                    "precision: got int8 for a model of float32; only a file that was quantised "
                    "with sample pictures runs in int8");
      }
      to_signed(graph);
      return;
  }
}

void to_signed(Graph& graph) {
  Constants constants(graph);
  for (Node& node : graph.nodes) {
    if (auto* conv = std::get_if<Conv2d>(&node.op)) sign_layer(graph, constants, *conv, 0);
    if (auto* dw = std::get_if<DepthwiseConv2d>(&node.op)) sign_layer(graph, constants, *dw, 3);
    if (auto* fc = std::get_if<FullyConnected>(&node.op)) sign_layer(graph, constants, *fc, 0);
    if (auto* add = std::get_if<Add>(&node.op)) sign_operand(graph, constants, *add);
    if (auto* mul = std::get_if<Multiply>(&node.op)) sign_operand(graph, constants, *mul);
  }
  for (Tensor& tensor : graph.tensors) {
    if (tensor.type != DataType::U8 || tensor.is_constant() || !tensor.quantization.present()) {
      continue;
    }
    tensor.type = DataType::I8;
    for (int32_t& zero_point : tensor.quantization.zero_points) zero_point -= 128;
  }
  drop_unread_constants(graph);
}

void to_float(Graph& graph) {
  Constants constants(graph);
  for (Node& node : graph.nodes) {
    if (auto* conv = std::get_if<Conv2d>(&node.op)) float_layer(graph, constants, *conv);
    if (auto* dw = std::get_if<DepthwiseConv2d>(&node.op)) float_layer(graph, constants, *dw);
    if (auto* fc = std::get_if<FullyConnected>(&node.op)) float_layer(graph, constants, *fc);
    if (auto* add = std::get_if<Add>(&node.op)) float_operand(graph, constants, *add);
    if (auto* mul = std::get_if<Multiply>(&node.op)) float_operand(graph, constants, *mul);
    const Activation range = range_of(graph.tensors[output_of(node.op)]);
    if (const auto* convert = std::get_if<Convert>(&node.op)) {
      const TensorId input = convert->input;
      const TensorId output = convert->output;
      if (range.any()) {
        node.op = Clamp{input, output, range};
      } else {
        node.op = Reshape{input, output};
      }
      continue;
    }
    std::visit(
        [&](auto& op) {
          if constexpr (requires { op.activation; }) op.activation = narrow(op.activation, range);
        },
        node.op);
  }
  for (Tensor& tensor : graph.tensors) {
    if (tensor.is_constant() || tensor.type == DataType::I32) continue;
    tensor.type = DataType::F32;
    tensor.quantization = {};
  }
  drop_unread_constants(graph);
}

Tensor to_float_constant(const Tensor& constant) {
  const Quantization& q = constant.quantization;
  const size_t count = constant.shape.element_count();
  if (constant.data.size() != count * element_size(constant.type) ||
      (constant.type != DataType::F32 && !q.present()) ||
      q.scales.size() != q.zero_points.size() ||
      (q.per_channel() && (q.axis >= constant.shape.rank() ||
                           static_cast<size_t>(constant.shape[q.axis]) != q.scales.size()))) {
    throw Error(ErrorCode::BadModel,
                {"constant '", constant.name, "' of shape ", constant.shape, " has ",
                 q.scales.size(), " scales and ", constant.data.size(), " bytes"});
  }
  Tensor result = make_constant(constant, DataType::F32);
  const std::span<float> real = elements<float>(result);
  if (constant.type == DataType::F32) {
    std::memcpy(real.data(), constant.data.data(), constant.data.size());
    return result;
  }
  const size_t inner = q.per_channel() ? inner_count(constant.shape, q.axis) : 1;
  for (size_t i = 0; i < count; ++i) {
    const size_t channel = q.per_channel() ? i / inner % q.scales.size() : 0;
    double steps = 0;
    switch (constant.type) {
      case DataType::I8: steps = elements<int8_t>(constant)[i]; break;
      case DataType::U8: steps = elements<uint8_t>(constant)[i]; break;
      case DataType::I32: steps = elements<int32_t>(constant)[i]; break;
      case DataType::F32: break;
    }
    real[i] = static_cast<float>(double{q.scales[channel]} * (steps - q.zero_points[channel]));
  }
  return result;
}

}  // namespace teachable
