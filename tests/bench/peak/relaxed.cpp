#include <wasm_simd128.h>

#include "chains.h"
#include "peak.h"

namespace teachable {

std::vector<Peak> relaxed_peaks() {
  return {
      {"f32x4.relaxed_madd", false,
       peak_of<4>([](v128_t a, v128_t b) { return wasm_f32x4_relaxed_madd(a, b, a); })},
      {"i16x8.relaxed_dot_i8x16_i7x16_s + i16x8.add", true, peak_of<16>([](v128_t a, v128_t b) {
         return wasm_i16x8_add(a, wasm_i16x8_relaxed_dot_i8x16_i7x16(a, b));
       })},
      {"i32x4.relaxed_dot_i8x16_i7x16_add_s", true, peak_of<16>([](v128_t a, v128_t b) {
         return wasm_i32x4_relaxed_dot_i8x16_i7x16_add(a, b, a);
       })},
  };
}

}  // namespace teachable
