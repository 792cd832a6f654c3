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
#include "graph/errors.h"

namespace teachable {
namespace {

/// Maximum growth of all constants. Layers that share a constant may each need a converted copy, so
/// a small file could otherwise take any amount of memory.
constexpr uint64_t kMaxGrowth = 16;

template <typename T>
std::span<const T> elements(const Tensor& tensor) {
  return {reinterpret_cast<const T*>(tensor.data.data()), tensor.data.size() / sizeof(T)};
}

template <typename T>
std::span<T> elements(Tensor& tensor) {
  return {reinterpret_cast<T*>(tensor.data.data()), tensor.data.size() / sizeof(T)};
}

/// Returns a zero-filled constant of another type, with the name and shape of `like`.
Tensor make_constant(const Tensor& like, DataType type) {
  Tensor result;
  result.name = like.name;
  result.type = type;
  result.shape = like.shape;
  result.data = PaddedBuffer<std::byte>(like.shape.element_count() * element_size(type));
  return result;
}

/// Returns the distance between neighbours along `axis`, in elements.
size_t inner_count(const Shape& shape, size_t axis) {
  size_t count = 1;
  for (size_t i = axis + 1; i < shape.rank(); ++i) count *= static_cast<size_t>(shape[i]);
  return count;
}

/// Adds converted constants to a graph, each conversion once.
class ConvertedConstants {
 public:
  explicit ConvertedConstants(Graph& graph) : graph_(graph) {
    for (const Tensor& tensor : graph.tensors) budget_ += kMaxGrowth * tensor.data.size();
  }

  /// Distinguishes several conversions of one constant.
  struct Key {
    TensorId filter;
    size_t channel_axis;
    float input_scale;

    bool operator==(const Key&) const = default;
  };

  /// Returns the conversion `key` of constant `id`. Calls `convert` if it doesn't exist yet.
  template <typename Convert>
  TensorId get(TensorId id, const Key& key, Convert&& convert) {
    for (const Entry& entry : entries_) {
      if (entry.id == id && entry.key == key) return entry.converted;
    }
    Tensor tensor = convert();
    if (tensor.data.size() > budget_) {
      throw_bad_model("model", {"conversions of shared constants exceed ", kMaxGrowth,
                                " times the size of all constants"});
    }
    budget_ -= tensor.data.size();
    graph_.tensors.push_back(std::move(tensor));
    entries_.push_back({id, key, static_cast<TensorId>(graph_.tensors.size() - 1)});
    return entries_.back().converted;
  }

 private:
  struct Entry {
    TensorId id;
    Key key;
    TensorId converted;
  };

  Graph& graph_;
  std::vector<Entry> entries_;
  uint64_t budget_ = 0;
};

/// Weight of the squared sum of a channel's rounding errors against the sum of their squares. The
/// inputs of a channel have much in common, so errors that add up matter more.
constexpr double kErrorSumWeight = 4;

/// Maximum magnitude of a symmetric int8 weight.
constexpr int kMaxSteps = 127;

/// A distinct weight value of a channel, and its count.
struct WeightCount {
  int steps = 0;  ///< distance from the zero point
  double count = 0;
};

/// Quotient steps / unit, rounded to the nearest integer, with halves away from zero.
struct RoundedWeight {
  int weight = 0;
  double error = 0;  ///< exact value minus rounded value

  RoundedWeight(int steps, double unit) {
    const double exact = steps / unit;
    weight = std::clamp(static_cast<int>(exact + std::copysign(0.5, exact)), -kMaxSteps, kMaxSteps);
    error = exact - weight;
  }
};

/// Returns the number of weights to round in the other direction, those with the largest errors
/// first, so that the sum of the channel's weights stays the same. Neighbouring pixels are alike,
/// and so are channels after a ReLU; therefore rounding errors of one sign would add up.
double weights_to_adjust(double error_sum) { return std::round(std::fabs(error_sum)); }

/// Returns a measure of the output error of a channel whose weights are rounded to multiples of
/// `unit`. Stops early and returns `limit` if the result reaches it.
double rounding_cost(std::span<const WeightCount> weights, double unit, double limit) {
  struct Adjustable {
    double error;
    double count;
  };
  std::array<Adjustable, 256> adjustable[2];
  size_t adjustable_count[2] = {};
  const double scaled_limit = limit / (unit * unit);
  double sum = 0;
  double squares = 0;
  for (const WeightCount& each : weights) {
    const RoundedWeight rounded(each.steps, unit);
    sum += each.count * rounded.error;
    squares += each.count * rounded.error * rounded.error;
    // Adjusting a weight only increases its own error.
    if (squares >= scaled_limit) return limit;
    const bool is_up = rounded.error > 0;
    if (rounded.error != 0 && std::abs(rounded.weight + (is_up ? 1 : -1)) <= kMaxSteps) {
      adjustable[is_up][adjustable_count[is_up]++] = {std::fabs(rounded.error), each.count};
    }
  }
  const bool is_up = sum > 0;
  const std::span order(adjustable[is_up].data(), adjustable_count[is_up]);
  double left = weights_to_adjust(sum);
  sum = std::fabs(sum);
  while (left > 0) {
    const auto largest = std::ranges::max_element(order, {}, &Adjustable::error);
    if (largest == order.end() || largest->error == 0) break;
    const double adjusted = std::min(left, largest->count);
    squares += adjusted * (1 - 2 * largest->error);
    sum -= adjusted;
    left -= adjusted;
    largest->error = 0;
  }
  return (squares + kErrorSumWeight * sum * sum) * unit * unit;
}

/// Returns the unit with the lowest rounding cost, in steps of the file. A coarser unit may match
/// the weights better. Few channels of real files need this. `widest` is the largest magnitude in
/// `steps`.
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

/// Rounds `steps` to multiples of `unit` and writes them `stride` bytes apart, with their sum kept
/// as described at weights_to_adjust().
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
  const auto adjusted =
      static_cast<size_t>(std::min(weights_to_adjust(sum), static_cast<double>(order.size())));
  std::ranges::partial_sort(order, order.begin() + static_cast<std::ptrdiff_t>(adjusted),
                            [&](size_t a, size_t b) {
                              const double by_a = std::fabs(errors[a]);
                              const double by_b = std::fabs(errors[b]);
                              return by_a != by_b ? by_a > by_b : a < b;
                            });
  for (size_t i = 0; i < adjusted; ++i) {
    int8_t& weight = weights[order[i] * stride];
    weight = static_cast<int8_t>(weight + direction);
  }
}

/// Lowest and highest value of a set of bytes.
struct Extremes {
  uint8_t lowest = 255;
  uint8_t highest = 0;
};

/// Vector of 16 bytes. A file has millions of weights, so they are processed 16 at a time.
using Bytes = uint8_t __attribute__((vector_size(16)));

/// Returns the extremes of `count` bytes that are `stride` apart.
Extremes extremes_of(const uint8_t* bytes, size_t count, size_t stride) {
  Extremes result;
  size_t i = 0;
  if (stride == 1) {
    Bytes lowest = Bytes{} - 1;
    Bytes highest = {};
    for (; i + sizeof(Bytes) <= count; i += sizeof(Bytes)) {
      Bytes block;
      std::memcpy(&block, bytes + i, sizeof(block));
      lowest = __builtin_elementwise_min(lowest, block);
      highest = __builtin_elementwise_max(highest, block);
    }
    result = {__builtin_reduce_min(lowest), __builtin_reduce_max(highest)};
  }
  for (; i < count; ++i) {
    result = {std::min(result.lowest, bytes[i * stride]),
              std::max(result.highest, bytes[i * stride])};
  }
  return result;
}

/// Computes to = from - amount for each byte, modulo 256.
void subtract(std::span<const uint8_t> from, uint8_t amount, uint8_t* to) {
  size_t i = 0;
  for (; i + sizeof(Bytes) <= from.size(); i += sizeof(Bytes)) {
    Bytes block;
    std::memcpy(&block, from.data() + i, sizeof(block));
    block -= amount;
    std::memcpy(to + i, &block, sizeof(block));
  }
  for (; i < from.size(); ++i) to[i] = static_cast<uint8_t>(from[i] - amount);
}

/// Converts a uint8 filter to int8 with one scale per channel. `channel_axis` is the first or the
/// last axis.
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

/// Converts an int32 bias to new filter scales. Its real values are multiples of input scale *
/// filter scale.
Tensor to_signed_bias(const Tensor& bias, float input_scale, float old_scale,
                      const std::vector<float>& scales) {
  Tensor result = make_constant(bias, DataType::I32);
  const std::span<const int32_t> from = elements<int32_t>(bias);
  const std::span<int32_t> to = elements<int32_t>(result);
  for (size_t i = 0; i < to.size(); ++i) {
    // New scales are not smaller than the old one, so the result fits into int32.
    to[i] = static_cast<int32_t>(std::lround(double{old_scale} / scales[i] * from[i]));
  }
  for (float scale : scales) {
    result.quantization.scales.push_back(input_scale * scale);
    result.quantization.zero_points.push_back(0);
  }
  return result;
}

template <typename Layer>
void layer_to_signed(Graph& graph, ConvertedConstants& constants, Layer& layer,
                     size_t channel_axis) {
  if (graph.tensors[layer.filter].type != DataType::U8) return;
  const TensorId old_filter = layer.filter;
  layer.filter = constants.get(old_filter, {kNoTensor, channel_axis, 0}, [&] {
    return to_signed_filter(graph.tensors[old_filter], channel_axis);
  });
  if (layer.bias == kNoTensor) return;
  const float input_scale = graph.tensors[layer.input].quantization.scales[0];
  layer.bias = constants.get(layer.bias, {layer.filter, 0, input_scale}, [&] {
    return to_signed_bias(graph.tensors[layer.bias], input_scale,
                          graph.tensors[old_filter].quantization.scales[0],
                          graph.tensors[layer.filter].quantization.scales);
  });
}

template <typename Binary>
void operand_to_signed(Graph& graph, ConvertedConstants& constants, Binary& op) {
  const Tensor& operand = graph.tensors[op.b];
  if (!operand.is_constant() || operand.type != DataType::U8) return;
  op.b = constants.get(op.b, {kNoTensor, 1, 0}, [&] {
    Tensor result = make_constant(operand, DataType::I8);
    result.quantization = operand.quantization;
    for (int32_t& zero_point : result.quantization.zero_points) zero_point -= 128;
    std::ranges::transform(operand.data, result.data.begin(),
                           [](std::byte b) { return b ^ std::byte{0x80}; });
    return result;
  });
}

template <typename Binary>
void operand_to_float(Graph& graph, ConvertedConstants& constants, Binary& op) {
  const Tensor& operand = graph.tensors[op.b];
  if (!operand.is_constant() || operand.type == DataType::F32) return;
  op.b = constants.get(op.b, {kNoTensor, 0, 0}, [&] { return to_float_constant(operand); });
}

/// Returns the range of real values of a quantized tensor; no limits for other tensors.
Activation range_of(const Tensor& tensor) {
  if (!tensor.quantization.present()) return {};
  const float scale = tensor.quantization.scales[0];
  const int low = tensor.type == DataType::I8 ? -128 : 0;
  const int zero_point = tensor.quantization.zero_points[0];
  return {scale * static_cast<float>(low - zero_point),
          scale * static_cast<float>(low + 255 - zero_point)};
}

/// Returns the intersection of `a` and `b`, or `a` if it is empty.
Activation narrow(const Activation& a, const Activation& b) {
  const Activation both = {std::max(a.min, b.min), std::min(a.max, b.max)};
  return both.min < both.max ? both : a;
}

template <typename Layer>
void layer_to_float(Graph& graph, ConvertedConstants& constants, Layer& layer) {
  const TensorId old_filter = layer.filter;
  if (graph.tensors[old_filter].type == DataType::F32) return;
  layer.filter = constants.get(old_filter, {kNoTensor, 0, 0},
                               [&] { return to_float_constant(graph.tensors[old_filter]); });
  if (layer.bias == kNoTensor) return;
  const float input_scale = graph.tensors[layer.input].quantization.scales[0];
  layer.bias = constants.get(layer.bias, {layer.filter, 0, input_scale}, [&] {
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

float scale_of(const Graph& graph, TensorId id) { return graph.tensors[id].quantization.scales[0]; }

/// Returns whether XNNPACK can combine the scales of an operator of integers.
template <typename OpType>
bool has_usual_scales(const Graph& graph, const OpType& op) {
  const auto is_between = [](float ratio, float low) { return ratio >= low && ratio < 256; };
  const float out = scale_of(graph, op.output);
  if constexpr (requires { op.filter; }) {
    return std::ranges::all_of(graph.tensors[op.filter].quantization.scales, [&](float scale) {
      return is_between(scale_of(graph, op.input) * scale / out, 0x1p-32f);
    });
  } else if constexpr (std::is_same_v<OpType, Add>) {
    return is_between(scale_of(graph, op.a) / out, 0x1p-10f) &&
           is_between(scale_of(graph, op.b) / out, 0x1p-10f);
  } else {
    return is_between(scale_of(graph, op.a) * scale_of(graph, op.b) / out, 0x1p-16f);
  }
}

/// Returns whether any node writes a tensor of this type.
bool holds(const Graph& graph, DataType type) {
  return std::ranges::any_of(graph.nodes, [&](const Node& node) {
    return graph.tensors[output_of(node.op)].type == type;
  });
}

/// Drops the data of constants that no node reads any more.
void drop_unread_constants(Graph& graph) {
  std::vector<bool> read(graph.tensors.size());
  for (const Node& node : graph.nodes) {
    for (TensorId id : inputs_of(node.op)) read[id] = true;
  }
  for (size_t id = 0; id < graph.tensors.size(); ++id) {
    if (!read[id]) graph.tensors[id].data = {};
  }
}

void convert_to(Graph& graph, PrecisionChoice choice) {
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
                    "Precision 'int8' isn't available for this float32 model. Supported: 'auto', "
                    "'f32' and 'exact'. For int8, quantize the model with sample images first.");
      }
      to_signed(graph);
      return;
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
  convert_to(graph, choice);
  to_float_where_scales_differ(graph);
}

void to_signed(Graph& graph) {
  ConvertedConstants constants(graph);
  for (Node& node : graph.nodes) {
    if (auto* conv = std::get_if<Conv2d>(&node.op)) layer_to_signed(graph, constants, *conv, 0);
    if (auto* dw = std::get_if<DepthwiseConv2d>(&node.op))
      layer_to_signed(graph, constants, *dw, 3);
    if (auto* fc = std::get_if<FullyConnected>(&node.op)) layer_to_signed(graph, constants, *fc, 0);
    if (auto* add = std::get_if<Add>(&node.op)) operand_to_signed(graph, constants, *add);
    if (auto* mul = std::get_if<Multiply>(&node.op)) operand_to_signed(graph, constants, *mul);
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
  ConvertedConstants constants(graph);
  for (Node& node : graph.nodes) {
    if (auto* conv = std::get_if<Conv2d>(&node.op)) layer_to_float(graph, constants, *conv);
    if (auto* dw = std::get_if<DepthwiseConv2d>(&node.op)) layer_to_float(graph, constants, *dw);
    if (auto* fc = std::get_if<FullyConnected>(&node.op)) layer_to_float(graph, constants, *fc);
    if (auto* add = std::get_if<Add>(&node.op)) operand_to_float(graph, constants, *add);
    if (auto* mul = std::get_if<Multiply>(&node.op)) operand_to_float(graph, constants, *mul);
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

TensorId add_float_like(Graph& graph, TensorId like) {
  Tensor tensor;
  tensor.name = graph.tensors[like].name;
  tensor.shape = graph.tensors[like].shape;
  graph.tensors.push_back(std::move(tensor));
  return static_cast<TensorId>(graph.tensors.size() - 1);
}

void to_float_where_scales_differ(Graph& graph) {
  ConvertedConstants constants(graph);
  std::vector<Node> nodes;
  for (Node& node : graph.nodes) {
    const std::string where = node.where;
    const auto converted = [&](TensorId id) {
      const Convert convert{id, add_float_like(graph, id)};
      nodes.push_back({convert, where});
      return convert.output;
    };
    TensorId output = kNoTensor;
    std::visit(
        [&](auto& op) {
          using T = std::remove_cvref_t<decltype(op)>;
          constexpr bool kIsLayer = requires { op.filter; };
          if constexpr (kIsLayer || requires { op.a; }) {
            if (graph.tensors[op.output].type == DataType::F32 || has_usual_scales<T>(graph, op))
              return;
            output = op.output;
            if constexpr (kIsLayer) {
              layer_to_float(graph, constants, op);
              op.input = converted(op.input);
            } else {
              const bool is_square = op.a == op.b;
              op.a = converted(op.a);
              operand_to_float(graph, constants, op);
              if (is_square) {
                op.b = op.a;
              } else if (!graph.tensors[op.b].is_constant()) {
                op.b = converted(op.b);
              }
            }
            op.output = add_float_like(graph, output);
          }
        },
        node.op);
    const TensorId result = output_of(node.op);
    nodes.push_back(std::move(node));
    if (output != kNoTensor) nodes.push_back({Convert{result, output}, where});
  }
  graph.nodes = std::move(nodes);
}

Tensor to_float_constant(const Tensor& constant) {
  const Quantization& q = constant.quantization;
  const size_t count = constant.shape.element_count();
  if (constant.data.size() != count * element_size(constant.type) ||
      (constant.type != DataType::F32 && !q.present()) || q.scales.size() != q.zero_points.size() ||
      (q.per_channel() && (q.axis >= constant.shape.rank() ||
                           static_cast<size_t>(constant.shape[q.axis]) != q.scales.size()))) {
    throw_bad_model("constant '" + constant.name + "'",
                    {"shape ", constant.shape, " doesn't match ", q.scales.size(), " scales and ",
                     constant.data.size(), " bytes"});
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
