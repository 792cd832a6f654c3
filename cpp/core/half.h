// IEEE 754 half-precision floats (float16), a storage format of weights in model files.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

namespace teachable {

/// Converts the bits of a float16 to a float. Handles subnormal numbers, infinities and NaN.
inline float half_to_float(uint16_t half) {
  const bool negative = (half & 0x8000) != 0;
  const int exponent = (half >> 10) & 0x1f;
  const int mantissa = half & 0x3ff;
  float value = 0;
  if (exponent == 0) {
    value = std::ldexp(static_cast<float>(mantissa), -24);
  } else if (exponent == 31) {
    value = mantissa == 0 ? std::numeric_limits<float>::infinity()
                          : std::numeric_limits<float>::quiet_NaN();
  } else {
    value = std::ldexp(static_cast<float>(mantissa + 0x400), exponent - 25);
  }
  return negative ? -value : value;
}

}  // namespace teachable
