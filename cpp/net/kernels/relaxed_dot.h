// The instruction that our matrix kernel uses, and a test of how this processor computes it.
#pragma once

#include <wasm_simd128.h>

namespace teachable {

/// Returns the sums [8] i16 of neighbouring products of `weights` [16], signed bytes, and `inputs`
/// [16], bytes. Two results depend on the processor: an input above 127 may count as negative, and
/// a sum that does not fit may wrap or saturate. See https://github.com/WebAssembly/relaxed-simd
/// (i16x8.relaxed_dot_i8x16_i7x16_s)
inline v128_t dot_pairs(v128_t weights, v128_t inputs) {
  return wasm_i16x8_relaxed_dot_i8x16_i7x16(weights, inputs);
}

/// Returns true if dot_pairs() takes inputs as 0 ... 255 and is right whenever its sums fit in 16
/// bits. This is true on x86 without VNNI, where the instruction is pmaddubsw.
inline bool dot_takes_unsigned_inputs() {
  // The values are volatile, or the compiler would compute the result by its own rules.
  const volatile v128_t weights =
      wasm_i8x16_make(1, 0, 127, 1, -128, 0, -127, -1, 64, 64, -64, -64, 0, 127, 100, -100);
  const v128_t sums = dot_pairs(weights, wasm_i8x16_const_splat(-1));
  const v128_t right =
      wasm_i16x8_const(255, 128 * 255, -128 * 255, -128 * 255, 128 * 255, -128 * 255, 127 * 255, 0);
  return wasm_i16x8_all_true(wasm_i16x8_eq(sums, right));
}

}  // namespace teachable
