#include "net/kernels/gemm_kernel.h"

#include <wasm_simd128.h>

#include <algorithm>
#include <cstring>

#include "net/kernels/gemm_weights.h"
#include "net/kernels/relaxed_dot.h"
#include "net/kernels/requantize.h"

namespace teachable {
namespace {

/// Inputs of a matrix product: [tap_count][rows_per_tap] rows of `depth` bytes.
struct Inputs {
  const int8_t* const* rows;
  size_t rows_per_tap;
  size_t depth;
  size_t tap_count;
  size_t offset;       ///< added to the address of every row but `zero`
  const int8_t* zero;  ///< row of padding
};

constexpr size_t kTileRows = 4;
constexpr size_t kTiles = kMaxRows / kTileRows;

/// Maximum depth, in groups, of a Panel. It is limited because panels are on the stack. Deeper
/// layers take several turns.
constexpr size_t kPanelGroups = 512;

/// Inputs as unsigned bytes, in the order in which they are used: [group][kRows][kGroupDepth].
template <size_t kRows>
struct Panel {
  alignas(16) uint8_t bytes[(kPanelGroups + 3) * kRows * kGroupDepth];

  /// Copies the groups [first, last) of the inputs. May read XNN_EXTRA_BYTES beyond the end of a
  /// row; these bytes are multiplied by weights of zero.
  void fill(const Inputs& inputs, size_t first_row, size_t first, size_t last) {
    const size_t groups_per_tap = (inputs.depth + kGroupDepth - 1) / kGroupDepth;
    const int8_t* const* rows =
        inputs.rows + first / groups_per_tap * inputs.rows_per_tap + first_row;
    size_t start = first % groups_per_tap;
    uint8_t* to = bytes;
    while (first < last) {
      const size_t count = std::min(groups_per_tap - start, last - first);
      const int8_t* from[kRows];
      for (size_t row = 0; row < kRows; ++row) {
        from[row] = rows[row];
        if (from[row] != inputs.zero) from[row] += inputs.offset;
        from[row] += start * kGroupDepth;
      }
      copy(from, count, to);
      to += count * kRows * kGroupDepth;
      first += count;
      rows += inputs.rows_per_tap;
      start = 0;
    }
  }

 private:
  static void copy(const int8_t* const* from, size_t count, uint8_t* to) {
    const v128_t sign = wasm_i8x16_const_splat(-128);
    size_t k = 0;
    for (; count >= 4; count -= 4, k += 16) {
      v128_t row[kRows];
      for (size_t i = 0; i < kRows; ++i) row[i] = wasm_v128_xor(wasm_v128_load(from[i] + k), sign);
      if constexpr (kRows == 1) {
        wasm_v128_store(to, row[0]);
      } else {
        static_assert(kRows == 4);
        const v128_t a = wasm_i32x4_shuffle(row[0], row[1], 0, 4, 1, 5);
        const v128_t b = wasm_i32x4_shuffle(row[2], row[3], 0, 4, 1, 5);
        const v128_t c = wasm_i32x4_shuffle(row[0], row[1], 2, 6, 3, 7);
        const v128_t d = wasm_i32x4_shuffle(row[2], row[3], 2, 6, 3, 7);
        wasm_v128_store(to, wasm_i64x2_shuffle(a, b, 0, 2));
        wasm_v128_store(to + 16, wasm_i64x2_shuffle(a, b, 1, 3));
        wasm_v128_store(to + 32, wasm_i64x2_shuffle(c, d, 0, 2));
        wasm_v128_store(to + 48, wasm_i64x2_shuffle(c, d, 1, 3));
      }
      to += 16 * kRows;
    }
    for (; count > 0; --count, k += kGroupDepth) {
      for (size_t i = 0; i < kRows; ++i) {
        uint32_t four;
        std::memcpy(&four, from[i] + k, sizeof(four));
        four ^= 0x80808080;
        std::memcpy(to, &four, sizeof(four));
        to += sizeof(four);
      }
    }
  }
};

/// Returns `sums` [4 channels] plus the sums of neighbouring `pairs`.
inline v128_t add_pairs(v128_t sums, v128_t pairs, v128_t ones) {
  return wasm_i32x4_add(sums, wasm_i32x4_dot_i16x8(pairs, ones));
}

constexpr size_t kHalfWeights = kBlockChannels / 2 * kGroupDepth;
constexpr size_t kGroupWeights = 2 * kHalfWeights;

/// Adds to `sums` [kRows][2 halves] the products of a layer that is deeper than the panel. It is
/// compiled for size, because no MobileNet has such a layer.
template <size_t kRows>
__attribute__((noinline)) void add_deep(Panel<kRows>& panel, const Inputs& inputs, size_t first_row,
                                        size_t group_count, const int8_t* weights,
                                        const BlockExtras& extras, v128_t ones, v128_t (*sums)[2]) {
  const ExcessWeights* excess[] = {extras.excess[0], extras.excess[1]};
  for (size_t first = 0; first < group_count; first += kPanelGroups) {
    const size_t last = std::min(first + kPanelGroups, group_count);
    panel.fill(inputs, first_row, first, last);
    const auto add = [&](size_t group, size_t half, const int8_t* w) {
      const uint8_t* const at = panel.bytes + (group - first) * kRows * kGroupDepth;
#pragma nounroll
      for (size_t i = 0; i < kRows; ++i) {
        const v128_t input = wasm_v128_load32_splat(at + i * kGroupDepth);
        sums[i][half] = add_pairs(sums[i][half], dot_pairs(wasm_v128_load(w), input), ones);
      }
    };
#pragma nounroll
    for (size_t half = 0; half < 2; ++half) {
#pragma nounroll
      for (size_t group = first; group < last; ++group)
        add(group, half, weights + group * kGroupWeights + half * kHalfWeights);
      const ExcessWeights*& next = excess[half];
#pragma nounroll
      for (; next != extras.excess[half + 1] && next->group < last; ++next)
        add(next->group, half, next->weights);
    }
  }
}

/// Computes kTiles tiles of kRows by kBlockChannels results, one above the other, with the same
/// weights. The registers hold one tile.
template <size_t kRows, size_t kTiles>
void multiply(size_t mr, size_t nc, const Inputs& inputs, const void* packed, int8_t* c,
              size_t cm_stride, size_t cn_stride, const xnn_qs8_qc8w_conv_minmax_params* params) {
  constexpr size_t kGroupBytes = kRows * kGroupDepth;
  Panel<kRows> panels[kTiles];
  const Requantize requantize(*params);
  // The value is volatile, or the compiler would make the constant anew for each product.
  static const volatile int16_t one = 1;
  const v128_t ones = wasm_i16x8_splat(one);
  const size_t group_count = inputs.tap_count * ((inputs.depth + kGroupDepth - 1) / kGroupDepth);
  const bool is_deep = group_count > kPanelGroups;
  const size_t tile_count = (mr + kRows - 1) / kRows;
  if (!is_deep) {
    for (size_t tile = 0; tile < tile_count; ++tile)
      panels[tile].fill(inputs, tile * kRows, 0, group_count);
  }
  int8_t* rows[kTiles * kRows];
  for (size_t i = 0; i < std::size(rows); ++i) rows[i] = c + std::min(i, mr - 1) * cm_stride;

  auto* block = static_cast<const int8_t*>(packed);
  for (;;) {
    const BlockExtras& extras = **reinterpret_cast<const BlockExtras* const*>(block);
    const int8_t* const end = block + sizeof(extras.bias) + group_count * kGroupWeights;
    for (size_t tile = 0; tile < tile_count; ++tile) {
      const int8_t* w = block + sizeof(extras.bias);
      Panel<kRows>& panel = panels[tile];
      v128_t sums[kRows][2];
      for (size_t i = 0; i < kRows; ++i) {
        sums[i][0] = wasm_v128_load(extras.bias);
        sums[i][1] = wasm_v128_load(extras.bias + 4);
      }
      const uint8_t* at = panel.bytes;
      if (is_deep) {
        v128_t deep[kRows][2];
        std::memcpy(deep, sums, sizeof(deep));
        add_deep(panel, inputs, tile * kRows, group_count, w, extras, ones, deep);
        std::memcpy(sums, deep, sizeof(sums));
      } else if (kRows > 1 && extras.adds_two_groups) {
        do {
#pragma unroll
          for (size_t half = 0; half < 2; ++half) {
            const v128_t here = wasm_v128_load(w + half * kHalfWeights);
            const v128_t there = wasm_v128_load(w + half * kHalfWeights + kGroupWeights);
#pragma unroll
            for (size_t i = 0; i < kRows; ++i) {
              const v128_t pairs = wasm_i16x8_add(
                  dot_pairs(here, wasm_v128_load32_splat(at + i * kGroupDepth)),
                  dot_pairs(there, wasm_v128_load32_splat(at + kGroupBytes + i * kGroupDepth)));
              sums[i][half] = add_pairs(sums[i][half], pairs, ones);
            }
          }
          w += 2 * kGroupWeights;
          at += 2 * kGroupBytes;
        } while (w != end);
      } else {
        do {
          const v128_t low = wasm_v128_load(w);
          const v128_t high = wasm_v128_load(w + kHalfWeights);
#pragma unroll
          for (size_t i = 0; i < kRows; ++i) {
            const v128_t input = wasm_v128_load32_splat(at + i * kGroupDepth);
            sums[i][0] = add_pairs(sums[i][0], dot_pairs(low, input), ones);
            sums[i][1] = add_pairs(sums[i][1], dot_pairs(high, input), ones);
          }
          w += kGroupWeights;
          at += kGroupBytes;
        } while (w != end);
      }
      if (!is_deep && extras.excess[0] != extras.excess[2]) {
#pragma unroll
        for (size_t half = 0; half < 2; ++half) {
          for (const ExcessWeights* excess = extras.excess[half]; excess != extras.excess[half + 1];
               ++excess) {
            const uint8_t* const from = panel.bytes + excess->group * kGroupBytes;
            const v128_t weights = wasm_v128_load(excess->weights);
#pragma unroll
            for (size_t i = 0; i < kRows; ++i) {
              sums[i][half] = add_pairs(
                  sums[i][half], dot_pairs(weights, wasm_v128_load32_splat(from + i * kGroupDepth)),
                  ones);
            }
          }
        }
      }

      const v128_t low_scale = wasm_v128_load(end);
      const v128_t high_scale = wasm_v128_load(end + 16);
      v128_t narrow[kRows];
      for (size_t i = 0; i < kRows; ++i)
        narrow[i] = requantize.to_i16(sums[i][0], sums[i][1], low_scale, high_scale);
      int8_t** const to = rows + tile * kRows;
      for (size_t i = 0; i < kRows; i += 2) {
        const size_t next = std::min(i + 1, kRows - 1);
        const v128_t bytes = requantize.to_i8(narrow[i], narrow[next]);
        if (nc >= kBlockChannels) {
          wasm_v128_store64_lane(to[i], bytes, 0);
          if (kRows > 1) wasm_v128_store64_lane(to[next], bytes, 1);
        } else {
          int8_t rest[16];
          wasm_v128_store(rest, bytes);
          std::memcpy(to[i], rest, nc);
          if (kRows > 1) std::memcpy(to[next], rest + 8, nc);
        }
        to[i] += cn_stride;
        if (kRows > 1) to[next] += cn_stride;
      }
    }
    if (nc <= kBlockChannels) return;
    nc -= kBlockChannels;
    block = end + kBlockChannels * sizeof(float);
  }
}

template <size_t kRows, size_t kTiles>
void multiply_plain(size_t mr, size_t nc, size_t kc, const int8_t* a, size_t a_stride,
                    const void* w, int8_t* c, size_t cm_stride, size_t cn_stride,
                    const xnn_qs8_qc8w_conv_minmax_params* params) {
  const int8_t* rows[kRows * kTiles];
  for (size_t i = 0; i < std::size(rows); ++i) rows[i] = a + std::min(i, mr - 1) * a_stride;
  multiply<kRows, kTiles>(mr, nc, {rows, std::size(rows), kc, 1, 0, nullptr}, w, c, cm_stride,
                          cn_stride, params);
}

}  // namespace

void multiply_row(size_t mr, size_t nc, size_t kc, const int8_t* a, size_t a_stride, const void* w,
                  int8_t* c, size_t cm_stride, size_t cn_stride,
                  const xnn_qs8_qc8w_conv_minmax_params* params) {
  multiply_plain<1, 1>(mr, nc, kc, a, a_stride, w, c, cm_stride, cn_stride, params);
}

void multiply_rows(size_t mr, size_t nc, size_t kc, const int8_t* a, size_t a_stride, const void* w,
                   int8_t* c, size_t cm_stride, size_t cn_stride,
                   const xnn_qs8_qc8w_conv_minmax_params* params) {
  multiply_plain<kTileRows, kTiles>(mr, nc, kc, a, a_stride, w, c, cm_stride, cn_stride, params);
}

void convolve_row(size_t mr, size_t nc, size_t kc, size_t ks, const int8_t** a, const void* w,
                  int8_t* c, size_t cm_stride, size_t cn_stride, size_t a_offset,
                  const int8_t* zero, const xnn_qs8_qc8w_conv_minmax_params* params) {
  multiply<1, 1>(mr, nc, {a, 1, kc, ks / sizeof(*a), a_offset, zero}, w, c, cm_stride, cn_stride,
                 params);
}

void convolve_rows(size_t mr, size_t nc, size_t kc, size_t ks, const int8_t** a, const void* w,
                   int8_t* c, size_t cm_stride, size_t cn_stride, size_t a_offset,
                   const int8_t* zero, const xnn_qs8_qc8w_conv_minmax_params* params) {
  multiply<kTileRows, kTiles>(mr, nc,
                              {a, kMaxRows, kc, ks / (kMaxRows * sizeof(*a)), a_offset, zero}, w, c,
                              cm_stride, cn_stride, params);
}

}  // namespace teachable
