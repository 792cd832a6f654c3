// Decides whether XNNPACK's operators use our matrix kernels.
#pragma once

namespace teachable {

/// Properties of this processor's relaxed SIMD instructions.
struct DotInstructions {
  bool exact_signed = false;    ///< four products of int8 added in 32 bits (ARM's dot product)
  bool exact_unsigned = false;  ///< the same for inputs of 0 ... 255 (x86 with VNNI)
  bool unsigned_pairs = false;  ///< dot_takes_unsigned_inputs()
};

/// Tries this processor's instructions. All are false in a build without relaxed SIMD.
DotInstructions dot_instructions();

/// Returns true if our matrix kernels are right on this processor, and the fastest. XNNPACK's own
/// kernels are faster where one instruction is exact.
constexpr bool takes_own_gemm(const DotInstructions& dot) {
  return dot.unsigned_pairs && !dot.exact_signed && !dot.exact_unsigned;
}

}  // namespace teachable
