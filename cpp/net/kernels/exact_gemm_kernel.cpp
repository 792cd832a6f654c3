#include "net/kernels/exact_gemm_kernel.h"

#include <wasm_simd128.h>

#include <algorithm>
#include <cstring>
#include <iterator>

#include "net/kernels/hide.h"
#include "net/kernels/requantize.h"
#include "net/kernels/rows.h"

namespace teachable {
namespace {

/// Number of output channels in a block of weights.
constexpr size_t kBlockChannels = 8;

constexpr size_t kTileRows = 4;
constexpr size_t kTiles = kExactRows / kTileRows;

/// Maximum depth, in pairs, of a Panel. It is limited because panels are on the stack. Deeper
/// layers take several turns.
constexpr size_t kPanelPairs = 640;

constexpr size_t pairs_of(size_t depth) { return (depth + 1) / 2; }

/// Inputs widened to 16 bits, in the order in which they are used: [pair][kTileRows][2].
struct Panel {
  alignas(16) int16_t values[(kPanelPairs + 3) * kTileRows * 2];

  /// Copies the pairs [first, last) of the inputs. May read XNN_EXTRA_BYTES beyond the end of a
  /// row; these bytes are multiplied by weights of zero.
  void fill(const Rows<int8_t>& inputs, size_t first_row, size_t first, size_t last) {
    int16_t* to = values;
    for_each_run<kTileRows>(inputs, first_row, pairs_of(inputs.depth), 2, first, last,
                            [&](const int8_t* const* from, size_t count) {
                              copy(from, count, to);
                              to += count * kTileRows * 2;
                            });
  }

 private:
  /// Writes whole groups of four pairs. What it writes beyond `count` is overwritten later.
  static void copy(const int8_t* const* from, size_t count, int16_t* to) {
    for (size_t k = 0; k < 2 * count; k += 8, to += 8 * kTileRows) {
      v128_t row[kTileRows];
      for (size_t i = 0; i < kTileRows; ++i) row[i] = wasm_i16x8_load8x8(from[i] + k);
      const v128_t a = wasm_i32x4_shuffle(row[0], row[1], 0, 4, 1, 5);
      const v128_t b = wasm_i32x4_shuffle(row[2], row[3], 0, 4, 1, 5);
      const v128_t c = wasm_i32x4_shuffle(row[0], row[1], 2, 6, 3, 7);
      const v128_t d = wasm_i32x4_shuffle(row[2], row[3], 2, 6, 3, 7);
      wasm_v128_store(to, wasm_i64x2_shuffle(a, b, 0, 2));
      wasm_v128_store(to + 8, wasm_i64x2_shuffle(a, b, 1, 3));
      wasm_v128_store(to + 16, wasm_i64x2_shuffle(c, d, 0, 2));
      wasm_v128_store(to + 24, wasm_i64x2_shuffle(c, d, 1, 3));
    }
  }
};

/// Computes tiles of kTileRows by kBlockChannels results, one above the other, with the same
/// weights. The registers hold one tile.
void multiply(size_t mr, size_t nc, const Rows<int8_t>& inputs, const void* packed, int8_t* c,
              size_t cm_stride, size_t cn_stride, const xnn_qs8_qc8w_conv_minmax_params* params) {
  Panel panels[kTiles];
  const Requantize constants(*params);
  const size_t pair_count = inputs.tap_count * pairs_of(inputs.depth);
  const bool is_deep = pair_count > kPanelPairs;
  const size_t tile_count = (mr + kTileRows - 1) / kTileRows;
  if (!is_deep) {
    for (size_t tile = 0; tile < tile_count; ++tile)
      panels[tile].fill(inputs, tile * kTileRows, 0, pair_count);
  }
  int8_t* rows[kExactRows];
  for (size_t i = 0; i < std::size(rows); ++i) rows[i] = c + std::min(i, mr - 1) * cm_stride;

  constexpr size_t kPairWeights = 2 * kBlockChannels;
  auto* block = static_cast<const int8_t*>(packed);
  for (;;) {
    const int8_t* const weights = block + kBlockChannels * sizeof(int32_t);
    const int8_t* const scales = weights + pair_count * kPairWeights;
    for (size_t tile = 0; tile < tile_count; ++tile) {
      v128_t sums[kTileRows][2];
#pragma unroll
      for (size_t i = 0; i < kTileRows; ++i) {
        sums[i][0] = wasm_v128_load(block);
        sums[i][1] = wasm_v128_load(block + 16);
      }
      const int8_t* w = weights;
      for (size_t first = 0; first < pair_count; first += kPanelPairs) {
        const size_t last = std::min(first + kPanelPairs, pair_count);
        if (is_deep) panels[tile].fill(inputs, tile * kTileRows, first, last);
        const int16_t* at = panels[tile].values;
        const int8_t* const end = w + (last - first) * kPairWeights;
        // Unrolled, this loop is slower, because the compiler then mixes the steps, and the browser
        // runs out of registers.
#pragma nounroll
        do {
          const v128_t low = wasm_i16x8_load8x8(w);
          const v128_t high = wasm_i16x8_load8x8(w + 8);
#pragma unroll
          for (size_t i = 0; i < kTileRows; ++i) {
            const v128_t input = wasm_v128_load32_splat(at);
            at += 2;
            hide(at);
            sums[i][0] = wasm_i32x4_add(sums[i][0], wasm_i32x4_dot_i16x8(input, low));
            sums[i][1] = wasm_i32x4_add(sums[i][1], wasm_i32x4_dot_i16x8(input, high));
          }
          w += kPairWeights;
        } while (w != end);
      }

      // Loaded once for each tile. Constants that live through the loop above are loaded at each
      // use.
      const Requantize* kept = &constants;
      hide(kept);
      const Requantize requantize = *kept;
      const v128_t low_scale = wasm_v128_load(scales);
      const v128_t high_scale = wasm_v128_load(scales + 16);
      v128_t narrow[kTileRows];
#pragma unroll
      for (size_t i = 0; i < kTileRows; ++i)
        narrow[i] = requantize.to_i16(sums[i][0], sums[i][1], low_scale, high_scale);
      int8_t** const to = rows + tile * kTileRows;
#pragma unroll
      for (size_t i = 0; i < kTileRows; i += 2) {
        const v128_t bytes = requantize.to_i8(narrow[i], narrow[i + 1]);
        if (nc >= kBlockChannels) {
          wasm_v128_store64_lane(to[i], bytes, 0);
          wasm_v128_store64_lane(to[i + 1], bytes, 1);
        } else {
          int8_t rest[16];
          wasm_v128_store(rest, bytes);
          std::memcpy(to[i], rest, nc);
          std::memcpy(to[i + 1], rest + 8, nc);
        }
        to[i] += cn_stride;
        to[i + 1] += cn_stride;
      }
    }
    if (nc <= kBlockChannels) return;
    nc -= kBlockChannels;
    block = scales + kBlockChannels * sizeof(float);
  }
}

}  // namespace

void multiply_exactly(size_t mr, size_t nc, size_t kc, const int8_t* a, size_t a_stride,
                      const void* w, int8_t* c, size_t cm_stride, size_t cn_stride,
                      const xnn_qs8_qc8w_conv_minmax_params* params) {
  const int8_t* rows[kExactRows];
  for (size_t i = 0; i < std::size(rows); ++i) rows[i] = a + std::min(i, mr - 1) * a_stride;
  multiply(mr, nc, {rows, kExactRows, kc, 1, 0, nullptr}, w, c, cm_stride, cn_stride, params);
}

void convolve_row_exactly(size_t mr, size_t nc, size_t kc, size_t ks, const int8_t** a,
                          const void* w, int8_t* c, size_t cm_stride, size_t cn_stride,
                          size_t a_offset, const int8_t* zero,
                          const xnn_qs8_qc8w_conv_minmax_params* params) {
  multiply(mr, nc, {a, 1, kc, ks / sizeof(*a), a_offset, zero}, w, c, cm_stride, cn_stride, params);
}

void convolve_exactly(size_t mr, size_t nc, size_t kc, size_t ks, const int8_t** a, const void* w,
                      int8_t* c, size_t cm_stride, size_t cn_stride, size_t a_offset,
                      const int8_t* zero, const xnn_qs8_qc8w_conv_minmax_params* params) {
  multiply(mr, nc, {a, kExactRows, kc, ks / (kExactRows * sizeof(*a)), a_offset, zero}, w, c,
           cm_stride, cn_stride, params);
}

}  // namespace teachable
