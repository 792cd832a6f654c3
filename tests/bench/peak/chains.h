// Independent chains of one step.
#pragma once

#include <wasm_simd128.h>

#include "peak.h"

namespace teachable {

/// Takes kSteps steps in each chain. A function of its own, because engines replace the code of a
/// function by an optimized one only when it is called again.
template <typename Step>
[[gnu::noinline]] void run_chains(Step step) {
  // Values that the compiler does not know. As floats they are no denormals, which are slow.
  static volatile v128_t start = wasm_i8x16_const_splat(0x3f);
  [[maybe_unused]] static volatile v128_t result;
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
}

/// Returns the multiply-adds per second of `step(accumulator, operand)`, which does kPerStep.
template <int kPerStep, typename Step>
double peak_of(Step step) {
  return multiply_adds_per_second(kPerStep, [=] { run_chains(step); });
}

}  // namespace teachable
