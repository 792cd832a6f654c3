// Vectors of four floats in the compiler's vector types: SSE on x86, SIMD128 in WebAssembly.
#pragma once

#include <cstring>

namespace teachable {

/// Vector of four floats. Arithmetic and comparisons work lane by lane.
using Float4 [[gnu::vector_size(16)]] = float;

/// Loads four floats from memory of any alignment.
inline Float4 load4(const float* p) {
  Float4 v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
/// Stores four floats to memory of any alignment.
inline void store4(float* p, Float4 v) { std::memcpy(p, &v, sizeof v); }

/// Returns a vector whose four lanes are `value`.
inline Float4 splat4(float value) { return Float4{value, value, value, value}; }

/// Returns the sum of the lanes. The order of the additions is fixed, so results are reproducible.
inline float sum4(Float4 v) { return (v[0] + v[2]) + (v[1] + v[3]); }

}  // namespace teachable
