// A profile of networks by operator, beside the peaks of this machine. One thread.
#include "profile.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "graph/summary.h"
#include "net/kernels/gemm_weights.h"
#include "net/lower.h"
#include "network_bench.h"
#include "peak/peak.h"

namespace teachable {
namespace {

struct Operator {
  std::string name;    ///< operator and shapes, such as "Conv2d 3x3/2 224x224x3 -> 112x112x32"
  std::string kernel;  ///< XNNPACK's name of the operator
  uint64_t multiply_adds = 0;
  double microseconds = 0;
};

std::string shape_text(const Graph& graph, TensorId id) {
  const Shape& shape = graph.tensors[id].shape;
  std::string text;
  for (size_t i = 1; i < shape.rank(); ++i) text += (i > 1 ? "x" : "") + std::to_string(shape[i]);
  return text;
}

/// Describes a layer with weights.
template <typename Layer>
Operator describe(const Graph& graph, const Node& node, const Layer& layer) {
  const Tensor& filter = graph.tensors[layer.filter];
  Operator result;
  result.name = to_string(node.op);
  if constexpr (requires { layer.stride; }) {
    result.name += " " + std::to_string(filter.shape[1]) + "x" + std::to_string(filter.shape[2]);
    if (layer.stride.height > 1) result.name += "/" + std::to_string(layer.stride.height);
  }
  result.name += " " + shape_text(graph, layer.input) + " -> " + shape_text(graph, layer.output);
  const Shape& output = graph.tensors[layer.output].shape;
  result.multiply_adds = output.element_count() / static_cast<uint64_t>(output.channels()) *
                         filter.shape.element_count();
  return result;
}

/// Returns the layers with weights, in the order in which they run.
std::vector<Operator> layers_of(const Graph& graph) {
  std::vector<Operator> layers;
  for (const Node* node : section_nodes(graph, graph.input, graph.embedding)) {
    std::visit(
        [&](const auto& op) {
          if constexpr (requires { op.filter; }) layers.push_back(describe(graph, *node, op));
        },
        node->op);
  }
  return layers;
}

/// Returns what XNNPACK tells of a runtime's operators.
std::vector<char> profiling_info(xnn_runtime_t runtime, xnn_profile_info what) {
  size_t size = 0;
  xnn_get_runtime_profiling_info(runtime, what, 0, nullptr, &size);
  std::vector<char> bytes(size);
  check(xnn_get_runtime_profiling_info(runtime, what, bytes.size(), bytes.data(), &size),
        "profiling");
  return bytes;
}

/// Returns the operators of a runtime, with the layers of the graph that they run.
std::vector<Operator> operators_of(xnn_runtime_t runtime, const Graph& graph) {
  const std::vector<Operator> layers = layers_of(graph);
  size_t next_layer = 0;
  std::vector<Operator> operators;
  const std::vector<char> names = profiling_info(runtime, xnn_profile_info_operator_name);
  for (size_t at = 0; at < names.size();) {
    const std::string kernel = &names[at];
    at += kernel.size() + 1;
    const bool has_weights =
        kernel.starts_with("Convolution") || kernel.starts_with("Fully Connected");
    Operator each = has_weights && next_layer < layers.size() ? layers[next_layer++] : Operator();
    each.kernel = kernel;
    if (each.name.empty()) each.name = kernel;
    operators.push_back(each);
  }
  if (next_layer != layers.size())
    throw Error(ErrorCode::Internal, "The profile has fewer layers than the network.");
  return operators;
}

PaddedBuffer<std::byte> buffer_for(const Tensor& tensor) {
  PaddedBuffer<std::byte> buffer(tensor.shape.element_count() * element_size(tensor.type));
  std::memset(buffer.data(), 0, buffer.size());
  return buffer;
}

void print_network(const std::string& name, const Graph& graph) {
  initialize_xnnpack();
  ScaleStore scales;
  ExtrasStore extras;
  const XnnSubgraph subgraph = lower_section(graph, graph.input, graph.embedding, scales);
  xnn_runtime_t handle = nullptr;
  {
    const ExtrasStore::Scope packing(extras);
    check(xnn_create_runtime_v2(subgraph.get(), nullptr, XNN_FLAG_BASIC_PROFILING, &handle),
          "profiling");
  }
  const XnnRuntime runtime(handle);
  plan_memory(runtime.get());
  PaddedBuffer<std::byte> input = buffer_for(graph.tensors[graph.input]);
  PaddedBuffer<std::byte> output = buffer_for(graph.tensors[graph.embedding]);
  const xnn_external_value ends[] = {{kExternalInput, input.data()},
                                     {kExternalOutput, output.data()}};
  check(xnn_setup_runtime_v2(runtime.get(), std::size(ends), ends), "profiling");

  constexpr size_t kRuns = 400;
  struct Run {
    double milliseconds;
    std::vector<char> times;
  };
  std::vector<Run> runs;
  for (size_t i = 0; i < kRuns; ++i) {
    using Clock = std::chrono::steady_clock;
    const auto start = Clock::now();
    check(xnn_invoke_runtime(runtime.get()), "profiling");
    const double ms = std::chrono::duration<double, std::milli>(Clock::now() - start).count();
    runs.push_back({ms, profiling_info(runtime.get(), xnn_profile_info_operator_timing)});
  }
  std::sort(runs.begin(), runs.end(),
            [](const Run& a, const Run& b) { return a.milliseconds < b.milliseconds; });
  runs.resize(kRuns / 4);

  std::vector<Operator> operators = operators_of(runtime.get(), graph);
  double milliseconds = 0;
  for (const Run& run : runs) {
    milliseconds += run.milliseconds / static_cast<double>(runs.size());
    for (size_t i = 0; i < operators.size(); ++i) {
      uint64_t microseconds;
      std::memcpy(&microseconds, &run.times[i * sizeof microseconds], sizeof microseconds);
      operators[i].microseconds +=
          static_cast<double>(microseconds) / static_cast<double>(runs.size());
    }
  }
  std::printf("{\"name\": \"%s\", \"runs\": %zu, \"milliseconds\": %.4f, \"operators\": [\n",
              name.c_str(), kRuns, milliseconds);
  for (const Operator& each : operators) {
    std::printf(
        "%s{\"name\": \"%s\", \"kernel\": \"%s\", \"multiplyAdds\": %llu, \"microseconds\": "
        "%.2f}\n",
        &each == operators.data() ? "" : ",", each.name.c_str(), each.kernel.c_str(),
        static_cast<unsigned long long>(each.multiply_adds), each.microseconds);
  }
  std::printf("]}\n");
}

}  // namespace

void print_profile(const std::string& folder, const std::string& name) {
  std::vector<Peak> peaks = simd_peaks();
  for (const Peak& peak : relaxed_peaks()) peaks.push_back(peak);
  std::printf("{\"peaks\": [\n");
  for (const Peak& peak : peaks) {
    std::printf("%s{\"name\": \"%s\", \"integer\": %s, \"multiplyAdds\": %.0f}\n",
                &peak == peaks.data() ? "" : ",", peak.name.c_str(),
                peak.is_integer ? "true" : "false", peak.multiply_adds);
  }
  std::printf("], \"networks\": [\n");
  bool is_first = true;
  for (const std::string& each : network_names(folder)) {
    if (each.find(name) == std::string::npos) continue;
    if (!is_first) std::printf(",");
    is_first = false;
    print_network(each, read_network(folder, each).graph);
  }
  std::printf("]}\n");
}

}  // namespace teachable
