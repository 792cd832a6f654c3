#include "reference.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

namespace teachable::testing {
namespace {

template <typename T>
std::vector<double> real_values_as(const Tensor& tensor) {
  const T* data = reinterpret_cast<const T*>(tensor.data.data());
  const size_t count = tensor.shape.element_count();
  const Quantization& q = tensor.quantization;
  size_t inner = 1;
  for (size_t axis = q.axis + 1; axis < tensor.shape.rank(); ++axis) {
    inner *= static_cast<size_t>(tensor.shape[axis]);
  }
  std::vector<double> real(count);
  for (size_t i = 0; i < count; ++i) {
    if (!q.present()) {
      real[i] = static_cast<double>(data[i]);
      continue;
    }
    const size_t channel = q.per_channel() ? i / inner % q.scales.size() : 0;
    real[i] = double{q.scales[channel]} * (static_cast<double>(data[i]) - q.zero_points[channel]);
  }
  return real;
}

double clamp(const Activation& activation, double value) {
  return std::min<double>(std::max<double>(value, activation.min), activation.max);
}

/// Computes the real output of an operator, with one overload per operator.
struct Compute {
  const Graph& graph;
  const std::vector<std::vector<double>>& values;

  const Shape& shape(TensorId id) const { return graph.tensors[id].shape; }
  const std::vector<double>& at(TensorId id) const { return values[id]; }

  /// Returns the real values of a bias. Its scale is always input scale * filter scale, whatever
  /// its own scale is.
  std::vector<double> bias_of(TensorId bias, TensorId input, TensorId filter,
                              size_t channels) const {
    if (bias == kNoTensor) return std::vector<double>(channels, 0.0);
    std::vector<double> result = real_values(graph.tensors[bias]);
    const Tensor& f = graph.tensors[filter];
    if (f.type == DataType::F32) return result;
    const auto* raw = reinterpret_cast<const int32_t*>(graph.tensors[bias].data.data());
    for (size_t c = 0; c < channels; ++c) {
      result[c] = double{graph.tensors[input].quantization.scales[0]} *
                  f.quantization.scales[f.quantization.per_channel() ? c : 0] * raw[c];
    }
    return result;
  }

  template <typename Layer, typename Weight>
  std::vector<double> convolve(const Layer& op, int64_t reads_per_output, Weight weight) const {
    const Shape& in = shape(op.input);
    const Shape& filter = shape(op.filter);
    const Shape& out = shape(op.output);
    const std::vector<double> bias =
        bias_of(op.bias, op.input, op.filter, static_cast<size_t>(out[3]));
    const std::vector<double> taps = real_values(graph.tensors[op.filter]);
    std::vector<double> result;
    for (int64_t y = 0; y < out[1]; ++y)
      for (int64_t x = 0; x < out[2]; ++x)
        for (int64_t o = 0; o < out[3]; ++o) {
          double sum = bias[static_cast<size_t>(o)];
          for (int64_t ky = 0; ky < filter[1]; ++ky)
            for (int64_t kx = 0; kx < filter[2]; ++kx) {
              const int64_t sy = y * op.stride.height + ky * op.dilation.height - op.padding.top;
              const int64_t sx = x * op.stride.width + kx * op.dilation.width - op.padding.left;
              if (sy < 0 || sx < 0 || sy >= in[1] || sx >= in[2]) continue;
              for (int64_t i = 0; i < reads_per_output; ++i) {
                const auto [channel, tap] = weight(o, ky, kx, i);
                sum += at(op.input)[static_cast<size_t>((sy * in[2] + sx) * in[3] + channel)] *
                       taps[static_cast<size_t>(tap)];
              }
            }
          result.push_back(clamp(op.activation, sum));
        }
    return result;
  }

  std::vector<double> operator()(const Conv2d& op) const {
    const Shape& f = shape(op.filter);
    return convolve(op, f[3], [&](int64_t o, int64_t ky, int64_t kx, int64_t i) {
      return std::pair{i, ((o * f[1] + ky) * f[2] + kx) * f[3] + i};
    });
  }

  std::vector<double> operator()(const DepthwiseConv2d& op) const {
    const Shape& f = shape(op.filter);
    const int64_t multiplier = f[3] / shape(op.input)[3];
    return convolve(op, 1, [&](int64_t o, int64_t ky, int64_t kx, int64_t) {
      return std::pair{o / multiplier, (ky * f[2] + kx) * f[3] + o};
    });
  }

  std::vector<double> operator()(const FullyConnected& op) const {
    const Shape& f = shape(op.filter);
    const auto outputs = static_cast<size_t>(f[0]);
    const auto inputs = static_cast<size_t>(f[1]);
    const std::vector<double> taps = real_values(graph.tensors[op.filter]);
    const std::vector<double> bias = bias_of(op.bias, op.input, op.filter, outputs);
    std::vector<double> result;
    for (size_t row = 0; row < at(op.input).size(); row += inputs) {
      for (size_t o = 0; o < outputs; ++o) {
        double sum = bias[o];
        for (size_t i = 0; i < inputs; ++i) sum += at(op.input)[row + i] * taps[o * inputs + i];
        result.push_back(clamp(op.activation, sum));
      }
    }
    return result;
  }

  template <typename Binary, typename Combine>
  std::vector<double> elementwise(const Binary& op, Combine combine) const {
    std::vector<double> result = at(op.a);
    const Tensor& b = graph.tensors[op.b];
    const std::vector<double> other = b.is_constant() ? real_values(b) : at(op.b);
    for (size_t i = 0; i < result.size(); ++i) {
      result[i] = clamp(op.activation, combine(result[i], other[i % other.size()]));
    }
    return result;
  }
  std::vector<double> operator()(const Add& op) const { return elementwise(op, std::plus<>()); }
  std::vector<double> operator()(const Multiply& op) const {
    return elementwise(op, std::multiplies<>());
  }

  std::vector<double> operator()(const HardSwish& op) const {
    std::vector<double> result = at(op.input);
    for (double& v : result) v *= std::clamp(v + 3, 0.0, 6.0) / 6;
    return result;
  }
  std::vector<double> operator()(const Sigmoid& op) const {
    std::vector<double> result = at(op.input);
    for (double& v : result) v = 1 / (1 + std::exp(-v));
    return result;
  }

  std::vector<double> operator()(const Apply& op) const {
    std::vector<double> result = at(op.input);
    for (double& v : result) {
      switch (op.function) {
        case Function::Elu:
          v = v > 0 ? v : std::expm1(v);
          break;
        case Function::Gelu:
          if (op.slope != 0) {
            v = v / 2 * (1 + std::tanh(0.7978845608028654 * (v + 0.044715 * v * v * v)));
            break;
          }
          v = v * (1 + std::erf(v / std::sqrt(2.0))) / 2;
          break;
        case Function::LeakyRelu:
          v = v > 0 ? v : v * op.slope;
          break;
        case Function::Log:
          v = std::log(v);
          break;
        case Function::Tanh:
          v = std::tanh(v);
          break;
      }
    }
    return result;
  }

  std::vector<double> operator()(const AveragePool2d& op) const {
    return pool(op, 0, std::plus<>(),
                [](double sum, int64_t count) { return sum / static_cast<double>(count); });
  }
  std::vector<double> operator()(const MaxPool2d& op) const {
    return pool(
        op, -std::numeric_limits<double>::infinity(),
        [](double a, double b) { return std::max(a, b); },
        [](double highest, int64_t) { return highest; });
  }

  template <typename Pool, typename Combine, typename Finish>
  std::vector<double> pool(const Pool& op, double start, Combine combine, Finish finish) const {
    const Shape& in = shape(op.input);
    const Shape& out = shape(op.output);
    std::vector<double> result;
    for (int64_t y = 0; y < out[1]; ++y)
      for (int64_t x = 0; x < out[2]; ++x)
        for (int64_t c = 0; c < out[3]; ++c) {
          double sum = start;
          int64_t count = 0;
          for (int64_t ky = 0; ky < op.window.height; ++ky)
            for (int64_t kx = 0; kx < op.window.width; ++kx) {
              const int64_t sy = y * op.stride.height + ky - op.padding.top;
              const int64_t sx = x * op.stride.width + kx - op.padding.left;
              if (sy < 0 || sx < 0 || sy >= in[1] || sx >= in[2]) continue;
              sum = combine(sum, at(op.input)[static_cast<size_t>((sy * in[2] + sx) * in[3] + c)]);
              ++count;
            }
          result.push_back(clamp(op.activation, finish(sum, count)));
        }
    return result;
  }

  std::vector<double> operator()(const GlobalAveragePool& op) const {
    const auto channels = static_cast<size_t>(shape(op.input).channels());
    const std::vector<double>& in = at(op.input);
    std::vector<double> result(channels, 0.0);
    for (size_t i = 0; i < in.size(); ++i) result[i % channels] += in[i];
    for (double& v : result) v /= static_cast<double>(in.size() / channels);
    return result;
  }

  std::vector<double> operator()(const Pad& op) const {
    const Shape& in = shape(op.input);
    const Shape& out = shape(op.output);
    std::vector<double> result(out.element_count(), 0.0);
    for (int64_t y = 0; y < in[1]; ++y)
      for (int64_t x = 0; x < in[2]; ++x)
        for (int64_t c = 0; c < in[3]; ++c) {
          result[static_cast<size_t>(
              ((y + op.padding.top) * out[2] + x + op.padding.left) * out[3] + c +
              op.channels_before)] = at(op.input)[static_cast<size_t>((y * in[2] + x) * in[3] + c)];
        }
    return result;
  }

  std::vector<double> operator()(const Clamp& op) const {
    std::vector<double> result = at(op.input);
    for (double& v : result) v = clamp(op.activation, v);
    return result;
  }

  std::vector<double> operator()(const ScaleShift& op) const {
    std::vector<double> result = at(op.input);
    const std::vector<double> scale = real_values(graph.tensors[op.scale]);
    const std::vector<double> offset = real_values(graph.tensors[op.offset]);
    for (size_t i = 0; i < result.size(); ++i) {
      result[i] = result[i] * scale[i % scale.size()] + offset[i % scale.size()];
    }
    return result;
  }

  std::vector<double> operator()(const Reshape& op) const { return at(op.input); }
  std::vector<double> operator()(const Convert& op) const {
    std::vector<double> result = at(op.input);
    if (!op.to_unit_length) return result;
    double squares = 0;
    for (double v : result) squares += v * v;
    for (double& v : result) v /= std::max(std::sqrt(squares), 1e-6);
    return result;
  }

  std::vector<double> operator()(const Softmax& op) const {
    std::vector<double> result = at(op.input);
    double sum = 0;
    for (double& v : result) sum += v = std::exp(op.beta * v);
    for (double& v : result) v /= sum;
    return result;
  }
};

}  // namespace

std::vector<double> real_values(const Tensor& constant) {
  switch (constant.type) {
    case DataType::F32:
      return real_values_as<float>(constant);
    case DataType::I32:
      return real_values_as<int32_t>(constant);
    case DataType::I8:
      return real_values_as<int8_t>(constant);
    case DataType::U8:
      return real_values_as<uint8_t>(constant);
  }
  return {};
}

double round_to_quantization(const Tensor& tensor, double value) {
  if (!tensor.quantization.present()) return value;
  const double scale = tensor.quantization.scales[0];
  const double zero_point = tensor.quantization.zero_points[0];
  const double low = tensor.type == DataType::I8 ? -128 : 0;
  const double q = std::clamp(std::nearbyint(value / scale) + zero_point, low, low + 255);
  return scale * (q - zero_point);
}

std::vector<double> compute(const Graph& graph, const Node& node,
                            const std::vector<std::vector<double>>& values) {
  return std::visit(Compute{graph, values}, node.op);
}

Reference::Reference(const Graph& graph) : graph_(graph), values_(graph.tensors.size()) {}

void Reference::run(const std::vector<double>& input) {
  const auto keep = [&](TensorId id, std::vector<double> values) {
    for (double& v : values) v = round_to_quantization(graph_.tensors[id], v);
    values_[id] = std::move(values);
  };
  keep(graph_.input, input);
  for (const Node& node : graph_.nodes) {
    keep(output_of(node.op), compute(graph_, node, values_));
  }
}

}  // namespace teachable::testing
