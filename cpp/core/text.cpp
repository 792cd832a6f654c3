#include "core/text.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "core/shape.h"

namespace teachable {
namespace {

constexpr int kDigits = 6;
constexpr int64_t kOverflow = 1'000'000;  // 10^kDigits

/// The six digits of a positive number, and the power of ten of the first.
struct Decimal {
  std::string digits;
  int exponent = 0;
};

Decimal to_decimal(double number) {
  Decimal decimal;
  for (; number >= 10; number /= 10) ++decimal.exponent;
  for (; number < 1; number *= 10) --decimal.exponent;
  int64_t rounded = std::llround(number * (kOverflow / 10));
  if (rounded >= kOverflow) {
    rounded /= 10;
    ++decimal.exponent;
  }
  decimal.digits = std::to_string(rounded);
  decimal.digits.erase(decimal.digits.find_last_not_of('0') + 1);
  return decimal;
}

std::string positive(double number) {
  auto [digits, exponent] = to_decimal(number);
  constexpr int kMostZeros = 4;
  if (exponent < 0 && exponent >= -kMostZeros - 1) {
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

void TextPiece::append_to(std::string& sentence) const {
  switch (kind_) {
    case Kind::CString:
      sentence += c_string_;
      return;
    case Kind::View:
      sentence.append(view_.data, view_.size);
      return;
    case Kind::String:
      sentence += *string_;
      return;
    case Kind::Shape:
      sentence += shape_->to_string();
      return;
    case Kind::Text:
      text_->append_to(sentence);
      return;
    case Kind::Real:
      sentence += to_text(real_);
      return;
    case Kind::Signed:
      sentence += std::to_string(signed_);
      return;
    case Kind::Unsigned:
      sentence += std::to_string(unsigned_);
      return;
  }
}

void Text::append_to(std::string& sentence) const {
  for (size_t i = 0; i < count_; ++i) pieces_[i].append_to(sentence);
}

std::string Text::to_string() const {
  std::string sentence;
  append_to(sentence);
  return sentence;
}

std::string to_text(double number) {
  if (std::isnan(number)) return "nan";
  if (number < 0) return "-" + to_text(-number);
  if (std::isinf(number)) return "inf";
  constexpr double kMostExact = 9007199254740992.0;  // 2^53
  if (number <= kMostExact && number == std::trunc(number))
    return std::to_string(static_cast<int64_t>(number));
  return positive(number);
}

}  // namespace teachable
