#include "graph/graph.h"

#include <algorithm>
#include <cmath>

#include "graph/errors.h"

namespace teachable {
namespace {

template <typename OpType, typename Visitor>
void visit_inputs(OpType& op, Visitor&& visit) {
  if constexpr (requires { op.input; }) visit(op.input);
  if constexpr (requires { op.a; }) visit(op.a);
  if constexpr (requires { op.b; }) visit(op.b);
  if constexpr (requires { op.filter; }) visit(op.filter);
  if constexpr (requires { op.bias; }) visit(op.bias);
  if constexpr (requires { op.offset; }) {
    visit(op.scale);
    visit(op.offset);
  }
}

[[noreturn]] void bad(const Node& node, const Text& what) { throw_bad_model(node.where, what); }

/// Infers output shapes, with one overload per operator.
struct ShapeOf {
  const Graph& graph;
  const Node& node;

  const Shape& shape(TensorId id) const { return graph.tensors[id].shape; }

  const Shape& image(TensorId id) const {
    const Shape& s = shape(id);
    if (s.rank() != 4 || s[0] != 1 || s[1] < 1 || s[2] < 1 || s[3] < 1) {
      bad(node, {"the input has shape ", s, "; expected [1, height, width, channels]"});
    }
    return s;
  }

  int64_t window_count(int64_t input, int64_t before, int64_t after, uint32_t window,
                       uint32_t stride, uint32_t dilation) const {
    if (window < 1 || stride < 1 || dilation < 1) {
      bad(node, "the window, stride and dilation must be at least 1");
    }
    const int64_t span = (int64_t{window} - 1) * dilation + 1;
    const int64_t padded = input + before + after;
    if (padded < span) {
      bad(node, {"the window spans ", span, " pixels, but the padded input has ", padded});
    }
    return (padded - span) / stride + 1;
  }

  void check_bias(TensorId bias, int64_t channels) const {
    if (bias != kNoTensor && shape(bias).element_count() != static_cast<size_t>(channels)) {
      bad(node, {"the bias has shape ", shape(bias), "; expected [", channels, "]"});
    }
  }

  template <typename Windowed>
  Shape over_windows(const Windowed& op, Extent2d window, Extent2d dilation,
                     int64_t channels) const {
    const Shape& in = shape(op.input);
    const int64_t rows = window_count(in[1], op.padding.top, op.padding.bottom, window.height,
                                      op.stride.height, dilation.height);
    const int64_t columns = window_count(in[2], op.padding.left, op.padding.right, window.width,
                                         op.stride.width, dilation.width);
    if (double{1} * window.height * window.width * static_cast<double>(rows) *
            static_cast<double>(columns) >
        kMaxWindowPixels) {
      bad(node, {rows, " x ", columns, " windows of ", window.height, " x ", window.width,
                 " pixels exceed the limit of ", kMaxWindowPixels, " pixels in all"});
    }
    return {1, rows, columns, channels};
  }

  template <typename Layer>
  Shape convolved(const Layer& op, int64_t channels) const {
    const Shape& filter = shape(op.filter);
    check_bias(op.bias, channels);
    return over_windows(op, {static_cast<uint32_t>(filter[1]), static_cast<uint32_t>(filter[2])},
                        op.dilation, channels);
  }

  Shape operator()(const Conv2d& op) const {
    const Shape& in = image(op.input);
    const Shape& filter = shape(op.filter);
    if (filter.rank() != 4 || filter[3] != in[3] || filter[0] < 1) {
      bad(node, {"the filter has shape ", filter, "; expected [out, kh, kw, ", in[3], "]"});
    }
    return convolved(op, filter[0]);
  }

  Shape operator()(const DepthwiseConv2d& op) const {
    const Shape& in = image(op.input);
    const Shape& filter = shape(op.filter);
    if (filter.rank() != 4 || filter[0] != 1 || filter[3] < 1 || filter[3] % in[3] != 0) {
      bad(node, {"the filter has shape ", filter, "; expected [1, kh, kw, n * ", in[3], "]"});
    }
    return convolved(op, filter[3]);
  }

  Shape operator()(const FullyConnected& op) const {
    const Shape& filter = shape(op.filter);
    const auto count = static_cast<int64_t>(shape(op.input).element_count());
    if (filter.rank() != 2 || filter[0] < 1 || filter[1] < 1 || count % filter[1] != 0) {
      bad(node, {"the filter has shape ", filter, "; expected [out, ", count, "]"});
    }
    check_bias(op.bias, filter[0]);
    const Shape& in = shape(op.input);
    std::vector<int64_t> kept = in.dims();
    if (!kept.empty()) kept.back() = filter[0];
    const bool keeps_rank =
        in.rank() > 2 && in.channels() == filter[1] && shape(op.output).dims() == kept;
    return keeps_rank ? Shape(std::move(kept)) : Shape{count / filter[1], filter[0]};
  }

  Shape elementwise(TensorId a, TensorId b) const {
    const Shape& left = shape(a);
    const Shape& right = shape(b);
    bool fits = left == right || right.element_count() == 1;
    if (!fits && right.rank() >= 1 && right.rank() <= left.rank() &&
        right.channels() == left.channels()) {
      fits = right.element_count() == static_cast<size_t>(right.channels());
    }
    if (!fits) {
      bad(node, {"the operands have shapes ", left, " and ", right,
                 "; expected equal shapes or one value per channel"});
    }
    return left;
  }

  Shape operator()(const Add& op) const { return elementwise(op.a, op.b); }
  Shape operator()(const Multiply& op) const { return elementwise(op.a, op.b); }
  Shape operator()(const HardSwish& op) const { return shape(op.input); }
  Shape operator()(const Sigmoid& op) const { return shape(op.input); }
  Shape operator()(const Apply& op) const { return shape(op.input); }

  template <typename Pool>
  Shape pool(const Pool& op) const {
    const Shape& in = image(op.input);
    // A window that covers only padding would have no pixels.
    if (op.padding.top >= op.window.height || op.padding.bottom >= op.window.height ||
        op.padding.left >= op.window.width || op.padding.right >= op.window.width) {
      bad(node, "the padding must be smaller than the pooling window");
    }
    return over_windows(op, op.window, {}, in[3]);
  }

  Shape operator()(const AveragePool2d& op) const { return pool(op); }
  Shape operator()(const MaxPool2d& op) const { return pool(op); }

  Shape operator()(const GlobalAveragePool& op) const {
    const Shape& in = image(op.input);
    const Shape& out = shape(op.output);
    if (out == Shape{1, in[3]}) return out;
    return {1, 1, 1, in[3]};
  }

  Shape operator()(const Pad& op) const {
    const Shape& in = image(op.input);
    return {1, in[1] + op.padding.top + op.padding.bottom,
            in[2] + op.padding.left + op.padding.right,
            op.channels_before + in[3] + op.channels_after};
  }

  Shape operator()(const Clamp& op) const { return shape(op.input); }

  Shape operator()(const ScaleShift& op) const {
    const int64_t channels = shape(op.input).channels();
    check_bias(op.scale, channels);
    check_bias(op.offset, channels);
    return shape(op.input);
  }

  Shape operator()(const Reshape& op) const {
    if (shape(op.input).element_count() != shape(op.output).element_count()) {
      bad(node, {"cannot reshape ", shape(op.input), " to ", shape(op.output),
                 ": the numbers of elements differ"});
    }
    return shape(op.output);
  }

  Shape operator()(const Convert& op) const { return shape(op.input); }
  Shape operator()(const Softmax& op) const { return shape(op.input); }
};

}  // namespace

size_t element_size(DataType type) {
  switch (type) {
    case DataType::F32:
    case DataType::I32:
      return 4;
    case DataType::I8:
    case DataType::U8:
      return 1;
  }
  return 0;
}

const char* to_string(DataType type) {
  switch (type) {
    case DataType::F32:
      return "float32";
    case DataType::I32:
      return "int32";
    case DataType::I8:
      return "int8";
    case DataType::U8:
      return "uint8";
  }
  return "?";
}

std::vector<TensorId> inputs_of(const Op& op) {
  std::vector<TensorId> ids;
  std::visit(
      [&](const auto& o) {
        visit_inputs(o, [&](TensorId id) { ids.push_back(id); });
        // visit_inputs() visits the bias last. Only the bias may be missing.
        if constexpr (requires { o.bias; }) {
          if (o.bias == kNoTensor) ids.pop_back();
        }
      },
      op);
  return ids;
}

TensorId output_of(const Op& op) {
  return std::visit([](const auto& o) { return o.output; }, op);
}

void replace_input(Op& op, TensorId from, TensorId to) {
  std::visit(
      [&](auto& o) {
        visit_inputs(o, [&](TensorId& id) {
          if (id == from) id = to;
        });
      },
      op);
}

std::array<uint32_t, 2> same_padding(int64_t input, uint32_t window, uint32_t stride,
                                     uint32_t dilation) {
  const int64_t outputs = (input + stride - 1) / stride;
  const int64_t span = (int64_t{window} - 1) * dilation + 1;
  const int64_t total = std::max<int64_t>(0, (outputs - 1) * stride + span - input);
  return {static_cast<uint32_t>(total / 2), static_cast<uint32_t>(total - total / 2)};
}

Shape infer_shape(const Graph& graph, const Node& node) {
  return std::visit(ShapeOf{graph, node}, node.op);
}

}  // namespace teachable
