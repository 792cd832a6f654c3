// Our int8 kernels compared with XNNPACK's own, byte by byte.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <random>

#include "data.h"
#include "graph_builder.h"
#include "model/reader.h"
#include "net/kernels/gemm_config.h"
#include "net/kernels/gemm_weights.h"
#include "net/lower.h"
#include "tflite_writer.h"
#include "xnnpack/config.h"
#include "xnnpack/hardware-config.h"

namespace teachable::testing {
namespace {

constexpr size_t kHalfBlock = kBlockChannels / 2 * kGroupDepth;

struct PackedLayer {
  static constexpr size_t kTrailing = 32;
  size_t blocks;
  size_t groups;
  size_t stride = kBlockChannels * sizeof(int32_t) + 2 * kHalfBlock * groups + kTrailing;
  std::vector<std::byte> bytes = std::vector<std::byte>(blocks * stride);

  std::byte* bias(size_t block) { return bytes.data() + block * stride; }
  int8_t* weights(size_t block) {
    return reinterpret_cast<int8_t*>(bias(block)) + kBlockChannels * sizeof(int32_t);
  }
};

TEST(GemmWeights, AreSplitIntoSafePairsAndExcess) {
  std::mt19937 random(test_seed());
  PackedLayer layer{4, 12};
  // Block 0 has every pair of weights near the ends of the range, block 1 any weights, block 2
  // narrow ones, block 3 narrower ones, three of which sum up to too much when two groups are
  // added.
  const int8_t ends[] = {-128, -127, -65, -64, -1, 0, 1, 64, 65, 127};
  for (size_t block = 0; block < layer.blocks; ++block) {
    for (size_t i = 0; i < 2 * kHalfBlock * layer.groups; ++i) {
      const size_t end = block == 0 && i < 200 ? (i % 2 == 0 ? i / 20 : i / 2 % 10) : random() % 10;
      layer.weights(block)[i] =
          block == 3 ? static_cast<int8_t>(i == 64 || i == 65 || i == 96 ? 60 : random() % 65 - 32)
          : block == 2 ? static_cast<int8_t>(random() % 129 - 64)
          : block == 1 ? static_cast<int8_t>(random())
                       : ends[end];
    }
    for (size_t i = 0; i < kBlockChannels * sizeof(int32_t); ++i)
      layer.bias(block)[i] = static_cast<std::byte>(random());
  }
  PackedLayer before = layer;
  ExtrasStore store;
  store.add_layer(layer.bytes.data(), layer.blocks, layer.groups, PackedLayer::kTrailing);
  EXPECT_FALSE(store.incomplete());

  for (size_t block = 0; block < layer.blocks; ++block) {
    const BlockExtras* extras = nullptr;
    std::memcpy(&extras, layer.bias(block), sizeof(extras));
    EXPECT_EQ(std::memcmp(extras->bias, before.bias(block), sizeof(extras->bias)), 0);
    if (block == 2)
      EXPECT_EQ(extras->excess[0], extras->excess[2]) << "narrow weights have no excess";
    if (block == 3) EXPECT_TRUE(extras->adds_two_groups);
    if (block != 2) EXPECT_NE(extras->excess[0], extras->excess[2]);
    const auto expect_safe = [](std::initializer_list<int> added) {
      int up = 0, down = 0;
      for (int weight : added) (weight > 0 ? up : down) += weight;
      EXPECT_TRUE(up <= 128 && down >= -128) << up << ", " << down;
    };
    const int8_t* const w = layer.weights(block);
    std::vector<int> sums(w, w + 2 * kHalfBlock * layer.groups);
    for (size_t i = 0; i < sums.size(); i += 2) {
      const size_t there = i + 2 * kHalfBlock;
      expect_safe({w[i], w[i + 1]});
      if (extras->adds_two_groups && i / (2 * kHalfBlock) % 2 == 0 && there < sums.size())
        expect_safe({w[i], w[i + 1], w[there], w[there + 1]});
    }
    for (size_t half = 0; half < 2; ++half) {
      uint32_t group = 0;
      for (const ExcessWeights* e = extras->excess[half]; e != extras->excess[half + 1]; ++e) {
        ASSERT_GE(e->group, group);
        ASSERT_LT(e->group, layer.groups);
        group = e->group;
        for (size_t i = 0; i < kHalfBlock; ++i) {
          if (i % 2 == 0) expect_safe({e->weights[i], e->weights[i + 1]});
          sums[(2 * e->group + half) * kHalfBlock + i] += e->weights[i];
        }
      }
    }
    for (size_t i = 0; i < sums.size(); ++i)
      ASSERT_EQ(sums[i], before.weights(block)[i]) << block << ", " << i;
  }
}

TEST(OwnKernels, AreUsedWhereTheyAreRightAndNoInstructionIsExact) {
  EXPECT_TRUE(takes_own_gemm({.unsigned_pairs = true}));
  EXPECT_FALSE(takes_own_gemm({.exact_unsigned = true, .unsigned_pairs = true})) << "x86 with VNNI";
  EXPECT_FALSE(takes_own_gemm({.exact_signed = true})) << "ARM with its dot product";
  EXPECT_FALSE(takes_own_gemm({})) << "ARM without";
}

// Native builds have XNNPACK's kernels only.
#ifdef __wasm_simd128__

TEST(MatrixConfig, UsesOurKernelsOnX86InAScope) {
  const xnn_gemm_config* const theirs = xnn_init_qs8_qc8w_gemm_config();
  ExtrasStore store;
  const ExtrasStore::Scope scope(store);
  const DotInstructions dot = dot_instructions();
  EXPECT_EQ(xnn_init_qs8_qc8w_gemm_config() != theirs,
            xnn_init_hardware_config()->is_x86 && !dot.exact_signed && !dot.exact_unsigned);
}

/// Computes the bytes of the output from those of the input, with our kernels or with XNNPACK's.
std::vector<std::byte> run(const Graph& graph, TensorId output, std::span<const std::byte> input,
                           bool own_kernels) {
  initialize_xnnpack();
  ScaleStore scales;
  ExtrasStore extras;
  const XnnSubgraph subgraph = lower_section(graph, graph.input, output, scales);
  xnn_runtime_t handle = nullptr;
  if (own_kernels) {
    const ExtrasStore::Scope packing(extras);
    check(xnn_create_runtime_v2(subgraph.get(), nullptr, 0, &handle), "test");
    const bool has_products = std::ranges::any_of(graph.nodes, [](const Node& node) {
      return std::holds_alternative<Conv2d>(node.op) ||
             std::holds_alternative<FullyConnected>(node.op);
    });
    EXPECT_EQ(extras.layer_count() > 0, has_products && takes_own_gemm(dot_instructions()));
  } else {
    check(xnn_create_runtime_v2(subgraph.get(), nullptr, 0, &handle), "test");
  }
  const XnnRuntime runtime(handle);
  check(xnn_reshape_runtime(runtime.get()), "test");
  const auto buffer_for = [&](TensorId id) {
    const Tensor& tensor = graph.tensors[id];
    return PaddedBuffer<std::byte>(tensor.shape.element_count() * element_size(tensor.type));
  };
  PaddedBuffer<std::byte> in = buffer_for(graph.input);
  PaddedBuffer<std::byte> out = buffer_for(output);
  std::ranges::copy(input, in.data());
  const xnn_external_value ends[] = {{kExternalInput, in.data()}, {kExternalOutput, out.data()}};
  check(xnn_setup_runtime_v2(runtime.get(), std::size(ends), ends), "test");
  check(xnn_invoke_runtime(runtime.get()), "test");
  return {out.data(), out.data() + out.size()};
}

std::vector<std::byte> random_bytes(size_t count, std::mt19937& random) {
  std::vector<std::byte> bytes(count);
  // A third of the inputs are all lowest or all highest, because these give the widest sums.
  const uint32_t kind = random() % 6;
  for (std::byte& b : bytes)
    b = kind == 0   ? std::byte{0x80}
        : kind == 1 ? std::byte{0x7F}
                    : static_cast<std::byte>(random());
  return bytes;
}

/// Replaces the weights of a layer by others than a network has: any weights, only the widest ones,
/// alternating ones, a single value, or narrow ones with a few wide ones.
void widen(Tensor& filter, std::mt19937& random) {
  const uint32_t kind = random() % 6;
  for (size_t i = 0; i < filter.data.size(); ++i) {
    int weight = static_cast<int>(random() % 256) - 128;
    if (kind == 1) weight = weight < 0 ? -128 : 127;
    if (kind == 2) weight = i % 3 == 0 ? -128 : 127;
    if (kind == 3) weight = -128;
    if (kind > 3) weight = random() % 50 == 0 ? 127 : weight / 5;
    filter.data.data()[i] = static_cast<std::byte>(weight);
  }
}

void expect_same_bytes(
    int round_count, const std::function<TensorId(GraphBuilder&)>& build,
    const std::function<void(Graph&, std::mt19937&)>& change = [](Graph&, std::mt19937&) {}) {
  for (int round = 0; round < round_count; ++round) {
    const uint32_t seed = test_seed() + static_cast<uint32_t>(round);
    SCOPED_TRACE("TEACHABLE_SEED=" + std::to_string(seed));
    GraphBuilder builder(round % 3 == 0 ? Precision::I8PerTensor : Precision::I8PerChannel, seed);
    std::mt19937& random = builder.random();
    const TensorId output = build(builder);
    Graph graph = builder.take(output);
    for (Node& node : graph.nodes) {
      // The output's scale fits the original weights. With others, most outputs are clamped, so
      // half of the rounds keep the original ones.
      if (round % 2 == 0) continue;
      if (auto* conv = std::get_if<Conv2d>(&node.op)) widen(graph.tensors[conv->filter], random);
      if (auto* dw = std::get_if<DepthwiseConv2d>(&node.op)) {
        widen(graph.tensors[dw->filter], random);
        // XNNPACK's kernels add two products in 16 bits, which twice -128 * -128 does not fit.
        // TensorFlow Lite has no weights of -128 either.
        for (std::byte& w : graph.tensors[dw->filter].data)
          if (w == std::byte{0x80}) w = std::byte{0x81};
      }
      if (auto* fc = std::get_if<FullyConnected>(&node.op))
        widen(graph.tensors[fc->filter], random);
      graph.tensors[output].quantization.scales[0] *= 4;
    }
    change(graph, random);
    const std::vector<std::byte> input =
        random_bytes(graph.tensors[graph.input].shape.element_count(), random);
    ASSERT_EQ(run(graph, output, input, true), run(graph, output, input, false));
  }
}

TEST(OwnKernels, PointwiseConvolution) {
  expect_same_bytes(60, [](GraphBuilder& b) {
    const TensorId input = b.input(b.integer(1, 6), b.integer(1, 6), b.integer(1, 90));
    return b.conv(input, b.integer(2, 40), {{1, 1}, {1, 1}, {1, 1}, {}});
  });
}

/// Sums whose products with the scales leave the range in which floats hold all integers.
TEST(OwnKernels, FarSums) {
  expect_same_bytes(
      60,
      [](GraphBuilder& b) {
        const TensorId input = b.input(b.integer(1, 6), b.integer(1, 6), b.integer(1, 600));
        return b.conv(input, b.integer(2, 40), {{1, 1}, {1, 1}, {1, 1}, {}});
      },
      [](Graph& graph, std::mt19937& random) {
        for (Node& node : graph.nodes) {
          auto& conv = std::get<Conv2d>(node.op);
          // XNNPACK takes products of scales below 256.
          const auto& filter = graph.tensors[conv.filter].quantization.scales;
          const float widest =
              *std::ranges::max_element(filter) * graph.tensors[conv.input].quantization.scales[0];
          graph.tensors[conv.output].quantization.scales[0] =
              widest / std::exp2(static_cast<float>(random() % 9) - 1);
          if (conv.bias == kNoTensor) continue;
          Tensor& bias = graph.tensors[conv.bias];
          auto* const values = reinterpret_cast<int32_t*>(bias.data.data());
          for (size_t i = 0; i < bias.shape.element_count(); ++i)
            values[i] = (static_cast<int32_t>(random() % 4001) - 2000) << random() % 20;
        }
      });
}

TEST(OwnKernels, Convolution) {
  expect_same_bytes(60, [](GraphBuilder& b) {
    const TensorId input = b.input(b.integer(3, 9), b.integer(3, 9), b.integer(1, 20));
    const auto extent = [&](int high) {
      return Extent2d{static_cast<uint32_t>(b.integer(1, high)),
                      static_cast<uint32_t>(b.integer(1, high))};
    };
    GraphBuilder::Window window{extent(3), extent(2), {1, 1}, {}};
    window.padding = b.same(input, window.kernel, window.stride);
    return b.conv(input, b.integer(2, 20), window, Activation::relu6());
  });
}

TEST(OwnKernels, DepthwiseConvolution) {
  expect_same_bytes(60, [](GraphBuilder& b) {
    const TensorId input = b.input(b.integer(1, 40), b.integer(1, 40), b.integer(2, 70));
    const uint32_t size = b.integer(0, 1) == 0 ? 3 : 5;
    const auto stride = static_cast<uint32_t>(b.integer(1, 3));
    GraphBuilder::Window window{{size, size}, {stride, stride}, {1, 1}, {}};
    window.padding = b.same(input, window.kernel, window.stride);
    return b.depthwise(input, 1, window, Activation::relu6());
  });
}

TEST(OwnKernels, FullyConnected) {
  expect_same_bytes(20, [](GraphBuilder& b) {
    const TensorId input = b.input(1, 1, b.integer(1, 300));
    const TensorId flat = b.reshape(input, {1, b.graph().tensors[input].shape.channels()});
    return b.fully_connected(flat, b.integer(1, 50));
  });
}

/// These layers are deeper than the kernel's panel.
TEST(OwnKernels, DeepLayers) {
  expect_same_bytes(4, [](GraphBuilder& b) {
    return b.conv(b.input(1, 5, 9001), 9, {{1, 1}, {1, 1}, {1, 1}, {}});
  });
  expect_same_bytes(4, [](GraphBuilder& b) {
    return b.conv(b.input(4, 5, 1001), 9, {{3, 3}, {1, 1}, {1, 1}, {}});
  });
}

class RealFile : public ::testing::TestWithParam<const char*> {};

TEST_P(RealFile, GivesTheSameBytes) {
  READ_DATA_OR_SKIP(file, GetParam());
  std::mt19937 random(test_seed());
  const Graph graph = read_model(file, {}).graph;
  const std::vector<std::byte> input =
      random_bytes(graph.tensors[graph.input].shape.element_count(), random);
  EXPECT_EQ(run(graph, graph.logits, input, true), run(graph, graph.logits, input, false));
}

INSTANTIATE_TEST_SUITE_P(Files, RealFile, ::testing::ValuesIn(kModels));

#endif

}  // namespace
}  // namespace teachable::testing
