#include "net/kernels/float_depthwise_kernel.h"

#include <wasm_simd128.h>

#include <algorithm>
#include <cstring>

#include "net/kernels/multiply_add.h"
#include "xnnpack/dwconv.h"

namespace teachable {
namespace {

/// Number of channels that a sweep computes.
constexpr size_t kSweptChannels = 4;

/// Height and width of a window.
constexpr size_t kSize = 3;
constexpr size_t kTaps = kSize * kSize;

/// Maximum number of windows of a sweep. More would gain nothing, because the inputs and outputs of
/// a sweep should stay in the first-level cache for the next channels.
constexpr size_t kMaxWidth = 28;

struct Weights {
  v128_t bias;
  v128_t taps[kTaps];
  v128_t lowest, highest;

  /// Adds the products of column x of a window to its sums.
  template <size_t x>
  v128_t add_column(v128_t sums, const v128_t (&column)[kSize]) const {
#pragma unroll
    for (size_t y = 0; y < kSize; ++y) sums = multiply_add(column[y], taps[x * kSize + y], sums);
    return sums;
  }

  void write(v128_t sums, float* output) const {
    wasm_v128_store(output, wasm_f32x4_pmin(highest, wasm_f32x4_pmax(lowest, sums)));
  }
};

/// Addresses [column][kSize] of inputs, and an index of channels that is added to each.
struct Columns {
  const float* const* rows;
  size_t channel;

  void load(size_t x, v128_t (&column)[kSize]) const {
#pragma unroll
    for (size_t y = 0; y < kSize; ++y) column[y] = wasm_v128_load(rows[x * kSize + y] + channel);
  }
};

/// Writes four floats to `output` for each of `width` windows, `output_step` apart. Each window
/// begins `kStep` columns after the window before. A column is loaded once for all windows that
/// contain it.
template <size_t kStep>
void sweep(const Weights& w, Columns columns, size_t width, float* output, size_t output_step) {
  static_assert(kStep == 1 || kStep == 2);
  v128_t column[kSize];
  columns.load(0, column);
  v128_t sums = w.add_column<0>(w.bias, column);
  v128_t next = w.bias;
  if constexpr (kStep == 1) {
    columns.load(1, column);
    sums = w.add_column<1>(sums, column);
    next = w.add_column<0>(next, column);
  }
#pragma nounroll
  for (; width > 0; --width, output += output_step, columns.rows += kStep * kSize) {
    if constexpr (kStep == 2) {
      columns.load(1, column);
      sums = w.add_column<1>(sums, column);
    }
    columns.load(2, column);
    w.write(w.add_column<2>(sums, column), output);
    if constexpr (kStep == 1) {
      sums = w.add_column<1>(next, column);
      next = w.add_column<0>(w.bias, column);
    } else {
      sums = w.add_column<0>(w.bias, column);
    }
  }
}

/// Computes a row of windows. XNNPACK lists `input` column by column. Overlapping windows share
/// their common columns.
template <size_t kStep>
void convolve(size_t channels, size_t output_width, const float* const* input, const float* packed,
              float* output, size_t output_step, size_t input_offset, const float* zero,
              const xnn_f32_minmax_params& params) {
  const float* columns[(kStep * (kMaxWidth - 1) + kSize) * kSize];
  Weights w;
  w.lowest = wasm_v128_load32_splat(&params.scalar.min);
  w.highest = wasm_v128_load32_splat(&params.scalar.max);
  while (output_width > 0) {
    const size_t width = std::min(output_width, kMaxWidth);
    const size_t count = (kStep * (width - 1) + kSize) * kSize;
#pragma nounroll
    for (size_t i = 0; i < count; ++i) {
      columns[i] = input[i] == zero ? zero
                                    : reinterpret_cast<const float*>(
                                          reinterpret_cast<const char*>(input[i]) + input_offset);
    }
    for (size_t channel = 0; channel < channels; channel += kSweptChannels) {
      const float* const tile = packed +
                                channel / kFloatDepthwiseTile * kFloatDepthwiseTile * (1 + kTaps) +
                                channel % kFloatDepthwiseTile;
      w.bias = wasm_v128_load(tile);
#pragma unroll
      for (size_t i = 0; i < kTaps; ++i)
        w.taps[i] = wasm_v128_load(tile + (1 + i) * kFloatDepthwiseTile);
      const size_t left = channels - channel;
      if (left >= kSweptChannels) {
        sweep<kStep>(w, {columns, channel}, width, output + channel, output_step);
        continue;
      }
      float rest[kMaxWidth * kSweptChannels];
      sweep<kStep>(w, {columns, channel}, width, rest, kSweptChannels);
#pragma nounroll
      for (size_t i = 0; i < width; ++i) {
        std::memcpy(output + channel + i * output_step, rest + i * kSweptChannels,
                    left * sizeof(float));
      }
    }
    input += width * kStep * kSize;
    output += width * output_step;
    output_width -= width;
  }
}

}  // namespace

void convolve_float_depthwise_9(size_t channels, size_t output_width, const float** input,
                                const float* weights, float* output, intptr_t input_stride,
                                size_t output_increment, size_t input_offset, const float* zero,
                                const xnn_f32_minmax_params* params) {
  constexpr intptr_t kColumn = kSize * sizeof(*input);
  if (input_stride != kColumn && input_stride != 2 * kColumn) {
#ifdef __wasm_relaxed_simd__
    return xnn_f32_dwconv_minmax_ukernel_9p8c__wasmrelaxedsimd_fma(
#else
    return xnn_f32_dwconv_minmax_ukernel_9p8c__wasmsimd_x86(
#endif
        channels, output_width, input, weights, output, input_stride, output_increment,
        input_offset, zero, params);
  }
  const size_t output_step = channels + output_increment / sizeof(float);
  const auto run = input_stride == kColumn ? convolve<1> : convolve<2>;
  run(channels, output_width, input, weights, output, output_step, input_offset, zero, *params);
}

}  // namespace teachable
