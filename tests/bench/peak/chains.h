// Independent chains of one step.
#pragma once

#include <wasm_simd128.h>

#include "peak.h"

namespace teachable {

/// Returns the multiply-adds per second of `step(accumulator, operand)`, which does kPerStep.
template <int kPerStep, typename Step>
double peak_of(Step step) {
  // Values that the compiler does not know. As floats they are no denormals, which are slow.
  static volatile v128_t start = wasm_i8x16_const_splat(0x3f);
  [[maybe_unused]] static volatile v128_t result;
  return multiply_adds_per_second(kPerStep, [&] {
    const v128_t operand = start;
    v128_t sums[kChains];
    for (v128_t& sum : sums) sum = start;
#pragma clang loop unroll(disable)
    for (int i = 0; i < kSteps; ++i) {
#pragma clang loop unroll(full)
      for (v128_t& sum : sums) sum = step(sum, operand);
    }
    v128_t all = sums[0];
    for (v128_t sum : sums) all = wasm_v128_xor(all, sum);
    result = all;
  });
}

}  // namespace teachable
