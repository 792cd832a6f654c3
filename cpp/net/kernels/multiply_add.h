// Multiplication and addition of float32.
#pragma once

#include <wasm_simd128.h>

namespace teachable {

/// Returns a * b + c, in one instruction in builds with relaxed SIMD.
inline v128_t multiply_add(v128_t a, v128_t b, v128_t c) {
#ifdef __wasm_relaxed_simd__
  return wasm_f32x4_relaxed_madd(a, b, c);
#else
  return wasm_f32x4_add(c, wasm_f32x4_mul(a, b));
#endif
}

}  // namespace teachable
