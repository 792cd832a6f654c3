// Weighted sum of rows of bytes, for the means of a resize.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#if defined(__wasm_simd128__)
#include <wasm_simd128.h>
#elif defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace teachable {

#if defined(__wasm_simd128__) || defined(__SSE2__)
/// Four sums of int32 for each of four groups of four bytes.
struct Sums {
#if defined(__wasm_simd128__)
  v128_t lanes[4];
  static v128_t load(const uint8_t* from) { return wasm_v128_load(from); }
  static v128_t pair(int16_t a, int16_t b) { return wasm_i16x8_make(a, b, a, b, a, b, a, b); }
  Sums() { std::fill_n(lanes, 4, wasm_i32x4_const_splat(0)); }
  /// Adds a[i] * weights[0] + b[i] * weights[1] for 16 bytes.
  void add(v128_t a, v128_t b, v128_t weights) {
    const v128_t low =
        wasm_i8x16_shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    const v128_t high =
        wasm_i8x16_shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    const v128_t pairs[] = {wasm_u16x8_extend_low_u8x16(low), wasm_u16x8_extend_high_u8x16(low),
                            wasm_u16x8_extend_low_u8x16(high), wasm_u16x8_extend_high_u8x16(high)};
    for (size_t i = 0; i < 4; ++i)
      lanes[i] = wasm_i32x4_add(lanes[i], wasm_i32x4_dot_i16x8(pairs[i], weights));
  }
  void store(float* to) const {
    for (size_t i = 0; i < 4; ++i) wasm_v128_store(to + 4 * i, wasm_f32x4_convert_i32x4(lanes[i]));
  }
#else
  __m128i lanes[4];
  static __m128i load(const uint8_t* from) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  }
  static __m128i pair(int16_t a, int16_t b) { return _mm_setr_epi16(a, b, a, b, a, b, a, b); }
  Sums() { std::fill_n(lanes, 4, _mm_setzero_si128()); }
  /// Adds a[i] * weights[0] + b[i] * weights[1] for 16 bytes.
  void add(__m128i a, __m128i b, __m128i weights) {
    const __m128i zero = _mm_setzero_si128();
    const __m128i low = _mm_unpacklo_epi8(a, b), high = _mm_unpackhi_epi8(a, b);
    const __m128i pairs[] = {_mm_unpacklo_epi8(low, zero), _mm_unpackhi_epi8(low, zero),
                             _mm_unpacklo_epi8(high, zero), _mm_unpackhi_epi8(high, zero)};
    for (size_t i = 0; i < 4; ++i)
      lanes[i] = _mm_add_epi32(lanes[i], _mm_madd_epi16(pairs[i], weights));
  }
  void store(float* to) const {
    for (size_t i = 0; i < 4; ++i) _mm_storeu_ps(to + 4 * i, _mm_cvtepi32_ps(lanes[i]));
  }
#endif
};
#endif

/// Writes sum over k of weights[k] * from[k * stride + i] for i from 0 to byte_count - 1, exactly.
/// Rows k up to row_count - 1 are read. `weights` has an even number of elements, row_count or one
/// more, which is then 0. All weights are >= 0, and their sum is at most 2^15.
inline void sum_rows(const uint8_t* from, size_t stride, size_t row_count, const int16_t* weights,
                     size_t byte_count, float* to) {
  size_t i = 0;
#if defined(__wasm_simd128__) || defined(__SSE2__)
  for (; i + 16 <= byte_count; i += 16) {
    Sums sums;
    for (size_t k = 0; k < row_count; k += 2) {
      const size_t next = std::min(k + 1, row_count - 1);
      sums.add(Sums::load(from + k * stride + i), Sums::load(from + next * stride + i),
               Sums::pair(weights[k], weights[k + 1]));
    }
    sums.store(to + i);
  }
#endif
  for (; i < byte_count; ++i) {
    int32_t sum = 0;
    for (size_t k = 0; k < row_count; ++k) sum += weights[k] * from[k * stride + i];
    to[i] = static_cast<float>(sum);
  }
}

}  // namespace teachable
