#include "net/network.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "core/error.h"
#include "net/kernels/xnn_threadpool.h"
#include "net/pixel_mean.h"

namespace teachable {
namespace {

PaddedBuffer<std::byte> buffer_for(const Tensor& tensor) {
  return PaddedBuffer<std::byte>(tensor.shape.element_count() * element_size(tensor.type));
}

template <typename T>
void dequantize(const std::byte* raw, const Quantization& quantization, std::span<float> real) {
  const float scale = quantization.scales[0];
  const int32_t zero_point = quantization.zero_points[0];
  const T* q = reinterpret_cast<const T*>(raw);
  for (size_t i = 0; i < real.size(); ++i) {
    real[i] = scale * static_cast<float>(int32_t{q[i]} - zero_point);
  }
}

void to_real(const Tensor& tensor, const PaddedBuffer<std::byte>& raw, std::span<float> real) {
  switch (tensor.type) {
    case DataType::F32:
      std::memcpy(real.data(), raw.data(), real.size_bytes());
      return;
    case DataType::I8:
      dequantize<int8_t>(raw.data(), tensor.quantization, real);
      return;
    case DataType::U8:
      dequantize<uint8_t>(raw.data(), tensor.quantization, real);
      return;
    case DataType::I32:
      break;
  }
  throw Error(ErrorCode::Internal, "the network ends in a tensor of int32");
}

/// Converts real values to the type of the tensor, as the inverse of to_real().
void from_real(std::span<const float> real, const Tensor& tensor, PaddedBuffer<std::byte>& raw) {
  if (tensor.type == DataType::F32) {
    std::memcpy(raw.data(), real.data(), real.size_bytes());
    return;
  }
  const float low = tensor.type == DataType::I8 ? -128 : 0;
  for (size_t i = 0; i < real.size(); ++i) {
    const float steps = std::nearbyint(real[i] / tensor.quantization.scales[0]) +
                        static_cast<float>(tensor.quantization.zero_points[0]);
    // The order of these comparisons makes NaN the lowest value.
    const float fitting = steps > low ? std::min(steps, low + 255) : low;
    raw[i] = static_cast<std::byte>(static_cast<int>(fitting));
  }
}

void to_unit_length(std::span<float> values) {
  float squares = 0;
  for (float value : values) squares += value * value;
  // TensorFlow Lite uses the same lower bound for a vector of zeros.
  const float length = std::max(std::sqrt(squares), 1e-6f);
  for (float& value : values) value /= length;
}

/// Returns the map that the second part of an embedding describes; kNoTensor for one layer.
TensorId middle_of(const Graph& graph, EmbeddingLayers layers) {
  if (layers == EmbeddingLayers::Last) return kNoTensor;
  if (layers == EmbeddingLayers::Two && graph.middle == kNoTensor) {
    throw Error(ErrorCode::UnsupportedOp,
                "The model has no middle layer for `layers: 'two'`: after the first layer, none "
                "halves the image. Load the model with `layers: 'last'` or 'auto'.");
  }
  return graph.middle;
}

/// Returns the tensor at which the backbone ends: the embedding, or the input of the L2
/// normalization that computes it, for which XNNPACK has no operator.
TensorId backbone_end(const Graph& graph) {
  for (const Node& node : graph.nodes) {
    const auto* convert = std::get_if<Convert>(&node.op);
    if (convert != nullptr && convert->to_unit_length && convert->output == graph.embedding)
      return convert->input;
  }
  return graph.embedding;
}

uint64_t multiply_adds(const Graph& graph, const Op& op) {
  const auto elements = [&](TensorId id) -> uint64_t {
    return graph.tensors[id].shape.element_count();
  };
  const auto channels = [&](TensorId id) -> uint64_t {
    return static_cast<uint64_t>(graph.tensors[id].shape.channels());
  };
  if (const auto* conv = std::get_if<Conv2d>(&op)) {
    return elements(conv->output) / channels(conv->output) * elements(conv->filter);
  }
  if (const auto* dw = std::get_if<DepthwiseConv2d>(&op)) {
    return elements(dw->output) / channels(dw->output) * elements(dw->filter);
  }
  if (const auto* fc = std::get_if<FullyConnected>(&op)) {
    return elements(fc->output) / channels(fc->output) * elements(fc->filter);
  }
  return 0;
}

uint64_t multiply_adds(const Graph& graph, TensorId input, TensorId output) {
  uint64_t sum = 0;
  for (const Node* node : section_nodes(graph, input, output))
    sum += multiply_adds(graph, node->op);
  return sum;
}

/// Returns for each tensor whether XNNPACK reads its data in place. It packs filters and biases
/// into memory of its own.
std::vector<bool> read_in_place(const Graph& graph) {
  std::vector<bool> result(graph.tensors.size());
  for (const Node& node : graph.nodes) {
    if (std::visit([](const auto& op) { return requires { op.filter; }; }, node.op)) continue;
    for (TensorId id : inputs_of(node.op)) result[id] = true;
  }
  return result;
}

}  // namespace

Network::Network(Graph graph, pthreadpool_t threadpool, EmbeddingLayers layers)
    : graph_(std::move(graph)),
      summary_(summarize(graph_)),
      threadpool_(threadpool),
      middle_(middle_of(graph_, layers)),
      backbone_end_(backbone_end(graph_)),
      input_(buffer_for(input_tensor())),
      raw_embedding_(buffer_for(graph_.tensors[graph_.embedding])),
      last_size_(graph_.tensors[graph_.embedding].shape.element_count()),
      embedding_(last_size_) {
  initialize_xnnpack();
  const std::vector<bool> kept = read_in_place(graph_);
  for (size_t id = 0; id < kept.size(); ++id) {
    if (kept[id]) graph_.tensors[id].data.own();
  }
  if (backbone_end_ != graph_.embedding) raw_end_ = buffer_for(graph_.tensors[backbone_end_]);
  if (middle_ != kNoTensor) {
    raw_middle_ = buffer_for(graph_.tensors[middle_]);
    embedding_.resize(last_size_ + middle_layer_size());
  }
  backbone_ = make_runtime(graph_.input, input_, backbone_end_, backbone_output());
  if (graph_.logits != kNoTensor) {
    raw_logits_ = buffer_for(graph_.tensors[graph_.logits]);
    logits_.resize(graph_.tensors[graph_.logits].shape.element_count());
    head_ = make_runtime(head_start(), head_input(), graph_.logits, raw_logits_);
  }
  for (size_t id = 0; id < kept.size(); ++id) {
    if (!kept[id]) graph_.tensors[id].data = {};
  }
}

XnnRuntime Network::make_runtime(TensorId input, PaddedBuffer<std::byte>& in, TensorId output,
                                 PaddedBuffer<std::byte>& out) {
  const XnnSubgraph subgraph =
      lower_section(graph_, input, output, scales_, output == backbone_end_ ? middle_ : kNoTensor);
  xnn_runtime_t handle = nullptr;
  // With this flag the pool's threads sleep between two frames instead of spinning. A page that
  // sends no frames, hidden or not, costs nothing.
  const ExtrasStore::Scope packing(extras_);
  check(xnn_create_runtime_v2(subgraph.get(), threadpool_, XNN_FLAG_YIELD_WORKERS, &handle),
        "preparing the network");
  XnnRuntime runtime(handle);
  if (extras_.incomplete())
    throw Error(ErrorCode::OutOfMemory,
                "preparing the network: out of memory while packing its weights");
  set_up(runtime.get(), in, out);
  return runtime;
}

void Network::set_up(xnn_runtime_t runtime, PaddedBuffer<std::byte>& in,
                     PaddedBuffer<std::byte>& out) {
  plan_memory(runtime);
  const xnn_external_value ends[] = {{kExternalInput, in.data()},
                                     {kExternalOutput, out.data()},
                                     {kExternalMiddle, raw_middle_.data()}};
  const bool has_middle = &out == &backbone_output() && middle_ != kNoTensor;
  check(xnn_setup_runtime_v2(runtime, has_middle ? 3 : 2, ends), "setting the network up");
}

void Network::set_up_with(pthreadpool_t threadpool) {
  set_threadpool(backbone_.get(), threadpool);
  set_up(backbone_.get(), input_, backbone_output());
  if (!has_head()) return;
  set_threadpool(head_.get(), threadpool);
  set_up(head_.get(), head_input(), raw_logits_);
}

void Network::use_threadpool(pthreadpool_t threadpool) {
  try {
    set_up_with(threadpool);
  } catch (...) {
    set_up_with(threadpool_);
    throw;
  }
  threadpool_ = threadpool;
}

std::span<std::byte> Network::input_bytes(DataType wanted) {
  if (input_type() != wanted) {
    throw Error(ErrorCode::BadArgument, {"the network's input is ", to_string(input_type()),
                                         ", but ", to_string(wanted), " was asked for"});
  }
  return input_.span();
}

std::span<float> Network::input_f32() {
  const std::span<std::byte> bytes = input_bytes(DataType::F32);
  return {reinterpret_cast<float*>(bytes.data()), bytes.size() / sizeof(float)};
}

std::span<uint8_t> Network::input_u8() {
  const std::span<std::byte> bytes = input_bytes(DataType::U8);
  return {reinterpret_cast<uint8_t*>(bytes.data()), bytes.size()};
}

std::span<int8_t> Network::input_i8() {
  const std::span<std::byte> bytes = input_bytes(DataType::I8);
  return {reinterpret_cast<int8_t*>(bytes.data()), bytes.size()};
}

void Network::run_backbone() {
  check(xnn_invoke_runtime(backbone_.get()), "running the network");
  const std::span<float> last = std::span(embedding_).first(last_size_);
  if (raw_end_.empty()) {
    to_real(graph_.tensors[graph_.embedding], raw_embedding_, last);
  } else {
    to_real(graph_.tensors[backbone_end_], raw_end_, last);
    to_unit_length(last);
    from_real(last, graph_.tensors[graph_.embedding], raw_embedding_);
  }
  if (middle_ == kNoTensor) return;
  const std::span<float> middle = std::span(embedding_).subspan(last_size_);
  mean_of_pixels(graph_.tensors[middle_], raw_middle_.data(), middle);
  to_unit_length(last);
  to_unit_length(middle);
}

void Network::run_head() {
  if (!has_head()) {
    throw Error(
        ErrorCode::BadArgument,
        "This model has no classifier, it computes embeddings only. Load a model with classes, "
        "or teach examples and ask for a prediction.");
  }
  check(xnn_invoke_runtime(head_.get()), "running the classifier");
  to_real(graph_.tensors[graph_.logits], raw_logits_, logits_);
}

size_t Network::middle_layer_size() const {
  return graph_.middle == kNoTensor
             ? 0
             : static_cast<size_t>(graph_.tensors[graph_.middle].shape.channels());
}

uint64_t Network::backbone_multiply_adds() const {
  return multiply_adds(graph_, graph_.input, graph_.embedding);
}

uint64_t Network::head_multiply_adds() const {
  return has_head() ? multiply_adds(graph_, head_start(), graph_.logits) : 0;
}

}  // namespace teachable
