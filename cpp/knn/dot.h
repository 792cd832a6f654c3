// Whole-number dot products: stored bytes with a query of 16 bits. The same result in every build.
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__wasm_simd128__)
#include <wasm_simd128.h>
#elif defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace teachable {

/// Rows and queries are filled up with zeros to a multiple of so many elements.
inline constexpr size_t kDotStep = 32;

/// The largest |query element| with which no sum of dot_rows() overflows, for rows of -127..127.
inline int32_t dot_query_limit(size_t stride) {
  const size_t limit = size_t{INT32_MAX} / 127 / (stride / 4);
  return limit < INT16_MAX ? static_cast<int32_t>(limit) : INT16_MAX;
}

/// result[r] = sum of rows[r * stride + i] * query[i]. `stride` is a multiple of kDotStep, rows are
/// -127..127, the query keeps to dot_query_limit(). kRows rows share each load of the query, and
/// enough sums are under way that the processor waits for memory only.
template <size_t kRows>
void dot_rows(const int8_t* rows, size_t stride, const int16_t* query, int64_t* result) {
#if defined(__wasm_simd128__)
  v128_t sums[kRows];
  for (v128_t& sum : sums) sum = wasm_i32x4_const_splat(0);
  for (size_t i = 0; i < stride; i += 16) {
    const v128_t low = wasm_v128_load(query + i), high = wasm_v128_load(query + i + 8);
    for (size_t r = 0; r < kRows; ++r) {
      const v128_t row = wasm_v128_load(rows + r * stride + i);
      sums[r] =
          wasm_i32x4_add(sums[r], wasm_i32x4_dot_i16x8(wasm_i16x8_extend_low_i8x16(row), low));
      sums[r] =
          wasm_i32x4_add(sums[r], wasm_i32x4_dot_i16x8(wasm_i16x8_extend_high_i8x16(row), high));
    }
  }
  for (size_t r = 0; r < kRows; ++r) {
    result[r] =
        (int64_t{wasm_i32x4_extract_lane(sums[r], 0)} + wasm_i32x4_extract_lane(sums[r], 1)) +
        (int64_t{wasm_i32x4_extract_lane(sums[r], 2)} + wasm_i32x4_extract_lane(sums[r], 3));
  }
#elif defined(__SSE2__)
  __m128i sums[kRows];
  for (__m128i& sum : sums) sum = _mm_setzero_si128();
  for (size_t i = 0; i < stride; i += 16) {
    const auto load = [](const void* p) { return _mm_loadu_si128(static_cast<const __m128i*>(p)); };
    const __m128i low = load(query + i), high = load(query + i + 8);
    for (size_t r = 0; r < kRows; ++r) {
      const __m128i row = load(rows + r * stride + i);
      const __m128i row_low = _mm_srai_epi16(_mm_unpacklo_epi8(row, row), 8);
      const __m128i row_high = _mm_srai_epi16(_mm_unpackhi_epi8(row, row), 8);
      sums[r] = _mm_add_epi32(sums[r], _mm_madd_epi16(row_low, low));
      sums[r] = _mm_add_epi32(sums[r], _mm_madd_epi16(row_high, high));
    }
  }
  for (size_t r = 0; r < kRows; ++r) {
    alignas(16) int32_t lanes[4];
    _mm_store_si128(reinterpret_cast<__m128i*>(lanes), sums[r]);
    result[r] = (int64_t{lanes[0]} + lanes[1]) + (int64_t{lanes[2]} + lanes[3]);
  }
#else
  for (size_t r = 0; r < kRows; ++r) {
    int64_t sum = 0;
    for (size_t i = 0; i < stride; ++i) sum += int32_t{rows[r * stride + i]} * query[i];
    result[r] = sum;
  }
#endif
}

/// Whether the build has an instruction for bytes by bytes, which halves the work of dot_rows().
#if defined(__wasm_relaxed_simd__)
inline constexpr bool kHasByteDot = true;
#else
inline constexpr bool kHasByteDot = false;
#endif

/// Up to this stride no sum of dot_rows_bytes() overflows.
inline constexpr size_t kByteDotLimit = size_t{1} << 19;

/// As dot_rows() for a query of 0..127: what relaxed SIMD defines the same on all processors.
template <size_t kRows>
void dot_rows_bytes([[maybe_unused]] const int8_t* rows, [[maybe_unused]] size_t stride,
                    [[maybe_unused]] const int8_t* query, [[maybe_unused]] int64_t* result) {
#if defined(__wasm_relaxed_simd__)
  const v128_t ones = wasm_i16x8_const_splat(1);
  v128_t sums[kRows];
  for (v128_t& sum : sums) sum = wasm_i32x4_const_splat(0);
  for (size_t i = 0; i < stride; i += 16) {
    const v128_t bytes = wasm_v128_load(query + i);
    for (size_t r = 0; r < kRows; ++r) {
      const v128_t row = wasm_v128_load(rows + r * stride + i);
      const v128_t pairs = wasm_i16x8_relaxed_dot_i8x16_i7x16(row, bytes);
      sums[r] = wasm_i32x4_add(sums[r], wasm_i32x4_dot_i16x8(pairs, ones));
    }
  }
  for (size_t r = 0; r < kRows; ++r) {
    result[r] =
        (int64_t{wasm_i32x4_extract_lane(sums[r], 0)} + wasm_i32x4_extract_lane(sums[r], 1)) +
        (int64_t{wasm_i32x4_extract_lane(sums[r], 2)} + wasm_i32x4_extract_lane(sums[r], 3));
  }
#endif
}

}  // namespace teachable
