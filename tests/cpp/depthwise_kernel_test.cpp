// Our depthwise kernel compared with plain loops, byte by byte. It is called as XNNPACK calls it.
#include "net/kernels/depthwise_kernel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "graph_builder.h"
#include "net/kernels/gemm_weights.h"
#include "net/kernels/kernel_pointer.h"
#include "xnnpack/config.h"
#include "xnnpack/hardware-config.h"
#include "xnnpack/microparams.h"

namespace teachable::testing {
namespace {

constexpr size_t kReadBeyond = 16;  // XNN_EXTRA_BYTES
constexpr int8_t kUntouched = 0x55;

/// A row of windows of [size][size] taps, `step` columns apart.
struct Row {
  Row(size_t step_, size_t dilation_) : step(step_), dilation(dilation_) {}

  size_t size = 3;
  size_t step, dilation;
  size_t taps = size * size;
  /// Addresses from one window to the next. Dilated windows share none.
  size_t stride = (dilation == 1 ? step : size) * size;
  size_t channels = 1;
  size_t width = 1;  ///< windows
  size_t output_increment = 0;
  size_t input_offset = 0;
  std::vector<int8_t> inputs;    ///< [column][row][channels]
  std::vector<int8_t> zero;      ///< [channels]
  std::vector<bool> is_padding;  ///< [column][row]
  std::vector<int8_t> weights;   ///< [tap][channels]
  std::vector<int32_t> bias;     ///< [channels]
  std::vector<float> scales;     ///< [channels]
  xnn_qs8_qc8w_conv_minmax_params params = {};

  size_t columns() const { return (width - 1) * step + (size - 1) * dilation + 1; }
};

int8_t random_byte(std::mt19937& random, uint32_t kind) {
  return kind == 0   ? int8_t{-128}
         : kind == 1 ? int8_t{127}
         : kind == 2 ? (random() % 2 == 0 ? int8_t{-128} : int8_t{127})
                     : static_cast<int8_t>(random());
}

Row make_row(size_t step, size_t dilation, std::mt19937& random) {
  Row row(step, dilation);
  row.channels = 1 + random() % 70;
  row.width = 1 + random() % (random() % 4 == 0 ? 70 : 9);
  row.output_increment = random() % 2 * 5;
  row.input_offset = random() % 2 * 7;
  const uint32_t input_kind = random() % 6, weight_kind = random() % 6;
  row.inputs.resize(row.columns() * row.size * row.channels + kReadBeyond);
  for (int8_t& b : row.inputs) b = random_byte(random, input_kind);
  row.zero.assign(row.channels + kReadBeyond, static_cast<int8_t>(random()));
  row.is_padding.resize(row.columns() * row.size);
  for (size_t i = 0; i < row.is_padding.size(); ++i) row.is_padding[i] = random() % 5 == 0;
  row.weights.resize(row.taps * row.channels);
  for (int8_t& b : row.weights) b = random_byte(random, weight_kind);
  // The widest sums are about 2^19.
  const float fit = std::exp2(-static_cast<float>(random() % 13));
  for (size_t c = 0; c < row.channels; ++c) {
    row.bias.push_back(static_cast<int32_t>(random() % 40001) - 20000);
    row.scales.push_back(fit * (0.5f + static_cast<float>(random() % 1000) / 1000));
  }
  auto& range = row.params.fp32_scalar;
  range.output_zero_point = static_cast<int8_t>(random());
  range.output_min = static_cast<int16_t>(random() % 2 == 0 ? -128 : -128 + random() % 100);
  range.output_max = static_cast<int16_t>(random() % 2 == 0 ? 127 : 127 - random() % 100);
  return row;
}

/// Packs the weights as XNNPACK does.
std::vector<std::byte> pack(const Row& row) {
  const size_t tiles = (row.channels + kDepthwiseTile - 1) / kDepthwiseTile;
  const size_t tile_bytes = kDepthwiseTile * (sizeof(int32_t) + row.taps + sizeof(float));
  std::vector<std::byte> packed(tiles * tile_bytes);
  for (size_t first = 0; first < row.channels; first += kDepthwiseTile) {
    const size_t count = std::min(kDepthwiseTile, row.channels - first);
    std::byte* to = packed.data() + first / kDepthwiseTile * tile_bytes;
    std::memcpy(to, &row.bias[first], count * sizeof(int32_t));
    to += kDepthwiseTile * sizeof(int32_t);
    for (size_t tap = 0; tap < row.taps; ++tap)
      std::memcpy(to + tap * kDepthwiseTile, &row.weights[tap * row.channels + first], count);
    std::memcpy(to + row.taps * kDepthwiseTile, &row.scales[first], count * sizeof(float));
  }
  return packed;
}

/// Returns the index [column][row] of the input of a window's tap. Taps are ordered by column.
size_t input_of(const Row& row, size_t window, size_t tap) {
  return (window * row.step + tap / row.size * row.dilation) * row.size + tap % row.size;
}

std::vector<int8_t> run_kernel(const Row& row) {
  std::vector<const int8_t*> addresses(row.width * row.stride + row.taps, row.zero.data());
  for (size_t window = 0; window < row.width; ++window) {
    for (size_t tap = 0; tap < row.taps; ++tap) {
      const size_t from = input_of(row, window, tap);
      if (row.is_padding[from]) continue;
      addresses[window * row.stride + tap] =
          row.inputs.data() + from * row.channels - row.input_offset;
    }
  }
  const std::vector<std::byte> packed = pack(row);
  std::vector<int8_t> output(row.width * (row.channels + row.output_increment), kUntouched);
  convolve_depthwise_9(row.channels, row.width, addresses.data(), packed.data(), output.data(),
                       static_cast<intptr_t>(row.stride * sizeof(const int8_t*)),
                       row.output_increment, row.input_offset, row.zero.data(), &row.params);
  return output;
}

std::vector<int8_t> run_plain_loops(const Row& row) {
  const auto& range = row.params.fp32_scalar;
  std::vector<int8_t> output;
  for (size_t window = 0; window < row.width; ++window) {
    for (size_t c = 0; c < row.channels; ++c) {
      int32_t sum = row.bias[c];
      for (size_t tap = 0; tap < row.taps; ++tap) {
        const size_t from = input_of(row, window, tap);
        sum += row.weights[tap * row.channels + c] *
               (row.is_padding[from] ? row.zero[c] : row.inputs[from * row.channels + c]);
      }
      const float scaled = std::nearbyint(static_cast<float>(sum) * row.scales[c]) +
                           static_cast<float>(range.output_zero_point);
      output.push_back(static_cast<int8_t>(std::clamp(scaled, static_cast<float>(range.output_min),
                                                      static_cast<float>(range.output_max))));
    }
    output.insert(output.end(), row.output_increment, kUntouched);
  }
  return output;
}

void expect_plain_bytes(size_t step, size_t dilation, bool wide_weights = true) {
  const uint32_t first_seed = test_seed();
  for (uint32_t round = 0; round < 400; ++round) {
    const uint32_t seed = first_seed + round;
    std::mt19937 random(seed);
    Row row = make_row(step, dilation, random);
    if (!wide_weights)
      for (int8_t& weight : row.weights) weight = std::max<int8_t>(weight, -127);
    ASSERT_EQ(run_kernel(row), run_plain_loops(row))
        << "TEACHABLE_SEED=" << seed << ": " << row.channels << " channels, " << row.width
        << " windows";
  }
}

TEST(DepthwiseKernel, ThreeByThree) { expect_plain_bytes(1, 1); }

TEST(DepthwiseKernel, ThreeByThreeWithStrideTwo) { expect_plain_bytes(2, 1); }

/// XNNPACK's kernels run these, so the weights must not be -128: two products of -128 * -128
/// overflow.
TEST(DepthwiseKernel, OtherStrides) {
  expect_plain_bytes(3, 1, false);
  expect_plain_bytes(1, 2, false);
}

TEST(DepthwiseConfig, UsesOurKernelOnX86InAScope) {
  const xnn_dwconv_config* const theirs = xnn_init_qs8_qc8w_dwconv_config();
  EXPECT_EQ(xnn_init_qs8_qc8w_dwconv_config(), theirs) << "outside of a scope";
  ExtrasStore store;
  const ExtrasStore::Scope scope(store);
  const xnn_dwconv_config* const configs = xnn_init_qs8_qc8w_dwconv_config();
  if (!xnn_init_hardware_config()->is_x86) {
    EXPECT_EQ(configs, theirs);
    return;
  }
  for (size_t i = 0; i < XNN_MAX_QC8_DWCONV_UKERNELS; ++i) {
    const xnn_dwconv_unipass_ukernel_fn ours = Kernel(convolve_depthwise_9);
    const bool is_ours = configs[i].minmax.unipass == ours;
    EXPECT_EQ(is_ours, configs[i].primary_tile == 9);
  }
}

}  // namespace
}  // namespace teachable::testing
