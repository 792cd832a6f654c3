// The float32 kernels of the configurations compared with plain loops. They are called as XNNPACK
// calls them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "graph_builder.h"
#include "xnnpack/config.h"
#include "xnnpack/microparams.h"

namespace teachable::testing {
namespace {

constexpr size_t kReadBeyond = 4;  // XNN_EXTRA_BYTES
constexpr float kUntouched = 12345;
constexpr float kLowest = -3, kHighest = 4;

std::vector<float> random_floats(size_t count, std::mt19937& random) {
  std::uniform_real_distribution<float> value(-1, 1);
  std::vector<float> values(count);
  for (float& each : values) each = value(random);
  return values;
}

size_t up_to(size_t highest, std::mt19937& random) { return 1 + random() % highest; }

xnn_f32_minmax_params bounds() {
  xnn_f32_minmax_params params = {};
  params.scalar.min = kLowest;
  params.scalar.max = kHighest;
  return params;
}

/// A sum of products and how far a kernel's may be from it, because it rounds after every step.
struct Sum {
  double value, sizes;

  explicit Sum(float bias) : value(bias), sizes(std::fabs(bias)) {}
  void add(float a, float b) {
    const double product = static_cast<double>(a) * b;
    value += product;
    sizes += std::fabs(product);
  }
  void expect(float got) const {
    ASSERT_NEAR(got, std::clamp<double>(value, kLowest, kHighest), 1e-6 * sizes);
  }
};

/// A product of `rows` rows, which are put together from taps of `depth` values.
struct Product {
  size_t rows, channels, taps, depth;
  std::vector<float> inputs;   ///< [taps][rows][depth]
  std::vector<float> zero;     ///< [depth], a row of padding
  std::vector<bool> padding;   ///< [taps][rows]
  std::vector<float> weights;  ///< [channels][taps][depth]
  std::vector<float> bias;     ///< [channels]

  Product(const xnn_gemm_config& config, size_t max_depth, size_t max_taps, std::mt19937& random)
      : rows(up_to(config.mr, random)),
        channels(up_to(40, random)),
        taps(up_to(max_taps, random)),
        depth(up_to(max_depth, random)),
        inputs(random_floats(taps * rows * depth + kReadBeyond, random)),
        zero(random_floats(depth + kReadBeyond, random)),
        padding(taps * rows),
        weights(random_floats(channels * taps * depth, random)),
        bias(random_floats(channels, random)) {
    for (size_t i = 0; i < padding.size(); ++i) padding[i] = taps > 1 && random() % 4 == 0;
  }

  float input(size_t tap, size_t row, size_t k) const {
    return padding[tap * rows + row] ? zero[k] : inputs[(tap * rows + row) * depth + k];
  }

  /// Packs the weights as XNNPACK does.
  std::vector<float> pack(size_t tile) const {
    std::vector<float> packed;
    for (size_t first = 0; first < channels; first += tile) {
      const auto of_tile = [&](auto value) {
        for (size_t c = first; c < first + tile; ++c) packed.push_back(c < channels ? value(c) : 0);
      };
      of_tile([&](size_t c) { return bias[c]; });
      for (size_t k = 0; k < taps * depth; ++k)
        of_tile([&](size_t c) { return weights[c * taps * depth + k]; });
    }
    return packed;
  }

  void expect(const std::vector<float>& output, size_t stride) const {
    for (size_t row = 0; row < rows; ++row) {
      for (size_t c = 0; c < channels; ++c) {
        Sum sum(bias[c]);
        for (size_t tap = 0; tap < taps; ++tap) {
          for (size_t k = 0; k < depth; ++k)
            sum.add(input(tap, row, k), weights[(c * taps + tap) * depth + k]);
        }
        sum.expect(output[row * stride + c]);
      }
      for (size_t c = channels; c < stride; ++c) ASSERT_EQ(output[row * stride + c], kUntouched);
    }
  }
};

void expect_products(int round_count, size_t max_depth, size_t max_taps) {
  const xnn_gemm_config& config = *xnn_init_f32_gemm_config();
  const xnn_f32_minmax_params params = bounds();
  for (int round = 0; round < round_count; ++round) {
    const uint32_t seed = test_seed() + static_cast<uint32_t>(round);
    std::mt19937 random(seed);
    Product product(config, max_depth, max_taps, random);
    SCOPED_TRACE("TEACHABLE_SEED=" + std::to_string(seed) + ": " + std::to_string(product.rows) +
                 " rows, " + std::to_string(product.channels) + " channels, " +
                 std::to_string(product.taps) + " taps, " + std::to_string(product.depth) +
                 " deep");
    const size_t stride = product.channels + random() % 3;
    const size_t depth_bytes = product.depth * sizeof(float);
    const size_t tile_bytes = config.nr * sizeof(float);
    const std::vector<float> packed = product.pack(config.nr);
    std::vector<float> output(product.rows * stride, kUntouched);
    if (product.taps == 1) {
      const xnn_hmp_gemm_ukernel& kernel = config.minmax.gemm[config.mr - 1];
      kernel.function[0](product.rows, product.channels, depth_bytes, product.inputs.data(),
                         depth_bytes, packed.data(), output.data(), stride * sizeof(float),
                         tile_bytes, &params);
    } else {
      const size_t offset = random() % 2 * 8;
      std::vector<const void*> rows;  // The last one is repeated.
      for (size_t i = 0; i < product.taps * config.mr; ++i) {
        const size_t at = i / config.mr * product.rows + std::min(i % config.mr, product.rows - 1);
        rows.push_back(product.padding[at] ? product.zero.data()
                                           : product.inputs.data() + at * product.depth - offset);
      }
      const xnn_hmp_igemm_ukernel& kernel = config.minmax.igemm[config.mr - 1];
      kernel.function[0](product.rows, product.channels, depth_bytes,
                         product.taps * config.mr * sizeof(void*), rows.data(), packed.data(),
                         output.data(), stride * sizeof(float), tile_bytes, offset * sizeof(float),
                         product.zero.data(), &params);
    }
    product.expect(output, stride);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

TEST(FloatKernels, Products) { expect_products(150, 70, 1); }
TEST(FloatKernels, ProductsOfWindows) { expect_products(150, 20, 9); }

/// These layers are deeper than the kernel's panel.
TEST(FloatKernels, DeepProducts) {
  expect_products(20, 4000, 1);
  expect_products(10, 600, 9);
}

void expect_depthwise(size_t step) {
  const xnn_dwconv_config* const config =
      std::find_if(xnn_init_f32_dwconv_config(), xnn_init_f32_dwconv_config() + 4,
                   [](const xnn_dwconv_config& each) { return each.primary_tile == 9; });
  const xnn_f32_minmax_params params = bounds();
  for (uint32_t round = 0; round < 150; ++round) {
    const uint32_t seed = test_seed() + round;
    std::mt19937 random(seed);
    const size_t channels = up_to(40, random);
    const size_t width = up_to(random() % 4 == 0 ? 70 : 9, random);
    SCOPED_TRACE("TEACHABLE_SEED=" + std::to_string(seed) + ": " + std::to_string(channels) +
                 " channels, " + std::to_string(width) + " windows");
    const size_t gap = random() % 2 * 3;
    const size_t offset = random() % 2 * 8;
    const size_t pixels = ((width - 1) * step + 3) * 3;
    const std::vector<float> inputs = random_floats(pixels * channels + kReadBeyond, random);
    const std::vector<float> zero = random_floats(channels + kReadBeyond, random);
    const std::vector<float> weights = random_floats(9 * channels, random);  // [tap][channels]
    const std::vector<float> bias = random_floats(channels, random);
    std::vector<const void*> addresses(pixels + 9, zero.data());
    for (size_t i = 0; i < pixels; ++i) {
      if (random() % 5 != 0) addresses[i] = inputs.data() + i * channels - offset;
    }
    std::vector<float> packed;
    const size_t tile = config->channel_tile;
    for (size_t first = 0; first < channels; first += tile) {
      for (size_t c = first; c < first + tile; ++c) packed.push_back(c < channels ? bias[c] : 0);
      for (size_t tap = 0; tap < 9; ++tap) {
        for (size_t c = first; c < first + tile; ++c)
          packed.push_back(c < channels ? weights[tap * channels + c] : 0);
      }
    }
    std::vector<float> output(width * (channels + gap), kUntouched);
    config->minmax.unipass(channels, width, addresses.data(), packed.data(), output.data(),
                           static_cast<intptr_t>(3 * step * sizeof(void*)), gap * sizeof(float),
                           offset * sizeof(float), zero.data(), &params);
    for (size_t window = 0; window < width; ++window) {
      for (size_t c = 0; c < channels; ++c) {
        Sum sum(bias[c]);
        for (size_t tap = 0; tap < 9; ++tap) {
          const size_t at = window * step * 3 + tap;
          const bool is_padding = addresses[at] == zero.data();
          sum.add(is_padding ? zero[c] : inputs[at * channels + c], weights[tap * channels + c]);
        }
        sum.expect(output[window * (channels + gap) + c]);
        if (::testing::Test::HasFatalFailure()) return;
      }
      for (size_t c = channels; c < channels + gap; ++c)
        ASSERT_EQ(output[window * (channels + gap) + c], kUntouched);
    }
  }
}

TEST(FloatKernels, DepthwiseStrideOne) { expect_depthwise(1); }
TEST(FloatKernels, DepthwiseStrideTwo) { expect_depthwise(2); }

/// XNNPACK's kernel runs these.
TEST(FloatKernels, DepthwiseStrideThree) { expect_depthwise(3); }

}  // namespace
}  // namespace teachable::testing
