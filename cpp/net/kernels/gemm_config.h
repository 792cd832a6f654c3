// Whether XNNPACK's operators are given our matrix kernels.
#pragma once

namespace teachable {

/// What matters of a processor, seen through WebAssembly's relaxed instructions.
struct DotInstructions {
  bool exact_signed = false;    ///< four products of int8 added in 32 bits (ARM's dot product)
  bool exact_unsigned = false;  ///< the same with inputs of 0 ... 255 (x86 with VNNI)
  bool unsigned_pairs = false;  ///< dot_takes_unsigned_inputs()
};

/// This processor's.
DotInstructions dot_instructions();

/// Whether our matrix kernels are the fastest that are right. Where one instruction is exact,
/// XNNPACK's own kernels use it.
constexpr bool takes_own_gemm(const DotInstructions& dot) {
  return dot.unsigned_pairs && !dot.exact_signed && !dot.exact_unsigned;
}

}  // namespace teachable
