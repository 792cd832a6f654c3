#include "model/precision.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <span>
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

  /// Tells the forms of one constant apart.
  struct Key {
    TensorId filter;
    size_t channel_axis;
    float input_scale;

    bool operator==(const Key&) const = default;
  };

  template <typename Make>
  TensorId form(TensorId id, const Key& key, Make&& make) {
    for (const Form& form : forms_) {
      if (form.id == id && form.key == key) return form.made;
    }
    Tensor tensor = make();
    if (tensor.data.size() > budget_) {
      throw Error(ErrorCode::BadModel,
                  "model: its layers share constants in more ways than a real network does");
    }
    budget_ -= tensor.data.size();
    graph_.tensors.push_back(std::move(tensor));
    forms_.push_back({id, key, static_cast<TensorId>(graph_.tensors.size() - 1)});
    return forms_.back().made;
  }

 private:
  struct Form {
    TensorId id;
    Key key;
    TensorId made;
  };

  Graph& graph_;
  std::vector<Form> forms_;
  uint64_t budget_ = 0;
};

/// What the inputs of a channel's taps have in common weighs so many times what each has for
/// itself.
constexpr double kCommonPart = 4;

/// The most steps to a side that a symmetric int8 weight has.
constexpr int kMaxSteps = 127;

/// One of a channel's different weights.
struct WeightCount {
  int steps = 0;
  double count = 0;
};

/// `steps` in steps of `unit`, rounded to nearest, halves away from zero.
struct RoundedWeight {
  int weight = 0;
  double error = 0;  ///< what rounding took away

  RoundedWeight(int steps, double unit) {
    const double wanted = steps / unit;
    weight =
        std::clamp(static_cast<int>(wanted + std::copysign(0.5, wanted)), -kMaxSteps, kMaxSteps);
    error = wanted - weight;
  }
};

/// Neighbouring pixels, and channels after a ReLU, are alike, so the errors of a channel's taps add
/// up. So many of those that are off most are rounded the other way, until the sum of the weights
/// is what it was.
double taps_to_move(double error_sum) { return std::round(std::fabs(error_sum)); }

/// How far the layer's output may be off with weights of `unit`, all the same from `limit` on.
double rounding_cost(std::span<const WeightCount> weights, double unit, double limit) {
  struct Movable {
    double error;
    double count;
  };
  std::array<Movable, 256> movable[2];
  size_t movable_count[2] = {};
  const double scaled_limit = limit / (unit * unit);
  double sum = 0;
  double squares = 0;
  for (const WeightCount& each : weights) {
    const RoundedWeight rounded(each.steps, unit);
    sum += each.count * rounded.error;
    squares += each.count * rounded.error * rounded.error;
    // Moving taps only adds to their own errors.
    if (squares >= scaled_limit) return limit;
    const bool is_up = rounded.error > 0;
    if (rounded.error != 0 && std::abs(rounded.weight + (is_up ? 1 : -1)) <= kMaxSteps) {
      movable[is_up][movable_count[is_up]++] = {std::fabs(rounded.error), each.count};
    }
  }
  const bool is_up = sum > 0;
  const std::span order(movable[is_up].data(), movable_count[is_up]);
  double left = taps_to_move(sum);
  sum = std::fabs(sum);
  while (left > 0) {
    const auto widest = std::ranges::max_element(order, {}, &Movable::error);
    if (widest == order.end() || widest->error == 0) break;
    const double moved = std::min(left, widest->count);
    squares += moved * (1 - 2 * widest->error);
    sum -= moved;
    left -= moved;
    widest->error = 0;
  }
  return (squares + kCommonPart * sum * sum) * unit * unit;
}

/// The best of several units, in steps of the file: a coarser one may hit the weights better. Few
/// channels of real files are this wide.
double best_unit(std::span<const int> steps, int widest) {
  std::array<double, 511> counts = {};
  for (int each : steps) counts[static_cast<size_t>(each + 255)] += 1;
  std::vector<WeightCount> weights;
  for (int value = -255; value <= 255; ++value) {
    const double count = counts[static_cast<size_t>(value + 255)];
    if (count > 0 && value != 0) weights.push_back({value, count});
  }
  double best = 0;
  double lowest = std::numeric_limits<double>::infinity();
  for (int highest = kMaxSteps; highest >= 64; --highest) {
    const double unit = static_cast<double>(widest) / highest;
    const double cost = rounding_cost(weights, unit, lowest);
    if (cost < lowest) {
      lowest = cost;
      best = unit;
    }
  }
  return best;
}

/// Weights [steps.size()] in steps of `unit`, `stride` bytes apart.
void round_channel(std::span<const int> steps, double unit, int8_t* weights, size_t stride) {
  std::vector<double> errors(steps.size());
  double sum = 0;
  for (size_t i = 0; i < steps.size(); ++i) {
    const RoundedWeight rounded(steps[i], unit);
    weights[i * stride] = static_cast<int8_t>(rounded.weight);
    errors[i] = rounded.error;
    sum += rounded.error;
  }
  const int direction = sum > 0 ? 1 : -1;
  std::vector<size_t> order;
  for (size_t i = 0; i < steps.size(); ++i) {
    if (errors[i] * direction > 0 && std::abs(weights[i * stride] + direction) <= kMaxSteps)
      order.push_back(i);
  }
  const auto moved =
      static_cast<size_t>(std::min(taps_to_move(sum), static_cast<double>(order.size())));
  std::ranges::partial_sort(order, order.begin() + static_cast<std::ptrdiff_t>(moved),
                            [&](size_t a, size_t b) {
                              const double by_a = std::fabs(errors[a]);
                              const double by_b = std::fabs(errors[b]);
                              return by_a != by_b ? by_a > by_b : a < b;
                            });
  for (size_t i = 0; i < moved; ++i) {
    int8_t& weight = weights[order[i] * stride];
    weight = static_cast<int8_t>(weight + direction);
  }
}

/// Of bytes that lie `stride` apart.
struct Extremes {
  uint8_t lowest = 255;
  uint8_t highest = 0;
};

/// A file has millions of weights: sixteen are looked at at once.
using Bytes = uint8_t __attribute__((vector_size(16)));

Extremes extremes_of(const uint8_t* bytes, size_t count, size_t stride) {
  Extremes result;
  size_t i = 0;
  if (stride == 1) {
    Bytes lowest = Bytes{} - 1;
    Bytes highest = {};
    for (; i + sizeof(Bytes) <= count; i += sizeof(Bytes)) {
      Bytes piece;
      std::memcpy(&piece, bytes + i, sizeof(piece));
      lowest = __builtin_elementwise_min(lowest, piece);
      highest = __builtin_elementwise_max(highest, piece);
    }
    result = {__builtin_reduce_min(lowest), __builtin_reduce_max(highest)};
  }
  for (; i < count; ++i) {
    result = {std::min(result.lowest, bytes[i * stride]),
              std::max(result.highest, bytes[i * stride])};
  }
  return result;
}

/// `to` = `from` - `amount`, modulo 256.
void subtract(std::span<const uint8_t> from, uint8_t amount, uint8_t* to) {
  size_t i = 0;
  for (; i + sizeof(Bytes) <= from.size(); i += sizeof(Bytes)) {
    Bytes piece;
    std::memcpy(&piece, from.data() + i, sizeof(piece));
    piece -= amount;
    std::memcpy(to + i, &piece, sizeof(piece));
  }
  for (; i < from.size(); ++i) to[i] = static_cast<uint8_t>(from[i] - amount);
}

/// `channel_axis` is the first or the last.
Tensor to_signed_filter(const Tensor& filter, size_t channel_axis) {
  const auto channels = static_cast<size_t>(filter.shape[channel_axis]);
  const std::span<const uint8_t> raw = elements<uint8_t>(filter);
  const size_t taps = raw.size() / channels;
  const size_t stride = channel_axis == 0 ? 1 : channels;
  const int zero_point = filter.quantization.zero_points[0];

  Tensor result = make_constant(filter, DataType::I8);
  result.quantization.axis = channel_axis;
  result.quantization.zero_points.assign(channels, 0);
  result.quantization.scales.reserve(channels);
  const std::span<int8_t> weights = elements<int8_t>(result);
  subtract(raw, static_cast<uint8_t>(zero_point), elements<uint8_t>(result).data());
  std::vector<int> steps(taps);
  for (size_t c = 0; c < channels; ++c) {
    const size_t start = channel_axis == 0 ? c * taps : c;
    const auto [lowest, highest] = extremes_of(raw.data() + start, taps, stride);
    const int widest = std::max(highest - zero_point, zero_point - lowest);
    double unit = 1;
    if (widest > kMaxSteps) {
      for (size_t tap = 0; tap < taps; ++tap) steps[tap] = raw[start + tap * stride] - zero_point;
      unit = best_unit(steps, widest);
      round_channel(steps, unit, weights.data() + start, stride);
    }
    result.quantization.scales.push_back(static_cast<float>(filter.quantization.scales[0] * unit));
  }
  return result;
}

/// An int32 bias counts in steps of input scale * filter scale: the same real values in other
/// steps.
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
    case PrecisionChoice::Auto:
      return "auto";
    case PrecisionChoice::F32:
      return "f32";
    case PrecisionChoice::Int8:
      return "int8";
    case PrecisionChoice::Exact:
      return "exact";
  }
  return "?";
}

void choose_precision(Graph& graph, PrecisionChoice choice) {
  switch (choice) {
    case PrecisionChoice::Exact:
      return;
    case PrecisionChoice::Auto:
      to_signed(graph);
      return;
    case PrecisionChoice::F32:
      to_float(graph);
      return;
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
    if (const auto* convert = std::get_if<Convert>(&node.op);
        convert != nullptr && !convert->to_unit_length) {
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
      (constant.type != DataType::F32 && !q.present()) || q.scales.size() != q.zero_points.size() ||
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
      case DataType::I8:
        steps = elements<int8_t>(constant)[i];
        break;
      case DataType::U8:
        steps = elements<uint8_t>(constant)[i];
        break;
      case DataType::I32:
        steps = elements<int32_t>(constant)[i];
        break;
      case DataType::F32:
        break;
    }
    real[i] = static_cast<float>(double{q.scales[channel]} * (steps - q.zero_points[channel]));
  }
  return result;
}

}  // namespace teachable
