// Conversion to float16, for the test writers.
#pragma once

#include <cmath>
#include <cstdint>

namespace teachable::testing {

/// Returns the nearest float16, or 0 for numbers too small for a normal float16.
inline uint16_t to_half(float value) {
  if (value == 0) return 0;
  int exponent = 0;
  const float mantissa = std::frexp(std::fabs(value), &exponent);
  if (exponent < -13) return 0;
  const auto bits = static_cast<uint32_t>(std::lround(std::ldexp(mantissa, 11)));
  const auto magnitude = static_cast<uint32_t>((exponent + 13) * 1024) + bits;
  return static_cast<uint16_t>(magnitude | (value < 0 ? 0x8000u : 0u));
}

}  // namespace teachable::testing
