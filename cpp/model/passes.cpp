#include "model/passes.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>
#include <utility>

#include "core/error.h"
#include "graph/errors.h"
#include "model/input_range.h"
#include "model/precision.h"
#include "model/walk.h"

namespace teachable {
namespace {

/// Removes nodes[index] and replaces its output by `source` in all other nodes.
void bypass(Graph& graph, size_t index, TensorId source) {
  const TensorId removed = output_of(graph.nodes[index].op);
  graph.nodes.erase(graph.nodes.begin() + static_cast<std::ptrdiff_t>(index));
  for (Node& node : graph.nodes) replace_input(node.op, removed, source);
  if (graph.output == removed) graph.output = source;
}

/// Removes nodes[index]; `writer`, the node before it, then writes its output.
void absorb_into(Graph& graph, size_t index, Node& writer) {
  const TensorId output = output_of(graph.nodes[index].op);
  std::visit([&](auto& op) { op.output = output; }, writer.op);
  graph.nodes.erase(graph.nodes.begin() + static_cast<std::ptrdiff_t>(index));
}

float* floats_of(Graph& graph, TensorId id) {
  return reinterpret_cast<float*>(graph.tensors[id].data.data());
}

bool is_float_constant(const Graph& graph, TensorId id) {
  return graph.tensors[id].is_constant() && graph.tensors[id].type == DataType::F32;
}

TensorId add_float_constant(Graph& graph, const std::string& name, size_t count) {
  Tensor tensor;
  tensor.name = name;
  tensor.shape = Shape{static_cast<int64_t>(count)};
  tensor.data = PaddedBuffer<std::byte>(count * sizeof(float));
  graph.tensors.push_back(std::move(tensor));
  return static_cast<TensorId>(graph.tensors.size() - 1);
}

/// Replaces a constant that several nodes read by a copy, so that it can be rewritten for one node.
void own_constant(Graph& graph, TensorId& id) {
  if (reader_count(graph, id) <= 1) return;
  const Tensor& shared = graph.tensors[id];
  Tensor copy;
  copy.name = shared.name;
  copy.type = shared.type;
  copy.shape = shared.shape;
  copy.quantization = shared.quantization;
  copy.data = PaddedBuffer<std::byte>(shared.data.size());
  std::copy(shared.data.begin(), shared.data.end(), copy.data.begin());
  graph.tensors.push_back(std::move(copy));
  id = static_cast<TensorId>(graph.tensors.size() - 1);
}

/// Multiplies the filter and bias of `layer` by the scale, and adds the offset to the bias. Returns
/// false, without a change, if that isn't possible. With `channels_last`, the output channel is the
/// last axis of the filter, else the first.
template <typename Layer>
bool fold_into(Graph& graph, Layer& layer, const ScaleShift& affine, bool channels_last) {
  // A filter that several layers share is not copied for each of them: the copies could be far
  // larger than the file.
  if (layer.activation.any() || !is_float_constant(graph, layer.filter) ||
      reader_count(graph, layer.filter) != 1 ||
      (layer.bias != kNoTensor && !is_float_constant(graph, layer.bias))) {
    return false;
  }
  const size_t channels = graph.tensors[affine.scale].shape.element_count();
  const size_t weights = graph.tensors[layer.filter].shape.element_count();
  if (channels == 0 || weights % channels != 0) return false;

  if (layer.bias == kNoTensor) {
    layer.bias = add_float_constant(graph, graph.tensors[layer.filter].name + "/bias", channels);
  } else {
    own_constant(graph, layer.bias);
  }
  const float* scale = floats_of(graph, affine.scale);
  const float* offset = floats_of(graph, affine.offset);
  float* filter = floats_of(graph, layer.filter);
  float* bias = floats_of(graph, layer.bias);
  const size_t channel_stride = weights / channels;
  for (size_t i = 0; i < weights; ++i) {
    filter[i] *= scale[channels_last ? i % channels : i / channel_stride];
  }
  for (size_t c = 0; c < channels; ++c) bias[c] = bias[c] * scale[c] + offset[c];
  return true;
}

bool fold_scale_shift(Graph& graph, Op& before, const ScaleShift& affine) {
  if (!is_float_constant(graph, affine.scale) || !is_float_constant(graph, affine.offset)) {
    return false;
  }
  if (auto* conv = std::get_if<Conv2d>(&before)) return fold_into(graph, *conv, affine, false);
  if (auto* dw = std::get_if<DepthwiseConv2d>(&before)) return fold_into(graph, *dw, affine, true);
  if (auto* fc = std::get_if<FullyConnected>(&before)) return fold_into(graph, *fc, affine, false);
  return false;
}

/// Returns the input of `op` if `op` computes input * scale + offset in all channels, else
/// kNoTensor. The scale may differ by 0.05 %, because files store it with few digits or as float16.
TensorId input_of_affine(Graph& graph, const Op* op, float scale, float offset) {
  const auto* affine = op == nullptr ? nullptr : std::get_if<ScaleShift>(op);
  if (affine == nullptr) return kNoTensor;
  const size_t channels = graph.tensors[affine->scale].shape.element_count();
  const float* scales = floats_of(graph, affine->scale);
  const float* offsets = floats_of(graph, affine->offset);
  for (size_t c = 0; c < channels; ++c) {
    if (std::fabs(scales[c] / scale - 1) > 5e-4f || offsets[c] != offset) return kNoTensor;
  }
  return affine->input;
}

}  // namespace

void fold_batch_norm(Graph& graph) {
  for (size_t i = 0; i < graph.nodes.size();) {
    const auto* affine = std::get_if<ScaleShift>(&graph.nodes[i].op);
    Node* before = affine == nullptr ? nullptr : writer_of(graph, affine->input);
    if (before != nullptr && reader_count(graph, affine->input) == 1 &&
        fold_scale_shift(graph, before->op, ScaleShift(*affine))) {
      absorb_into(graph, i, *before);
    } else {
      ++i;
    }
  }
}

void fuse_hard_swish(Graph& graph) {
  for (Node& node : graph.nodes) {
    // Either x * (relu6(x + 3) / 6) or (x * relu6(x + 3)) / 6.
    const auto* product = std::get_if<Multiply>(&node.op);
    const bool is_divided_first = product != nullptr;
    if (!is_divided_first) {
      product = writer_op_as<Multiply>(graph, input_of_affine(graph, &node.op, 1.0f / 6, 0));
    }
    if (product == nullptr || product->activation.any()) continue;
    for (auto [x, gate] : {std::pair{product->a, product->b}, std::pair{product->b, product->a}}) {
      if (is_divided_first) gate = input_of_affine(graph, writer_op(graph, gate), 1.0f / 6, 0);
      const auto* clamp = writer_op_as<Clamp>(graph, gate);
      if (clamp == nullptr || clamp->activation != Activation::relu6()) continue;
      if (input_of_affine(graph, writer_op(graph, clamp->input), 1, 3) != x) continue;
      node.op = HardSwish{x, output_of(node.op)};
      break;
    }
  }
}

void fuse_activations(Graph& graph) {
  for (size_t i = 0; i < graph.nodes.size();) {
    const auto* clamp = std::get_if<Clamp>(&graph.nodes[i].op);
    Node* before = clamp == nullptr ? nullptr : writer_of(graph, clamp->input);
    const bool fused = before != nullptr && reader_count(graph, clamp->input) == 1 &&
                       std::visit(
                           [&](auto& op) {
                             if constexpr (requires { op.activation; }) {
                               const float min = std::max(op.activation.min, clamp->activation.min);
                               const float max = std::min(op.activation.max, clamp->activation.max);
                               if (!(min < max)) return false;
                               op.activation = {min, max};
                               return true;
                             } else {
                               return false;
                             }
                           },
                           before->op);
    if (fused) {
      absorb_into(graph, i, *before);
    } else {
      ++i;
    }
  }
}

void fold_padding(Graph& graph) {
  for (size_t i = 0; i < graph.nodes.size();) {
    const auto* pad = std::get_if<Pad>(&graph.nodes[i].op);
    if (pad == nullptr || pad->channels_before + pad->channels_after > 0) {
      ++i;
      continue;
    }
    const Pad copy = *pad;
    const auto padding_of = [&](Op& op) -> Padding* {
      if (auto* conv = std::get_if<Conv2d>(&op)) return &conv->padding;
      if (auto* dw = std::get_if<DepthwiseConv2d>(&op)) return &dw->padding;
      return nullptr;
    };
    const auto reads_pad = [&](const Node& node) {
      return std::ranges::count(inputs_of(node.op), copy.output) > 0;
    };
    const bool all_convolutions = graph.output != copy.output && graph.embedding != copy.output &&
                                  std::ranges::all_of(graph.nodes, [&](Node& node) {
                                    return !reads_pad(node) || padding_of(node.op) != nullptr;
                                  });
    if (!all_convolutions) {
      ++i;
      continue;
    }
    for (Node& node : graph.nodes) {
      if (!reads_pad(node)) continue;
      Padding* padding = padding_of(node.op);
      padding->top += copy.padding.top;
      padding->right += copy.padding.right;
      padding->bottom += copy.padding.bottom;
      padding->left += copy.padding.left;
    }
    bypass(graph, i, copy.input);
  }
}

void pool_by_convolution(Graph& graph) {
  constexpr uint32_t kMaxWindow = 256;
  // Far above any MobileNet. A hostile file can declare many channels without storing any data.
  constexpr uint64_t kMaxWeights = 1 << 22;
  uint64_t weights = 0;
  std::vector<TensorId> filters;
  for (Node& node : graph.nodes) {
    const auto* found = std::get_if<AveragePool2d>(&node.op);
    if (found == nullptr || graph.tensors[found->input].type == DataType::F32) continue;
    const AveragePool2d pool = *found;
    const Tensor& input = graph.tensors[pool.input];
    const Shape shape{1, pool.window.height, pool.window.width, input.shape.channels()};
    auto filter = std::ranges::find_if(filters, [&](TensorId id) {
      return graph.tensors[id].type == input.type && graph.tensors[id].shape == shape;
    });
    if (filter == filters.end()) {
      weights += shape.element_count();
      if (pool.window.height * uint64_t{pool.window.width} > kMaxWindow || weights > kMaxWeights) {
        throw Error(ErrorCode::UnsupportedOp,
                    {"Unsupported integer average pool in ", node.where, ": windows of ",
                     pool.window.height, " x ", pool.window.width, " pixels, ", shape.channels(),
                     " channels. Supported: windows of the whole image; other windows up to ",
                     kMaxWindow, " pixels and ", kMaxWeights, " pixels x channels in all."});
      }
      Tensor ones;
      ones.name = "mean";
      ones.type = input.type;
      ones.shape = shape;
      ones.data = PaddedBuffer<std::byte>(shape.element_count());
      std::ranges::fill(ones.data, std::byte{1});
      const double count = double{1} * pool.window.height * pool.window.width;
      ones.quantization = {{static_cast<float>(1 / count)}, {0}, 0};
      graph.tensors.push_back(std::move(ones));
      filters.push_back(static_cast<TensorId>(graph.tensors.size() - 1));
      filter = filters.end() - 1;
    }
    DepthwiseConv2d layer;
    layer.input = pool.input;
    layer.filter = *filter;
    layer.output = pool.output;
    layer.stride = pool.stride;
    layer.activation = pool.activation;
    node.op = layer;
  }
}

void pool_in_float(Graph& graph) {
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    auto* pool = std::get_if<MaxPool2d>(&graph.nodes[i].op);
    if (pool == nullptr || graph.tensors[pool->input].type == DataType::F32) continue;
    const std::string where = graph.nodes[i].where;
    const Convert before{pool->input, add_float_like(graph, pool->input)};
    const Convert after{add_float_like(graph, pool->output), pool->output};
    pool->input = before.output;
    pool->output = after.input;
    const auto at = graph.nodes.begin() + static_cast<std::ptrdiff_t>(i);
    graph.nodes.insert(graph.nodes.insert(at, Node{before, where}) + 2, Node{after, where});
    i += 2;
  }
}

void absorb_input_conversion(Graph& graph) {
  for (;;) {
    take_quantized_range(graph);
    if (reader_count(graph, graph.input) != 1) return;
    const auto reader = std::ranges::find_if(graph.nodes, [&](const Node& node) {
      return std::ranges::count(inputs_of(node.op), graph.input) > 0;
    });
    const auto* convert = reader == graph.nodes.end() ? nullptr : std::get_if<Convert>(&reader->op);
    if (convert == nullptr || convert->to_unit_length) return;
    graph.input = convert->output;
    graph.nodes.erase(reader);
  }
}

void absorb_input_scaling(Graph& graph) {
  std::array<double, 3> scale = {1, 1, 1};
  std::array<double, 3> offset = {};
  InputScaling common;
  TensorId end = graph.input;
  TensorId common_end = end;
  std::vector<size_t> absorbed;
  const auto are_equal = [](const std::array<double, 3>& values) {
    return values[0] == values[1] && values[1] == values[2];
  };
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const auto* affine = std::get_if<ScaleShift>(&graph.nodes[i].op);
    if (affine == nullptr || affine->input != end || reader_count(graph, end) != 1) continue;
    const size_t last = graph.tensors[affine->scale].shape.element_count() - 1;
    for (size_t c = 0; c < 3; ++c) {
      // A grey input has one channel.
      const float by = floats_of(graph, affine->scale)[std::min(c, last)];
      scale[c] *= by;
      offset[c] = offset[c] * by + floats_of(graph, affine->offset)[std::min(c, last)];
    }
    if (end == common_end && are_equal(scale) && are_equal(offset)) {
      common = {scale[0], offset[0]};
      common_end = affine->output;
      absorbed.push_back(i);
    }
    end = affine->output;
  }
  if (end == graph.input || end == graph.output) return;
  const auto mean = [](const std::array<double, 3>& values) {
    return (values[0] + values[1] + values[2]) / 3;
  };
  if (!graph.input_range) guess_input_range(graph, mean(scale), mean(offset));
  const double low = common.scale * graph.input_range->low + common.offset;
  const double high = common.scale * graph.input_range->high + common.offset;
  if (!std::isfinite(low) || !std::isfinite(high) || low == high) return;
  graph.input_range = InputRange{static_cast<float>(low), static_cast<float>(high)};
  graph.input_scaling = common;
  graph.input = common_end;
  for (size_t i = absorbed.size(); i-- > 0;) {
    graph.nodes.erase(graph.nodes.begin() + static_cast<std::ptrdiff_t>(absorbed[i]));
  }
}

void drop_unused(Graph& graph) {
  std::vector<bool> needed(graph.tensors.size());
  if (graph.embedding != kNoTensor) needed[graph.embedding] = true;
  if (graph.logits != kNoTensor) needed[graph.logits] = true;
  needed[graph.output] = true;
  std::vector<Node> kept;
  for (size_t i = graph.nodes.size(); i-- > 0;) {
    if (!needed[output_of(graph.nodes[i].op)]) continue;
    for (TensorId id : inputs_of(graph.nodes[i].op)) needed[id] = true;
    kept.push_back(std::move(graph.nodes[i]));
  }
  std::ranges::reverse(kept);
  graph.nodes = std::move(kept);
  for (size_t id = 0; id < graph.tensors.size(); ++id) {
    if (!needed[id]) graph.tensors[id].data = {};
  }
}

void simplify(Graph& graph) {
  fold_batch_norm(graph);
  fuse_hard_swish(graph);
  fuse_activations(graph);
  fold_padding(graph);
  pool_by_convolution(graph);
  pool_in_float(graph);
  absorb_input_conversion(graph);
  absorb_input_scaling(graph);
  find_ends(graph);
  drop_unused(graph);
  find_middle(graph);
}

}  // namespace teachable
