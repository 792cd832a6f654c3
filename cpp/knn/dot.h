// Integer dot products of a stored row of bytes with a query. Results are the same in every build.
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__wasm_simd128__)
#include <wasm_simd128.h>
#elif defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace teachable {

/// Rows and queries are padded with zeros to a multiple of this number of elements.
inline constexpr size_t kDotStep = 32;

/// Maximum absolute value of a query element with which no sum in dot() overflows, for rows with
/// elements in -127..127.
inline int32_t dot_query_limit(size_t stride) {
  const size_t limit = size_t{INT32_MAX} / 127 / (stride / 4);
  return limit < INT16_MAX ? static_cast<int32_t>(limit) : INT16_MAX;
}

// Rows are processed one after the other, although several could share each load of the query.
// Reading memory sequentially is a third faster, and a scan of many rows is limited by memory
// bandwidth.

#if defined(__wasm_simd128__)
/// Returns the sum of all lanes of two vectors of int32, in 64 bits.
inline int64_t sum_lanes(v128_t a, v128_t b) {
  int32_t lanes[8];
  wasm_v128_store(lanes, a);
  wasm_v128_store(lanes + 4, b);
  int64_t sum = 0;
  for (const int32_t lane : lanes) sum += lane;
  return sum;
}
#endif

/// Returns the sum of row[i] * query[i] over [stride] elements. `stride` must be a multiple of
/// kDotStep. Elements of the row must be in -127..127, those of the query within dot_query_limit().
inline int64_t dot(const int8_t* row, size_t stride, const int16_t* query) {
#if defined(__wasm_simd128__)
  v128_t low_sum = wasm_i32x4_const_splat(0), high_sum = low_sum;
  for (size_t i = 0; i < stride; i += 16) {
    const v128_t bytes = wasm_v128_load(row + i);
    const v128_t low =
        wasm_i32x4_dot_i16x8(wasm_i16x8_extend_low_i8x16(bytes), wasm_v128_load(query + i));
    const v128_t high =
        wasm_i32x4_dot_i16x8(wasm_i16x8_extend_high_i8x16(bytes), wasm_v128_load(query + i + 8));
    low_sum = wasm_i32x4_add(low_sum, low);
    high_sum = wasm_i32x4_add(high_sum, high);
  }
  return sum_lanes(low_sum, high_sum);
#elif defined(__SSE2__)
  const auto load = [](const void* p) { return _mm_loadu_si128(static_cast<const __m128i*>(p)); };
  __m128i low_sum = _mm_setzero_si128(), high_sum = low_sum;
  for (size_t i = 0; i < stride; i += 16) {
    const __m128i bytes = load(row + i);
    const __m128i low = _mm_srai_epi16(_mm_unpacklo_epi8(bytes, bytes), 8);
    const __m128i high = _mm_srai_epi16(_mm_unpackhi_epi8(bytes, bytes), 8);
    low_sum = _mm_add_epi32(low_sum, _mm_madd_epi16(low, load(query + i)));
    high_sum = _mm_add_epi32(high_sum, _mm_madd_epi16(high, load(query + i + 8)));
  }
  alignas(16) int32_t lanes[8];
  _mm_store_si128(reinterpret_cast<__m128i*>(lanes), low_sum);
  _mm_store_si128(reinterpret_cast<__m128i*>(lanes + 4), high_sum);
  int64_t sum = 0;
  for (const int32_t lane : lanes) sum += lane;
  return sum;
#else
  int64_t sum = 0;
  for (size_t i = 0; i < stride; ++i) sum += int32_t{row[i]} * query[i];
  return sum;
#endif
}

/// True when the build has an instruction for products of bytes with bytes (relaxed SIMD). It
/// halves the work of dot().
#if defined(__wasm_relaxed_simd__)
inline constexpr bool kHasByteDot = true;
#else
inline constexpr bool kHasByteDot = false;
#endif

/// Maximum stride with which no sum in dot_bytes() overflows.
inline constexpr size_t kByteDotLimit = size_t{1} << 19;

/// Returns the sum of row[i] * query[i] like dot(), for a query of bytes in 0..127. Relaxed SIMD
/// gives the same result on all processors for this range. Only for builds with kHasByteDot; other
/// builds return 0.
inline int64_t dot_bytes([[maybe_unused]] const int8_t* row, [[maybe_unused]] size_t stride,
                         [[maybe_unused]] const int8_t* query) {
#if defined(__wasm_relaxed_simd__)
  const v128_t ones = wasm_i16x8_const_splat(1);
  v128_t even = wasm_i32x4_const_splat(0), odd = even;
  const auto pairs = [&](size_t i) {
    return wasm_i16x8_relaxed_dot_i8x16_i7x16(wasm_v128_load(row + i), wasm_v128_load(query + i));
  };
  for (size_t i = 0; i < stride; i += 32) {
    even = wasm_i32x4_add(even, wasm_i32x4_dot_i16x8(pairs(i), ones));
    odd = wasm_i32x4_add(odd, wasm_i32x4_dot_i16x8(pairs(i + 16), ones));
  }
  return sum_lanes(even, odd);
#else
  return 0;
#endif
}

}  // namespace teachable
