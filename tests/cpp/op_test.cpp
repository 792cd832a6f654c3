// Compares every operator on XNNPACK with the naive reference, for random shapes.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "core/error.h"
#include "graph_builder.h"
#include "model/passes.h"
#include "net/network.h"
#include "reference.h"

namespace teachable::testing {
namespace {

void write_input(Network& network, const Tensor& input, const std::vector<double>& values) {
  const auto quantized = [&](size_t i) {
    return static_cast<int>(std::nearbyint(round_to_quantization(input, values[i]) /
                                           input.quantization.scales[0])) +
           input.quantization.zero_points[0];
  };
  for (size_t i = 0; i < values.size(); ++i) {
    switch (input.type) {
      case DataType::F32:
        network.input_f32()[i] = static_cast<float>(values[i]);
        break;
      case DataType::U8:
        network.input_u8()[i] = static_cast<uint8_t>(quantized(i));
        break;
      case DataType::I8:
        network.input_i8()[i] = static_cast<int8_t>(quantized(i));
        break;
      case DataType::I32:
        FAIL();
    }
  }
}

/// Runs the operator that `build` adds after an input, and compares its output with the reference.
/// One unit of the output's scale is allowed for rounding.
void expect_like_reference(Precision precision, uint32_t seed, size_t thread_count,
                           const std::function<TensorId(GraphBuilder&)>& build) {
  SCOPED_TRACE(std::string(to_string(precision)) + ", TEACHABLE_SEED=" + std::to_string(seed));
  GraphBuilder builder(precision, seed);
  const TensorId output = build(builder);
  const std::vector<double> input = builder.input_values();
  Graph graph = builder.take(output);
  graph.embedding = output;
  pool_by_convolution(graph);
  pool_in_float(graph);

  Reference reference(graph);
  reference.run(input);
  const std::vector<double> wanted = reference[output];
  const Tensor& out = graph.tensors[output];
  double largest = 1;
  for (double v : wanted) largest = std::max(largest, std::fabs(v));
  const double tolerance =
      out.type == DataType::F32 ? 2e-5 * largest : 1.01 * out.quantization.scales[0];

  // Float operators may reorder sums. The test stops at the first wrong element.
  const Threadpool pool = make_threadpool(thread_count);
  Tensor input_tensor;
  input_tensor.type = graph.tensors[graph.input].type;
  input_tensor.quantization = graph.tensors[graph.input].quantization;
  Network network(std::move(graph), pool.get());
  write_input(network, input_tensor, input);
  network.run_backbone();
  ASSERT_EQ(network.embedding().size(), wanted.size());
  for (size_t i = 0; i < wanted.size(); ++i) {
    ASSERT_NEAR(network.embedding()[i], wanted[i], tolerance) << "at element " << i;
  }
}

constexpr Precision kAll[] = {Precision::F32, Precision::I8PerTensor, Precision::I8PerChannel,
                              Precision::U8};

/// Tests `rounds` random cases of each precision.
void for_random_cases(int rounds, std::initializer_list<Precision> precisions,
                      const std::function<TensorId(GraphBuilder&)>& build) {
  std::mt19937 seeds(test_seed());
  for (Precision precision : precisions) {
    for (int i = 0; i < rounds; ++i) {
      // If the environment sets a seed, it is the seed of a single failing case.
      const uint32_t seed =
          std::getenv("TEACHABLE_SEED") != nullptr ? test_seed() : static_cast<uint32_t>(seeds());
      expect_like_reference(precision, seed, 1 + static_cast<size_t>(i % 2), build);
      if (::testing::Test::HasFatalFailure()) return;
    }
  }
}

void for_all_precisions(int rounds, const std::function<TensorId(GraphBuilder&)>& build) {
  for_random_cases(rounds, {kAll[0], kAll[1], kAll[2], kAll[3]}, build);
}

Extent2d random_extent(GraphBuilder& b, int high) {
  return {static_cast<uint32_t>(b.integer(1, high)), static_cast<uint32_t>(b.integer(1, high))};
}

Activation random_activation(GraphBuilder& b) {
  switch (b.integer(0, 2)) {
    case 0:
      return Activation::none();
    case 1:
      return Activation::relu();
    default:
      return Activation::relu6();
  }
}

GraphBuilder::Window random_window(GraphBuilder& b, TensorId input) {
  GraphBuilder::Window w;
  w.kernel = random_extent(b, 5);
  w.stride = random_extent(b, 2);
  w.dilation = b.integer(0, 3) == 0 ? random_extent(b, 2) : Extent2d{};
  w.padding = b.same(input, w.kernel, w.stride, w.dilation);
  return w;
}

TEST(Op, Conv2dWithAnyWindow) {
  for_all_precisions(20, [](GraphBuilder& b) {
    const TensorId in = b.input(b.integer(1, 14), b.integer(1, 14), b.integer(1, 40));
    return b.conv(in, b.integer(1, 40), random_window(b, in), random_activation(b),
                  b.integer(0, 3) > 0);
  });
}

TEST(Op, Conv2dWithoutPadding) {
  for_all_precisions(10, [](GraphBuilder& b) {
    const TensorId in = b.input(b.integer(5, 14), b.integer(5, 14), b.integer(1, 20));
    return b.conv(in, b.integer(1, 20), {random_extent(b, 5), random_extent(b, 3), {}, {}},
                  random_activation(b));
  });
}

TEST(Op, Conv2dWithUnevenPadding) {
  for_all_precisions(10, [](GraphBuilder& b) {
    const TensorId in = b.input(b.integer(3, 10), b.integer(3, 10), b.integer(1, 20));
    const Padding padding = {.top = 0, .right = 1, .bottom = 1, .left = 0};
    return b.conv(in, b.integer(1, 20), {{3, 3}, {2, 2}, {}, padding}, random_activation(b));
  });
}

TEST(Op, PointwiseConv2dWithManyChannels) {
  for_all_precisions(4, [](GraphBuilder& b) {
    const TensorId in = b.input(b.integer(1, 7), b.integer(1, 7), b.integer(90, 330));
    return b.conv(in, b.integer(90, 330), {}, random_activation(b));
  });
}

TEST(Op, DepthwiseConv2dWithAnyWindow) {
  for_all_precisions(20, [](GraphBuilder& b) {
    const TensorId in = b.input(b.integer(1, 14), b.integer(1, 14), b.integer(1, 70));
    return b.depthwise(in, b.integer(0, 4) == 0 ? 2 : 1, random_window(b, in), random_activation(b),
                       b.integer(0, 3) > 0);
  });
}

TEST(Op, FullyConnected) {
  for_all_precisions(10, [](GraphBuilder& b) {
    const TensorId in = b.input(1, 1, b.integer(1, 300));
    return b.fully_connected(in, b.integer(1, 200), random_activation(b), b.integer(0, 3) > 0);
  });
}

TEST(Op, FullyConnectedOfRows) {
  for_all_precisions(6, [](GraphBuilder& b) {
    const int height = b.integer(1, 5), width = b.integer(1, 5), channels = b.integer(1, 40);
    const TensorId in = b.input(height, width, channels);
    const bool keeps_rank = b.integer(0, 1) == 0;
    return b.fully_connected_rows(keeps_rank ? in : b.reshape(in, {height * width, channels}),
                                  b.integer(1, 20));
  });
}

TEST(Op, FullyConnectedOfAPicture) {
  for_all_precisions(4, [](GraphBuilder& b) {
    const TensorId in = b.input(b.integer(1, 4), b.integer(1, 4), b.integer(1, 20));
    return b.fully_connected(in, b.integer(1, 50));
  });
}

TEST(Op, AddOfTwoScales) {
  // The convolution rounds before the addition does.
  for_all_precisions(10, [](GraphBuilder& b) {
    const int channels = b.integer(1, 40);
    const TensorId in = b.input(b.integer(1, 12), b.integer(1, 12), channels);
    const TensorId padded = b.pad(in, {});
    return b.add(in, padded, random_activation(b));
  });
}

TEST(Op, AddOfOneValuePerChannel) {
  for_all_precisions(10, [](GraphBuilder& b) {
    const int channels = b.integer(1, 40);
    const TensorId in = b.input(b.integer(1, 12), b.integer(1, 12), channels);
    const Shape shapes[] = {{channels}, {1, 1, 1, channels}, {}, {1}};
    return b.add(in, b.operand(shapes[b.integer(0, 3)]), random_activation(b));
  });
}

TEST(Op, MultiplyOfEqualShapes) {
  for_all_precisions(10, [](GraphBuilder& b) {
    const TensorId in = b.input(b.integer(1, 12), b.integer(1, 12), b.integer(1, 40));
    return b.multiply(in, b.pad(in, {}), random_activation(b));
  });
}

TEST(Op, MultiplyByOneValuePerChannel) {
  for_all_precisions(10, [](GraphBuilder& b) {
    const int channels = b.integer(1, 40);
    const TensorId in = b.input(b.integer(1, 12), b.integer(1, 12), channels);
    const Shape shapes[] = {{channels}, {1, 1, 1, channels}, {}, {1}};
    return b.multiply(in, b.operand(shapes[b.integer(0, 3)]), random_activation(b));
  });
}

TEST(Op, SqueezeAndExcite) {
  for_random_cases(10, {Precision::F32}, [](GraphBuilder& b) {
    const TensorId in = b.input(b.integer(1, 12), b.integer(1, 12), b.integer(1, 40));
    return b.multiply(in, b.global_average_pool(in, true));
  });
}

TEST(Op, HardSwish) {
  for_all_precisions(10, [](GraphBuilder& b) {
    const TensorId in = b.input(b.integer(1, 12), b.integer(1, 12), b.integer(1, 40));
    return b.hard_swish(in);
  });
}

TEST(Op, Sigmoid) {
  for_all_precisions(10, [](GraphBuilder& b) {
    const TensorId in = b.input(b.integer(1, 12), b.integer(1, 12), b.integer(1, 40));
    return b.sigmoid(in);
  });
}

TEST(Op, Functions) {
  for (const Function function : {Function::Elu, Function::Gelu, Function::Tanh}) {
    SCOPED_TRACE(static_cast<int>(function));
    for_all_precisions(5, [=](GraphBuilder& b) {
      const TensorId in = b.input(b.integer(1, 12), b.integer(1, 12), b.integer(1, 40));
      return b.apply(b.multiply(in, b.scalar(5)), function);
    });
  }
  for_all_precisions(5, [](GraphBuilder& b) {
    const TensorId in = b.input(b.integer(1, 12), b.integer(1, 12), b.integer(1, 40));
    return b.apply(in, Function::LeakyRelu, static_cast<float>(b.real(0.1, 0.9)));
  });
  // Values above 0, as readers write them.
  for_random_cases(5, {Precision::F32}, [](GraphBuilder& b) {
    const TensorId in = b.input(b.integer(1, 12), b.integer(1, 12), b.integer(1, 40));
    return b.apply(b.add(in, b.scalar(2)), Function::Log);
  });
}

TEST(Op, MaxPool) {
  for_all_precisions(15, [](GraphBuilder& b) {
    const TensorId in = b.input(b.integer(3, 12), b.integer(3, 12), b.integer(1, 40));
    GraphBuilder::Window w;
    w.kernel = {static_cast<uint32_t>(b.integer(2, 3)), static_cast<uint32_t>(b.integer(2, 3))};
    w.stride = {static_cast<uint32_t>(b.integer(1, 2)), static_cast<uint32_t>(b.integer(1, 2))};
    w.padding = b.same(in, w.kernel, w.stride);
    return b.max_pool(in, w);
  });
}

TEST(Op, AveragePoolOfIntegersWithoutPadding) {
  for_random_cases(10, {kAll[1], kAll[2], kAll[3]}, [](GraphBuilder& b) {
    const TensorId in = b.input(b.integer(7, 12), b.integer(7, 12), b.integer(1, 40));
    GraphBuilder::Window w;
    w.kernel = {static_cast<uint32_t>(b.integer(2, 7)), static_cast<uint32_t>(b.integer(2, 7))};
    w.stride = random_extent(b, 2);
    return b.average_pool(in, w);
  });
}

TEST(Op, AveragePool) {
  for_random_cases(15, {Precision::F32}, [](GraphBuilder& b) {
    const TensorId in = b.input(b.integer(3, 12), b.integer(3, 12), b.integer(1, 40));
    GraphBuilder::Window w;
    w.kernel = {static_cast<uint32_t>(b.integer(2, 3)), static_cast<uint32_t>(b.integer(2, 3))};
    w.stride = random_extent(b, 2);
    w.padding = b.same(in, w.kernel, w.stride);
    return b.average_pool(in, w);
  });
}

TEST(Op, GlobalAveragePool) {
  for_all_precisions(12, [](GraphBuilder& b) {
    const TensorId in = b.input(b.integer(1, 9), b.integer(1, 9), b.integer(1, 200));
    return b.global_average_pool(in, b.integer(0, 1) == 0);
  });
}

TEST(Op, Pad) {
  for_all_precisions(8, [](GraphBuilder& b) {
    const TensorId in = b.input(b.integer(1, 9), b.integer(1, 9), b.integer(1, 20));
    const auto side = [&] { return static_cast<uint32_t>(b.integer(0, 3)); };
    return b.pad(in, {side(), side(), side(), side()});
  });
}

TEST(Op, PadOfChannels) {
  for_all_precisions(8, [](GraphBuilder& b) {
    const TensorId in = b.input(b.integer(1, 9), b.integer(1, 9), b.integer(1, 20));
    const auto count = [&] { return static_cast<uint32_t>(b.integer(0, 20)); };
    return b.pad(in, {}, count(), count());
  });
}

TEST(Op, Clamp) {
  for_all_precisions(8, [](GraphBuilder& b) {
    const TensorId in = b.input(b.integer(1, 9), b.integer(1, 9), b.integer(1, 20));
    return b.clamp(in, b.integer(0, 1) == 0 ? Activation::relu() : Activation{-0.25f, 0.5f});
  });
}

TEST(Op, ScaleShift) {
  for_random_cases(8, {Precision::F32}, [](GraphBuilder& b) {
    const TensorId in = b.input(b.integer(1, 9), b.integer(1, 9), b.integer(1, 20));
    return b.scale_shift(in);
  });
}

TEST(Op, Reshape) {
  for_all_precisions(4, [](GraphBuilder& b) {
    const int height = b.integer(1, 9), width = b.integer(1, 9), channels = b.integer(1, 20);
    const TensorId in = b.input(height, width, channels);
    return b.reshape(in, {1, int64_t{height} * width * channels});
  });
}

TEST(Op, ConvertBetweenTypes) {
  for_random_cases(4, {Precision::F32}, [](GraphBuilder& b) {
    return b.convert(b.input(b.integer(1, 9), b.integer(1, 9), 3),
                     b.integer(0, 1) == 0 ? DataType::I8 : DataType::U8);
  });
  for_random_cases(4, {Precision::I8PerTensor, Precision::U8}, [](GraphBuilder& b) {
    return b.convert(b.input(b.integer(1, 9), b.integer(1, 9), 3), DataType::F32);
  });
}

}  // namespace
}  // namespace teachable::testing
