// Convolutions of 1 x 1, of which a MobileNet is made, in int8: with our kernels, where this
// processor gets them, beside XNNPACK's.
#include <benchmark/benchmark.h>

#include <random>

#include "net/kernels/gemm_weights.h"
#include "net/lower.h"

namespace teachable {
namespace {

struct PointwiseLayer {
  int64_t size, inputs, outputs;
};

/// Weights as networks have them: the widest of a channel is 127, most are near zero.
Graph make_graph(const PointwiseLayer& layer) {
  std::mt19937 random(1);
  Graph graph;
  const auto add_tensor = [&](Shape shape, DataType type) -> Tensor& {
    Tensor& tensor = graph.tensors.emplace_back();
    tensor.type = type;
    tensor.shape = std::move(shape);
    tensor.quantization.scales = {0.02f};
    tensor.quantization.zero_points = {3};
    return tensor;
  };
  add_tensor({1, layer.size, layer.size, layer.inputs}, DataType::I8);
  add_tensor({1, layer.size, layer.size, layer.outputs}, DataType::I8);
  Tensor& filter = add_tensor({layer.outputs, 1, 1, layer.inputs}, DataType::I8);
  filter.quantization.scales.assign(static_cast<size_t>(layer.outputs), 0.01f);
  filter.quantization.zero_points.assign(static_cast<size_t>(layer.outputs), 0);
  filter.data = PaddedBuffer<std::byte>(filter.shape.element_count());
  std::normal_distribution<float> weight(0, 36);
  for (std::byte& w : filter.data)
    w = static_cast<std::byte>(std::lround(std::clamp(weight(random), -127.0f, 127.0f)));
  Conv2d conv;
  conv.input = 0;
  conv.output = 1;
  conv.filter = 2;
  graph.nodes.push_back({conv, "pointwise"});
  return graph;
}

void run(benchmark::State& state, const PointwiseLayer& layer, bool own_kernels) {
  initialize_xnnpack();
  const Graph graph = make_graph(layer);
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
  if (own_kernels && extras.layer_count() == 0) {
    state.SkipWithMessage("this build or processor has none");
    return;
  }
  check(xnn_reshape_runtime(runtime.get()), "benchmark");
  PaddedBuffer<std::byte> input(graph.tensors[0].shape.element_count());
  PaddedBuffer<std::byte> output(graph.tensors[1].shape.element_count());
  std::mt19937 random(2);
  for (std::byte& b : input) b = static_cast<std::byte>(random());
  const xnn_external_value ends[] = {{kExternalInput, input.data()},
                                     {kExternalOutput, output.data()}};
  check(xnn_setup_runtime_v2(runtime.get(), std::size(ends), ends), "benchmark");
  for (auto _ : state) check(xnn_invoke_runtime(runtime.get()), "benchmark");
  state.counters["FLOP/s"] = benchmark::Counter(
      2.0 * static_cast<double>(layer.size * layer.size * layer.inputs * layer.outputs),
      benchmark::Counter::kIsIterationInvariantRate);
}

const bool kRegistered = [] {
  for (const PointwiseLayer& layer :
       {PointwiseLayer{112, 16, 96}, {56, 24, 144}, {28, 192, 32}, {14, 96, 576}, {7, 960, 160}}) {
    const std::string name = "pointwise/" + std::to_string(layer.size) + "x" +
                             std::to_string(layer.size) + "x" + std::to_string(layer.inputs) +
                             "->" + std::to_string(layer.outputs);
    for (const bool own_kernels : {true, false}) {
      benchmark::RegisterBenchmark((name + (own_kernels ? "/ours" : "/xnnpack")).c_str(),
                                   [=](benchmark::State& state) { run(state, layer, own_kernels); })
          ->UseRealTime();
    }
  }
  return true;
}();

}  // namespace
}  // namespace teachable
