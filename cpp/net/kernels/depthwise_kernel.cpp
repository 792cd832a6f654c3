#include "net/kernels/depthwise_kernel.h"

#include <wasm_simd128.h>

#include <algorithm>
#include <cstring>
#include <type_traits>
#include <utility>

#include "net/kernels/requantize.h"
#include "xnnpack/dwconv.h"

namespace teachable {
namespace {

/// Number of channels that a sweep computes. One instruction loads and widens eight bytes.
constexpr size_t kSweptChannels = 8;
static_assert(kDepthwiseTile == 2 * kSweptChannels);

/// Height and width of a window.
constexpr size_t kSize = 3;
constexpr size_t kTaps = kSize * kSize;
constexpr size_t kPairs = kSize / 2;  ///< pairs of rows in a column

/// Number of input columns whose addresses are kept on the stack. More would gain nothing, because
/// the inputs and outputs of a sweep should stay in the first-level cache for the next channels.
constexpr size_t kPanelColumns = 30;

/// Calls f(0) ... f(kCount - 1) with constants. Arrays with only such indices become registers.
template <size_t kCount, typename F>
inline void unrolled(F f) {
  [&]<size_t... i>(std::index_sequence<i...>) {
    (f(std::integral_constant<size_t, i>()), ...);
  }(std::make_index_sequence<kCount>());
}

/// Values of eight channels: sums [4] i32 in each half, or two i16 inputs or weights of each
/// channel side by side.
struct Eight {
  v128_t low, high;
};

inline Eight load_eight(const void* from) {
  return {wasm_v128_load(from), wasm_v128_load(static_cast<const int32_t*>(from) + 4)};
}

inline Eight interleave(v128_t a, v128_t b) {
  return {wasm_i16x8_shuffle(a, b, 0, 8, 1, 9, 2, 10, 3, 11),
          wasm_i16x8_shuffle(a, b, 4, 12, 5, 13, 6, 14, 7, 15)};
}

/// Adds both products of each channel. It is exact, because two products of 16 bits fit in 32 bits.
inline void add_products(Eight& sums, const Eight& inputs, const Eight& weights) {
  sums.low = wasm_i32x4_add(sums.low, wasm_i32x4_dot_i16x8(inputs.low, weights.low));
  sums.high = wasm_i32x4_add(sums.high, wasm_i32x4_dot_i16x8(inputs.high, weights.high));
}

/// Widened weights of eight channels. The pairs of a window are rows 0 and 1, 2 and 3, ... of each
/// column. The number of rows is odd. The last row is therefore paired by columns: 0 and 1,
/// 2 and 3, ..., and the last column alone.
struct Weights {
  Eight bias;
  Eight scale;
  Eight pairs[(kTaps + 1) / 2];

  /// Unpacks half 0 or 1 of a tile of kDepthwiseTile channels.
  void unpack(const int8_t* tile, size_t half) {
    const int8_t* const taps = tile + kDepthwiseTile * sizeof(int32_t) + half * kSweptChannels;
    bias = load_eight(tile + half * sizeof(Eight));
    scale = load_eight(tile + kDepthwiseTile * (sizeof(int32_t) + kTaps) + half * sizeof(Eight));
    const auto tap = [&](size_t i) { return wasm_i16x8_load8x8(taps + kDepthwiseTile * i); };
    Eight* pair = pairs;
    constexpr size_t kLast = kSize - 1;
#pragma nounroll
    for (size_t x = 0; x < kSize; ++x) {
#pragma nounroll
      for (size_t y = 0; y < kLast; y += 2)
        *pair++ = interleave(tap(x * kSize + y), tap(x * kSize + y + 1));
    }
#pragma nounroll
    for (size_t x = 0; x < kLast; x += 2)
      *pair++ = interleave(tap(x * kSize + kLast), tap((x + 1) * kSize + kLast));
    *pair = interleave(wasm_i16x8_const_splat(0), tap(kSize * kSize - 1));
  }
};

/// A sweep over a row of windows, each of which begins kStep columns after the window before. A
/// column is loaded and paired once for all windows that contain it.
template <size_t kStep>
class Sweep {
 public:
  /// Writes eight bytes to `output` for each of `width` windows, `output_step` apart. `columns`
  /// [column][kSize] are the addresses of the inputs; `channel` is added to each.
  static void run(const Weights& weights, const int8_t* const* columns, size_t channel,
                  size_t width, int8_t* output, size_t output_step, const Requantize& requantize) {
    Eight sums[kOpen + 1];  // one for each window with the current column, the oldest first
    v128_t last_row_before = wasm_i16x8_const_splat(0);
    const auto next_column = [&] {
      const Column column(columns, channel, last_row_before);
      columns += kSize;
      return column;
    };
    unrolled<kSize - kStep>([&](auto x) {
      if constexpr (x % kStep == 0) sums[x / kStep] = weights.bias;
      const Column column = next_column();
      unrolled<x / kStep + 1>([&](auto i) { add_tap<x - i * kStep>(sums[i], column, weights); });
    });

    // The sums of a window become bytes while the next column is multiplied. The two chains of
    // dependent instructions can run side by side. The first round has no window yet. The next
    // round overwrites its result.
    Eight done = weights.bias;
    size_t step = 0;
    for (;;) {
      if constexpr (kStep == 2) add_tap<1>(sums[0], next_column(), weights);
      const Column last = next_column();
      write(weights, done, output, requantize);
      sums[kOpen] = weights.bias;
      unrolled<kOpen + 1>([&](auto i) { add_tap<kSize - 1 - i * kStep>(sums[i], last, weights); });
      done = sums[0];
      output += step;
      if (--width == 0) break;
      step = output_step;
      unrolled<kOpen>([&](auto i) { sums[i] = sums[i + 1]; });
    }
    write(weights, done, output, requantize);
  }

 private:
  static_assert(kStep == 1 || kStep == 2);
  /// Number of windows that are unfinished when another begins.
  static constexpr size_t kOpen = (kSize - 1) / kStep;

  struct Column {
    Eight down[kPairs];
    Eight across;

    Column(const int8_t* const* rows, size_t channel, v128_t& last_row_before) {
      const auto row = [&](size_t y) { return wasm_i16x8_load8x8(rows[y] + channel); };
      unrolled<kPairs>(
          [&](auto pair) { down[pair] = interleave(row(2 * pair), row(2 * pair + 1)); });
      const v128_t last_row = row(kSize - 1);
      across = interleave(last_row_before, last_row);
      last_row_before = last_row;
    }
  };

  /// Adds the products of the window's column x, and of the last row of column x - 1.
  template <size_t x>
  static void add_tap(Eight& sums, const Column& column, const Weights& weights) {
    unrolled<kPairs>([&](auto pair) {
      add_products(sums, column.down[pair], weights.pairs[x * kPairs + pair]);
    });
    if constexpr (x % 2 == 1 || x == kSize - 1)
      add_products(sums, column.across, weights.pairs[kSize * kPairs + x / 2]);
  }

  static void write(const Weights& weights, const Eight& sums, int8_t* output,
                    const Requantize& requantize) {
    const v128_t narrow =
        requantize.to_i16(sums.low, sums.high, weights.scale.low, weights.scale.high);
    wasm_v128_store64_lane(output, requantize.to_i8(narrow, narrow), 0);
  }
};

/// Computes a row of windows. XNNPACK lists `input` column by column. Overlapping windows share
/// their common columns.
template <size_t kStep>
void convolve(size_t channels, size_t output_width, const int8_t* const* input, const void* packed,
              int8_t* output, size_t output_step, size_t input_offset, const int8_t* zero,
              const Requantize& requantize) {
  const size_t max_width = (kPanelColumns - kSize) / kStep + 1;
  const int8_t* columns[kPanelColumns * kSize];
  while (output_width > 0) {
    const size_t width = std::min(output_width, max_width);
    const size_t count = (width - 1) * kStep * kSize + kTaps;
#pragma nounroll
    for (size_t i = 0; i < count; ++i)
      columns[i] = input[i] == zero ? zero : input[i] + input_offset;
    auto* tile = static_cast<const int8_t*>(packed);
    for (size_t channel = 0; channel < channels; channel += kSweptChannels) {
      const size_t half = channel / kSweptChannels % 2;
      Weights weights;
      weights.unpack(tile, half);
      if (half == 1) tile += kDepthwiseTile * (sizeof(int32_t) + kTaps + sizeof(float));
      const size_t left = channels - channel;
      int8_t rest[kPanelColumns * kSweptChannels];
      const bool is_whole = left >= kSweptChannels;
      Sweep<kStep>::run(weights, columns, channel, width, is_whole ? output + channel : rest,
                        is_whole ? output_step : kSweptChannels, requantize);
      if (is_whole) continue;
#pragma nounroll
      for (size_t i = 0; i < width; ++i)
        std::memcpy(output + channel + i * output_step, rest + i * kSweptChannels, left);
    }
    input += width * kStep * kSize;
    output += width * output_step;
    output_width -= width;
  }
}

}  // namespace

void convolve_depthwise_9(size_t channels, size_t output_width, const int8_t** input,
                          const void* weights, int8_t* output, intptr_t input_stride,
                          size_t output_increment, size_t input_offset, const int8_t* zero,
                          const xnn_qs8_qc8w_conv_minmax_params* params) {
  constexpr intptr_t kColumn = kSize * sizeof(*input);
  if (input_stride != kColumn && input_stride != 2 * kColumn) {
    return xnn_qs8_qc8w_dwconv_minmax_fp32_ukernel_9p16c__wasmsimd_mul16_add16(
        channels, output_width, input, weights, output, input_stride, output_increment,
        input_offset, zero, params);
  }
  const auto run = input_stride == kColumn ? convolve<1> : convolve<2>;
  run(channels, output_width, input, weights, output, channels + output_increment, input_offset,
      zero, Requantize(*params));
}

}  // namespace teachable
