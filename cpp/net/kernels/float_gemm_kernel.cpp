#include "net/kernels/float_gemm_kernel.h"

#include <wasm_simd128.h>

#include <algorithm>
#include <cstring>
#include <iterator>

#include "net/kernels/hide.h"
#include "net/kernels/rows.h"

namespace teachable {
namespace {

/// Number of output channels in a block of weights.
constexpr size_t kBlockChannels = 8;

/// Maximum depth of a panel. It is limited because panels are on the stack. Deeper layers take
/// several turns.
constexpr size_t kPanelDepth = 1024;

/// Inputs in the order in which they are used: [depth][kFloatRows].
struct Panel {
  alignas(16) float values[kPanelDepth * kFloatRows];

  void fill(const Rows<float>& inputs, size_t first, size_t last) {
    float* to = values;
    for_each_run<kFloatRows>(inputs, 0, inputs.depth, 1, first, last,
                             [&](const float* const* from, size_t count) {
                               copy(from, count, to);
                               to += count * kFloatRows;
                             });
  }

 private:
  static void copy(const float* const* from, size_t count, float* to) {
    size_t k = 0;
    for (; k + 4 <= count; k += 4, to += 4 * kFloatRows) {
      static_assert(kFloatRows == 4);
      v128_t row[4];
      for (size_t i = 0; i < 4; ++i) row[i] = wasm_v128_load(from[i] + k);
      const v128_t a = wasm_i32x4_shuffle(row[0], row[1], 0, 4, 1, 5);
      const v128_t b = wasm_i32x4_shuffle(row[2], row[3], 0, 4, 1, 5);
      const v128_t c = wasm_i32x4_shuffle(row[0], row[1], 2, 6, 3, 7);
      const v128_t d = wasm_i32x4_shuffle(row[2], row[3], 2, 6, 3, 7);
      const v128_t column[] = {wasm_i64x2_shuffle(a, b, 0, 2), wasm_i64x2_shuffle(a, b, 1, 3),
                               wasm_i64x2_shuffle(c, d, 0, 2), wasm_i64x2_shuffle(c, d, 1, 3)};
      for (size_t j = 0; j < 4; ++j) wasm_v128_store(to + j * kFloatRows, column[j]);
    }
    for (; k < count; ++k, to += kFloatRows) {
      for (size_t i = 0; i < kFloatRows; ++i) to[i] = from[i][k];
    }
  }
};

void multiply(size_t mr, size_t nc, const Rows<float>& inputs, const float* w, float* c,
              size_t cm_stride, size_t cn_stride, const xnn_f32_minmax_params* params) {
  Panel panel;
  const size_t depth = inputs.depth * inputs.tap_count;
  const bool is_deep = depth > kPanelDepth;
  if (!is_deep) panel.fill(inputs, 0, depth);
  const v128_t lowest = wasm_v128_load32_splat(&params->scalar.min);
  const v128_t highest = wasm_v128_load32_splat(&params->scalar.max);
  for (;;) {
    v128_t sums[kFloatRows][2];
#pragma unroll
    for (size_t i = 0; i < kFloatRows; ++i) {
      sums[i][0] = wasm_v128_load(w);
      sums[i][1] = wasm_v128_load(w + 4);
    }
    w += kBlockChannels;
    for (size_t first = 0; first < depth; first += kPanelDepth) {
      const size_t last = std::min(first + kPanelDepth, depth);
      if (is_deep) panel.fill(inputs, first, last);
      const float* at = panel.values;
      const float* const end = at + (last - first) * kFloatRows;
      // Unrolled, this loop is slower, because the compiler then mixes the steps, and the browser
      // runs out of registers.
#pragma nounroll
      do {
        const v128_t low = wasm_v128_load(w);
        const v128_t high = wasm_v128_load(w + 4);
#pragma unroll
        for (size_t i = 0; i < kFloatRows; ++i) {
          const v128_t input = wasm_v128_load32_splat(at);
          ++at;
          hide(at);
          sums[i][0] = wasm_f32x4_add(sums[i][0], wasm_f32x4_mul(input, low));
          sums[i][1] = wasm_f32x4_add(sums[i][1], wasm_f32x4_mul(input, high));
        }
        w += kBlockChannels;
      } while (at != end);
    }
    // Rows from `mr` on repeat the last one.
    float* row = c;
#pragma unroll
    for (size_t i = 0; i < kFloatRows; ++i) {
      const v128_t low = wasm_f32x4_pmin(highest, wasm_f32x4_pmax(lowest, sums[i][0]));
      const v128_t high = wasm_f32x4_pmin(highest, wasm_f32x4_pmax(lowest, sums[i][1]));
      if (nc >= kBlockChannels) {
        wasm_v128_store(row, low);
        wasm_v128_store(row + 4, high);
      } else {
        float rest[kBlockChannels];
        wasm_v128_store(rest, low);
        wasm_v128_store(rest + 4, high);
        std::memcpy(row, rest, nc * sizeof(float));
      }
      if (i + 1 < mr) row = reinterpret_cast<float*>(reinterpret_cast<char*>(row) + cm_stride);
    }
    if (nc <= kBlockChannels) return;
    nc -= kBlockChannels;
    c = reinterpret_cast<float*>(reinterpret_cast<char*>(c) + cn_stride);
  }
}

}  // namespace

void multiply_floats(size_t mr, size_t nc, size_t kc, const float* a, size_t a_stride,
                     const float* w, float* c, size_t cm_stride, size_t cn_stride,
                     const xnn_f32_minmax_params* params) {
  const float* rows[kFloatRows];
  for (size_t i = 0; i < std::size(rows); ++i) {
    rows[i] = reinterpret_cast<const float*>(reinterpret_cast<const char*>(a) +
                                             std::min(i, mr - 1) * a_stride);
  }
  multiply(mr, nc, {rows, kFloatRows, kc / sizeof(float), 1, 0, nullptr}, w, c, cm_stride,
           cn_stride, params);
}

void convolve_floats(size_t mr, size_t nc, size_t kc, size_t ks, const float** a, const float* w,
                     float* c, size_t cm_stride, size_t cn_stride, size_t a_offset,
                     const float* zero, const xnn_f32_minmax_params* params) {
  multiply(mr, nc,
           {a, kFloatRows, kc / sizeof(float), ks / (kFloatRows * sizeof(*a)), a_offset, zero}, w,
           c, cm_stride, cn_stride, params);
}

}  // namespace teachable
