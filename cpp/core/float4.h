// Four floats at once, in the compiler's own vector types: SSE natively, SIMD128 in WebAssembly.
#pragma once

#include <cstring>

namespace teachable {

/// Arithmetic and comparisons work lane by lane.
using Float4 [[gnu::vector_size(16)]] = float;

/// From and to memory of any alignment.
inline Float4 load4(const float* p) {
  Float4 v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
inline void store4(float* p, Float4 v) { std::memcpy(p, &v, sizeof v); }

inline Float4 splat4(float value) { return Float4{value, value, value, value}; }

/// The sum of the lanes, always in the same order.
inline float sum4(Float4 v) { return (v[0] + v[2]) + (v[1] + v[3]); }

}  // namespace teachable
