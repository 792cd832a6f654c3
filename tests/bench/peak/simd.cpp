#include "peak.h"

#ifdef __wasm_simd128__
#include <wasm_simd128.h>

#include "chains.h"
#endif

namespace teachable {

std::vector<Peak> simd_peaks() {
#ifdef __wasm_simd128__
  return {
      {"f32x4.mul + f32x4.add", false,
       peak_of<4>([](v128_t a, v128_t b) { return wasm_f32x4_add(a, wasm_f32x4_mul(a, b)); })},
      {"i32x4.dot_i16x8_s + i32x4.add", true, peak_of<8>([](v128_t a, v128_t b) {
         return wasm_i32x4_add(a, wasm_i32x4_dot_i16x8(a, b));
       })},
  };
#else
  return {};
#endif
}

}  // namespace teachable
