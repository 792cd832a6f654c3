// The layers of a MobileNet in int8: 1 x 1 convolutions and depthwise convolutions. Our kernels,
// on processors that use them, are compared with XNNPACK's.
#include <benchmark/benchmark.h>

#include <random>

#include "net/kernels/gemm_weights.h"
#include "net/lower.h"
#include "xnnpack/config.h"

namespace teachable {
namespace {

struct PointwiseLayer {
  int64_t size, inputs, outputs;
};

struct DepthwiseLayer {
  int64_t size, channels;
  uint32_t window, stride;
};

/// Makes a graph with an input, an output, and weights like those of networks: most values are near
/// zero.
Graph make_graph(Shape input, Shape output, Shape weights) {
  std::mt19937 random(1);
  Graph graph;
  const auto add_tensor = [&](Shape shape) -> Tensor& {
    Tensor& tensor = graph.tensors.emplace_back();
    tensor.type = DataType::I8;
    tensor.shape = std::move(shape);
    tensor.quantization.scales = {0.02f};
    tensor.quantization.zero_points = {3};
    return tensor;
  };
  const auto channels = static_cast<size_t>(output.channels());
  add_tensor(std::move(input));
  add_tensor(std::move(output));
  Tensor& filter = add_tensor(std::move(weights));
  filter.quantization.scales.assign(channels, 0.01f);
  filter.quantization.zero_points.assign(channels, 0);
  filter.data = PaddedBuffer<std::byte>(filter.shape.element_count());
  std::normal_distribution<float> weight(0, 36);
  for (std::byte& w : filter.data)
    w = static_cast<std::byte>(std::lround(std::clamp(weight(random), -127.0f, 127.0f)));
  return graph;
}

/// Adds the operator with input 0, output 1 and filter 2.
template <typename Op>
Graph with_node(Graph graph, Op op) {
  op.input = 0;
  op.output = 1;
  op.filter = 2;
  graph.nodes.push_back({op, "layer"});
  return graph;
}

Graph make_graph(const PointwiseLayer& layer) {
  return with_node(
      make_graph({1, layer.size, layer.size, layer.inputs},
                 {1, layer.size, layer.size, layer.outputs}, {layer.outputs, 1, 1, layer.inputs}),
      Conv2d());
}

Graph make_graph(const DepthwiseLayer& layer) {
  const int64_t size = layer.size / layer.stride;
  DepthwiseConv2d op;
  op.stride = {layer.stride, layer.stride};
  // Like TensorFlow: when the padding is odd, the end gets more than the start.
  const uint32_t padding = layer.window - layer.stride;
  op.padding = {padding / 2, padding - padding / 2, padding - padding / 2, padding / 2};
  return with_node(
      make_graph({1, layer.size, layer.size, layer.channels}, {1, size, size, layer.channels},
                 {1, layer.window, layer.window, layer.channels}),
      op);
}

/// Returns true if this build has a kernel of ours for the layer on this processor.
bool has_own_kernel(const Graph& graph) {
  const bool is_depthwise = std::holds_alternative<DepthwiseConv2d>(graph.nodes[0].op);
  const auto config = [&]() -> const void* {
    if (is_depthwise) return xnn_init_qs8_qc8w_dwconv_config();
    return xnn_init_qs8_qc8w_gemm_config();
  };
  const void* const theirs = config();
  ExtrasStore extras;
  const ExtrasStore::Scope packing(extras);
  return config() != theirs;
}

void run(benchmark::State& state, const Graph& graph, int64_t multiply_adds, bool own_kernels) {
  initialize_xnnpack();
  if (own_kernels && !has_own_kernel(graph)) {
    state.SkipWithMessage("This build does not use our kernel on this processor.");
    return;
  }
  ScaleStore scales;
  ExtrasStore extras;
  const XnnSubgraph subgraph = lower_section(graph, 0, 1, scales);
  xnn_runtime_t handle = nullptr;
  const auto prepare = [&] {
    check(xnn_create_runtime_v2(subgraph.get(), nullptr, 0, &handle), "benchmark");
  };
  if (own_kernels) {
    const ExtrasStore::Scope packing(extras);
    prepare();
  } else {
    prepare();
  }
  const XnnRuntime runtime(handle);
  check(xnn_reshape_runtime(runtime.get()), "benchmark");
  PaddedBuffer<std::byte> input(graph.tensors[0].shape.element_count());
  PaddedBuffer<std::byte> output(graph.tensors[1].shape.element_count());
  std::mt19937 random(2);
  for (std::byte& b : input) b = static_cast<std::byte>(random());
  const xnn_external_value ends[] = {{kExternalInput, input.data()},
                                     {kExternalOutput, output.data()}};
  check(xnn_setup_runtime_v2(runtime.get(), std::size(ends), ends), "benchmark");
  for (auto _ : state) check(xnn_invoke_runtime(runtime.get()), "benchmark");
  state.counters["FLOP/s"] = benchmark::Counter(2.0 * static_cast<double>(multiply_adds),
                                                benchmark::Counter::kIsIterationInvariantRate);
}

template <typename Layer>
void add_layer(const std::string& name, const Layer& layer, int64_t multiply_adds) {
  for (const bool own_kernels : {true, false}) {
    benchmark::RegisterBenchmark(
        (name + (own_kernels ? "/ours" : "/xnnpack")).c_str(),
        [=](benchmark::State& state) { run(state, make_graph(layer), multiply_adds, own_kernels); })
        ->UseRealTime();
  }
}

std::string squared(int64_t size) { return std::to_string(size) + "x" + std::to_string(size); }

const bool kRegistered = [] {
  for (const PointwiseLayer& layer :
       {PointwiseLayer{112, 16, 96}, {56, 24, 144}, {28, 192, 32}, {14, 96, 576}, {7, 960, 160}}) {
    add_layer("pointwise/" + squared(layer.size) + "x" + std::to_string(layer.inputs) + "->" +
                  std::to_string(layer.outputs),
              layer, layer.size * layer.size * layer.inputs * layer.outputs);
  }
  // Layers for which we have a kernel.
  for (const DepthwiseLayer& layer : {DepthwiseLayer{112, 32, 3, 1},
                                      {56, 144, 3, 1},
                                      {112, 96, 3, 2},
                                      {28, 192, 3, 1},
                                      {14, 384, 3, 1},
                                      {14, 512, 3, 1},
                                      {7, 960, 3, 1}}) {
    const int64_t size = layer.size / layer.stride;
    add_layer("depthwise/" + squared(layer.window) + "/stride:" + std::to_string(layer.stride) +
                  "/" + squared(layer.size) + "x" + std::to_string(layer.channels),
              layer, size * size * layer.channels * layer.window * layer.window);
  }
  return true;
}();

}  // namespace
}  // namespace teachable
