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

/// Channels that are swept at once: an instruction widens eight bytes while it loads them.
constexpr size_t kSweptChannels = 8;
static_assert(kDepthwiseTile == 2 * kSweptChannels);

/// Columns of inputs whose addresses are kept on the stack. More gain nothing, and a sweep's inputs
/// and outputs should stay in the first cache until the next channels are swept.
constexpr size_t kPanelColumns = 30;

/// f(0) ... f(kCount - 1), each a constant: arrays that only such indices reach are registers.
template <size_t kCount, typename F>
inline void unrolled(F f) {
  [&]<size_t... i>(std::index_sequence<i...>) {
    (f(std::integral_constant<size_t, i>()), ...);
  }(std::make_index_sequence<kCount>());
}

/// Of eight channels: sums [4] i32 each, or two inputs or weights of each channel side by side, i16.
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

/// Both products of each channel, exactly: a sum of two of 16 bits fits in 32.
inline void add_products(Eight& sums, const Eight& inputs, const Eight& weights) {
  sums.low = wasm_i32x4_add(sums.low, wasm_i32x4_dot_i16x8(inputs.low, weights.low));
  sums.high = wasm_i32x4_add(sums.high, wasm_i32x4_dot_i16x8(inputs.high, weights.high));
}

/// A sweep over a row of windows of kSize x kSize, of which each begins kStep columns after the one
/// before. A column is loaded and put in pairs once for all windows that it is in. Pairs are its rows
/// 0 and 1, 2 and 3, ..., and, as kSize is odd, its last row with that of the column before.
template <size_t kSize, size_t kStep>
class Sweep {
  static_assert(kSize % 2 == 1 && (kSize - 1) % kStep == 0, "a window ends where another begins");

 public:
  static constexpr size_t kMaxWidth = (kPanelColumns - kSize) / kStep + 1;

  /// `tile`: of kDepthwiseTile channels, whose half 0 or 1 is meant.
  Sweep(const int8_t* tile, size_t half) {
    const int8_t* const taps = tile + kDepthwiseTile * sizeof(int32_t);
    const int8_t* const scales = taps + kDepthwiseTile * kSize * kSize;
    bias_ = load_eight(tile + half * sizeof(Eight));
    scale_ = load_eight(scales + half * sizeof(Eight));
    const auto tap = [&](size_t x, size_t y) {
      return wasm_i16x8_load8x8(taps + kDepthwiseTile * (x * kSize + y) + half * kSweptChannels);
    };
    unrolled<kSize>([&](auto x) {
      unrolled<kPairs>(
          [&](auto pair) { down_[x][pair] = interleave(tap(x, 2 * pair), tap(x, 2 * pair + 1)); });
    });
    unrolled<kPairs>([&](auto pair) {
      across_[pair] = interleave(tap(2 * pair, kSize - 1), tap(2 * pair + 1, kSize - 1));
    });
    across_[kPairs] = interleave(wasm_i16x8_const_splat(0), tap(kSize - 1, kSize - 1));
  }

  /// `columns` [column][kSize] are inputs' addresses, and `channel` is added to each. Writes eight
  /// bytes to `output` for each of `width` windows, `output_step` apart.
  void run(const int8_t* const* columns, size_t channel, size_t width, int8_t* output,
           size_t output_step, const Requantize& requantize) const {
    Eight sums[kOpen + 1];  // of the windows that the current column is in, the oldest first
    v128_t last_row_before = wasm_i16x8_const_splat(0);
    unrolled<kSize - 1>([&](auto x) {
      if constexpr (x % kStep == 0) sums[x / kStep] = bias_;
      const Column column(columns + x * kSize, channel, last_row_before);
      unrolled<x / kStep + 1>([&](auto i) { add_tap<x - i * kStep>(sums[i], column); });
    });
    columns += (kSize - 1) * kSize;

    // A window's sums become bytes while the next column is multiplied: two chains of dependent
    // instructions side by side. The first round has no window yet; what it writes is written over.
    Eight done = bias_;
    size_t step = 0;
    for (;;) {
      const Column last(columns, channel, last_row_before);
      write(done, output, requantize);
      sums[kOpen] = bias_;
      unrolled<kOpen + 1>([&](auto i) { add_tap<kSize - 1 - i * kStep>(sums[i], last); });
      done = sums[0];
      output += step;
      if (--width == 0) break;
      step = output_step;
      unrolled<kOpen>([&](auto i) { sums[i] = sums[i + 1]; });
      unrolled<kStep - 1>([&](auto between) {
        const Column column(columns + (between + 1) * kSize, channel, last_row_before);
        unrolled<kOpen>(
            [&](auto i) { add_tap<kSize - (i + 1) * kStep + between>(sums[i], column); });
      });
      columns += kStep * kSize;
    }
    write(done, output, requantize);
  }

 private:
  static constexpr size_t kPairs = kSize / 2;             ///< in a column
  static constexpr size_t kOpen = (kSize - 1) / kStep;  ///< windows begun when another begins

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

  /// Of the window's column x, and the last row of x - 1.
  template <size_t x>
  void add_tap(Eight& sums, const Column& column) const {
    unrolled<kPairs>([&](auto pair) { add_products(sums, column.down[pair], down_[x][pair]); });
    if constexpr (x % 2 == 1 || x == kSize - 1) add_products(sums, column.across, across_[x / 2]);
  }

  void write(const Eight& sums, int8_t* output, const Requantize& requantize) const {
    const v128_t narrow = requantize.to_i16(sums.low, sums.high, scale_.low, scale_.high);
    wasm_v128_store64_lane(output, requantize.to_i8(narrow, narrow), 0);
  }

  Eight bias_;
  Eight scale_;
  Eight down_[kSize][kPairs];  ///< [column][pair of rows]
  Eight across_[kPairs + 1];   ///< the last row's taps 0 and 1, 2 and 3, ..., the last one alone
};

/// `input` as XNNPACK has it: column after column, of which windows share those they have in common.
template <size_t kSize, size_t kStep>
__attribute__((noinline)) void convolve(size_t channels, size_t output_width,
                                        const int8_t* const* input, const void* weights,
                                        int8_t* output, size_t output_step, size_t input_offset,
                                        const int8_t* zero, const Requantize& requantize) {
  using RowSweep = Sweep<kSize, kStep>;
  const int8_t* columns[kPanelColumns * kSize];
  while (output_width > 0) {
    const size_t width = std::min(output_width, RowSweep::kMaxWidth);
    const size_t count = ((width - 1) * kStep + kSize) * kSize;
    for (size_t i = 0; i < count; ++i)
      columns[i] = input[i] == zero ? zero : input[i] + input_offset;
    auto* tile = static_cast<const int8_t*>(weights);
    for (size_t channel = 0; channel < channels; channel += kSweptChannels) {
      const size_t half = channel / kSweptChannels % 2;
      const RowSweep sweep(tile, half);
      const size_t left = channels - channel;
      if (left >= kSweptChannels) {
        sweep.run(columns, channel, width, output + channel, output_step, requantize);
      } else {
        int8_t rest[RowSweep::kMaxWidth * kSweptChannels];
        sweep.run(columns, channel, width, rest, kSweptChannels, requantize);
        for (size_t i = 0; i < width; ++i)
          std::memcpy(output + channel + i * output_step, rest + i * kSweptChannels, left);
      }
      if (half == 1) tile += kDepthwiseTile * (sizeof(int32_t) + kSize * kSize + sizeof(float));
    }
    input += width * kStep * kSize;
    output += width * output_step;
    output_width -= width;
  }
}

/// False for other strides than 1 and 2.
template <size_t kSize>
bool convolve_by_stride(size_t channels, size_t output_width, const int8_t** input,
                        const void* weights, int8_t* output, intptr_t input_stride,
                        size_t output_increment, size_t input_offset, const int8_t* zero,
                        const xnn_qs8_qc8w_conv_minmax_params* params) {
  constexpr intptr_t kColumn = kSize * sizeof(*input);
  if (input_stride != kColumn && input_stride != 2 * kColumn) return false;
  const Requantize requantize(*params);
  const auto run = input_stride == kColumn ? convolve<kSize, 1> : convolve<kSize, 2>;
  run(channels, output_width, input, weights, output, channels + output_increment, input_offset,
      zero, requantize);
  return true;
}

}  // namespace

void convolve_depthwise_9(size_t channels, size_t output_width, const int8_t** input,
                          const void* weights, int8_t* output, intptr_t input_stride,
                          size_t output_increment, size_t input_offset, const int8_t* zero,
                          const xnn_qs8_qc8w_conv_minmax_params* params) {
  if (!convolve_by_stride<3>(channels, output_width, input, weights, output, input_stride,
                             output_increment, input_offset, zero, params)) {
    xnn_qs8_qc8w_dwconv_minmax_fp32_ukernel_9p16c__wasmsimd_mul16_add16(
        channels, output_width, input, weights, output, input_stride, output_increment,
        input_offset, zero, params);
  }
}

void convolve_depthwise_25(size_t channels, size_t output_width, const int8_t** input,
                           const void* weights, int8_t* output, intptr_t input_stride,
                           size_t output_increment, size_t input_offset, const int8_t* zero,
                           const xnn_qs8_qc8w_conv_minmax_params* params) {
  if (!convolve_by_stride<5>(channels, output_width, input, weights, output, input_stride,
                             output_increment, input_offset, zero, params)) {
    xnn_qs8_qc8w_dwconv_minmax_fp32_ukernel_25p16c__wasmsimd_mul16_add16(
        channels, output_width, input, weights, output, input_stride, output_increment,
        input_offset, zero, params);
  }
}

}  // namespace teachable
