#include "core/text.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "core/shape.h"

namespace teachable {
namespace {

constexpr int kDigits = 6;
constexpr int64_t kScale = 100'000;  // 10^(kDigits - 1)
constexpr int64_t kOverflow = 10 * kScale;

/// A positive number in scientific notation, rounded to six digits.
struct Decimal {
  std::string digits;  ///< significant digits without trailing zeros
  int exponent = 0;    ///< power of ten of the first digit
};

Decimal to_decimal(double number) {
  Decimal decimal;
  for (; number >= 10; number /= 10) ++decimal.exponent;
  for (; number < 1; number *= 10) --decimal.exponent;
  int64_t rounded = std::llround(number * kScale);
  if (rounded >= kOverflow) {
    rounded /= 10;
    ++decimal.exponent;
  }
  decimal.digits = std::to_string(rounded);
  decimal.digits.erase(decimal.digits.find_last_not_of('0') + 1);
  return decimal;
}

std::string positive_to_text(double number) {
  auto [digits, exponent] = to_decimal(number);
  constexpr int kMaxLeadingZeros = 4;
  if (exponent < 0 && exponent >= -kMaxLeadingZeros - 1) {
    return "0." + std::string(static_cast<size_t>(-exponent - 1), '0') + digits;
  }
  if (exponent >= 0 && exponent < kDigits) {
    const auto whole = static_cast<size_t>(exponent) + 1;
    if (digits.size() > whole) digits.insert(whole, 1, '.');
    digits.resize(std::max(digits.size(), whole), '0');
    return digits;
  }
  if (digits.size() > 1) digits.insert(1, 1, '.');
  const std::string power = std::to_string(std::abs(exponent));
  return digits + (exponent < 0 ? "e-" : "e+") + (power.size() < 2 ? "0" : "") + power;
}

}  // namespace

void TextPiece::append_to(std::string& text) const {
  switch (kind_) {
    case Kind::CString:
      text += value_.c_string;
      return;
    case Kind::View:
      text.append(value_.view);
      return;
    case Kind::String:
      text += *value_.string;
      return;
    case Kind::Shape:
      text += value_.shape->to_string();
      return;
    case Kind::Text:
      value_.text->append_to(text);
      return;
    case Kind::Real:
      text += to_text(value_.real);
      return;
    case Kind::Signed:
      text += std::to_string(value_.signed_integer);
      return;
    case Kind::Unsigned:
      text += std::to_string(value_.unsigned_integer);
      return;
  }
}

void Text::append_to(std::string& text) const {
  for (size_t i = 0; i < count_; ++i) pieces_[i].append_to(text);
}

std::string Text::to_string() const {
  std::string text;
  append_to(text);
  return text;
}

std::string to_text(double number) {
  if (std::isnan(number)) return "nan";
  if (number < 0) return "-" + to_text(-number);
  if (std::isinf(number)) return "inf";
  constexpr double kMaxExactInteger = 9007199254740992.0;  // 2^53
  if (number <= kMaxExactInteger && number == std::trunc(number))
    return std::to_string(static_cast<int64_t>(number));
  return positive_to_text(number);
}

}  // namespace teachable
