// Functions of one value that are rare in MobileNets. They share the exponential function and the
// logarithm that the module has anyway, because those of the C library are larger.
#pragma once

#include <cmath>

namespace teachable {

inline float elu(float x) {
  return x > 0 ? x : static_cast<float>(std::exp(static_cast<double>(x)) - 1);
}

/// Returns x * (1 + erf(x / sqrt(2))) / 2, with an error of at most 1e-7 * |x|.
inline float gelu(float x) {
  // The error function by formula 7.1.26 of Abramowitz and Stegun.
  const double z = std::fabs(static_cast<double>(x)) * 0.70710678118654752;
  const double t = 1 / (1 + 0.3275911 * z);
  constexpr double kFactors[] = {1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592};
  double polynomial = 0;
  for (const double factor : kFactors) polynomial = (polynomial + factor) * t;
  const double tail = polynomial * std::exp(-z * z) / 2;
  return static_cast<float>(x * (x > 0 ? 1 - tail : tail));
}

inline float tanh_of(float x) {
  // Beyond, the result is 1 in float.
  const double e = std::exp(2 * std::fmin(std::fabs(static_cast<double>(x)), 20));
  return std::copysign(static_cast<float>((e - 1) / (e + 1)), x);
}

}  // namespace teachable
