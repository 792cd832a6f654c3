#include "tfjs/json_value.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/utf8.h"
#include "graph/errors.h"

namespace teachable {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Returns the value of the first four hexadecimal digits, or -1 if there are fewer.
int hex4(std::string_view text) {
  if (text.size() < 4) return -1;
  int value = 0;
  for (char c : text.substr(0, 4)) {
    const int digit = is_digit(c)                          ? c - '0'
                      : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
                                                           : -1;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

bool is_high_surrogate(int unit) { return unit >= 0xD800 && unit < 0xDC00; }
bool is_low_surrogate(int unit) { return unit >= 0xDC00 && unit < 0xE000; }

void append_utf8(std::string& text, uint32_t code) {
  const auto put = [&](uint32_t byte) { text.push_back(static_cast<char>(byte)); };
  const auto put_tail = [&](int shift) { put(0x80 | (code >> shift & 0x3F)); };
  if (code < 0x80) return put(code);
  if (code < 0x800) {
    put(0xC0 | code >> 6);
  } else {
    if (code < 0x10000) {
      put(0xE0 | code >> 12);
    } else {
      put(0xF0 | code >> 18);
      put_tail(12);
    }
    put_tail(6);
  }
  put_tail(0);
}

/// Decodes the text between the quotes of a string that the parser has checked.
std::string unescaped(std::string_view raw) {
  std::string text;
  for (size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '\\') {
      text.push_back(raw[i]);
      continue;
    }
    const char c = raw[++i];
    if (c != 'u') {
      constexpr std::string_view kFrom = "bfnrt";
      const size_t at = kFrom.find(c);
      text.push_back(at == kFrom.npos ? c : "\b\f\n\r\t"[at]);
      continue;
    }
    int code = hex4(raw.substr(i + 1));
    i += 4;
    if (is_high_surrogate(code)) {
      code = 0x10000 + ((code - 0xD800) << 10) + hex4(raw.substr(i + 3)) - 0xDC00;
      i += 6;
    }
    append_utf8(text, static_cast<uint32_t>(code));
  }
  return text;
}

/// Returns digits * 10^exponent, or infinity if it is too large. strtod() would round correctly for
/// any number of digits, but adds 15 KB of 128-bit arithmetic. A model.json has only the shortest
/// texts of floats and doubles, for which this is accurate enough.
double scaled(uint64_t digits, int64_t exponent) {
  constexpr double kPowers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  constexpr int64_t kMaxPower = 22;
  // Two parts of at most 53 bits. Each part is exact.
  const uint64_t low = digits & 0xFFF;
  double big = static_cast<double>(digits - low);
  double small = static_cast<double>(low);
  if (digits == 0) return 0;
  if (exponent > 310) return HUGE_VAL;
  if (exponent < -360) return 0;
  if (digits < uint64_t{1} << 53) {
    big += small;
    small = 0;
  }
  for (int64_t left = exponent; left > 0; left -= kMaxPower) {
    const double power = kPowers[std::min(left, kMaxPower)];
    big *= power;
    small *= power;
  }
  for (int64_t left = -exponent; left > 0; left -= kMaxPower) {
    const double power = kPowers[std::min(left, kMaxPower)];
    big /= power;
    small /= power;
  }
  return big + small;
}

/// Converts a valid JSON number.
double to_double(std::string_view text) {
  uint64_t digits = 0;
  int64_t exponent = 0;
  bool is_fraction = false;
  size_t i = text[0] == '-' ? 1 : 0;
  for (; i < text.size() && (text[i] | 32) != 'e'; ++i) {
    if (text[i] == '.') {
      is_fraction = true;
      continue;
    }
    // 18 digits are enough; further digits only change the exponent.
    const bool fits = digits < uint64_t{100'000'000'000'000'000};
    if (fits) digits = digits * 10 + static_cast<uint64_t>(text[i] - '0');
    exponent += (fits ? 0 : 1) - (is_fraction ? 1 : 0);
  }
  if (i < text.size()) {
    const bool is_negative = text[i + 1] == '-';
    int64_t written = 0;
    for (i += is_negative || text[i + 1] == '+' ? 2 : 1; i < text.size(); ++i) {
      // A larger exponent can't come back into range: no text has that many digits.
      written = std::min<int64_t>(written * 10 + (text[i] - '0'), int64_t{1} << 40);
    }
    exponent += is_negative ? -written : written;
  }
  const double value = scaled(digits, exponent);
  return text[0] == '-' ? -value : value;
}

}  // namespace

class JsonParser {
 public:
  JsonParser(std::string_view text, const std::string& what) : text_(text), what_(what) {}

  Json parse() {
    Json root = value(0);
    if (skip_space(); at_ < text_.size()) fail_syntax();
    return root;
  }

 private:
  [[noreturn]] void fail_syntax() const {
    fail({"invalid JSON at byte ", at_, " of ", text_.size(), "; the file is damaged or cut off"});
  }
  [[noreturn]] void fail(const Text& why) const { throw_bad_model(what_, why); }

  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  void skip_space() {
    while (peek() == ' ' || peek() == '\n' || peek() == '\r' || peek() == '\t') ++at_;
  }

  /// Skips white space, and then `c` if it is next. Returns whether it was.
  bool take(char c) {
    skip_space();
    if (peek() != c) return false;
    ++at_;
    return true;
  }

  void expect(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) fail_syntax();
    at_ += word.size();
  }

  Json value(size_t depth) {
    skip_space();
    if (++value_count_ > kMaxJsonValues) fail({"there are more than ", kMaxJsonValues, " values"});
    const size_t start = at_;
    Json json(Json::Kind::Null);
    switch (peek()) {
      case '{':
        json.kind_ = Json::Kind::Object;
        items(json, '}', depth + 1);
        break;
      case '[':
        json.kind_ = Json::Kind::Array;
        items(json, ']', depth + 1);
        break;
      case '"':
        json.kind_ = Json::Kind::String;
        string();
        break;
      case 't':
        json.kind_ = Json::Kind::Boolean;
        expect("true");
        break;
      case 'f':
        json.kind_ = Json::Kind::Boolean;
        expect("false");
        break;
      case 'n':
        expect("null");
        break;
      default:
        json.kind_ = Json::Kind::Number;
        number();
    }
    json.source_ = text_.substr(start, at_ - start);
    return json;
  }

  void items(Json& json, char end, size_t depth) {
    if (depth > kMaxJsonDepth) {
      fail({"byte ", at_, " is nested deeper than ", kMaxJsonDepth, " levels"});
    }
    ++at_;
    if (take(end)) return;
    do {
      std::string_view key;
      if (end == '}') {
        skip_space();
        key = string();
        if (!take(':')) fail_syntax();
        if (json.items_.size() >= kMaxJsonMembers)
          fail({"an object has more than ", kMaxJsonMembers, " members"});
      }
      json.items_.push_back(value(depth));
      json.items_.back().key_ = key;
    } while (take(','));
    if (!take(end)) fail_syntax();
  }

  /// Parses a string and returns the text between the quotes.
  std::string_view string() {
    expect("\"");
    const size_t start = at_;
    while (peek() != '"') {
      if (static_cast<uint8_t>(peek()) < 0x20) fail_syntax();
      if (peek() == '\\') {
        escape();
      } else {
        const size_t length = utf8_length(text_.substr(at_));
        if (length == 0) fail_syntax();
        at_ += length;
      }
    }
    return checked_size(text_.substr(start, at_++ - start));
  }

  std::string_view checked_size(std::string_view scalar) const {
    if (scalar.size() > kMaxJsonScalar)
      fail({"a string or number has more than ", kMaxJsonScalar, " bytes"});
    return scalar;
  }

  void escape() {
    ++at_;
    if (peek() != 'u') {
      if (peek() == '\0' || std::string_view("\"\\/bfnrt").find(peek()) == std::string_view::npos)
        fail_syntax();
      ++at_;
      return;
    }
    const int unit = unicode_escape();
    if (is_low_surrogate(unit)) fail_syntax();
    if (!is_high_surrogate(unit)) return;
    expect("\\");
    if (peek() != 'u' || !is_low_surrogate(unicode_escape())) fail_syntax();
  }

  int unicode_escape() {
    const int unit = hex4(text_.substr(at_ + 1));
    if (unit < 0) fail_syntax();
    at_ += 5;
    return unit;
  }

  void digits() {
    if (!is_digit(peek())) fail_syntax();
    while (is_digit(peek())) ++at_;
  }

  void number() {
    const size_t start = at_;
    if (peek() == '-') ++at_;
    if (peek() == '0') {
      ++at_;
    } else {
      digits();
    }
    if (peek() == '.') {
      ++at_;
      digits();
    }
    if ((peek() | 32) == 'e') {
      ++at_;
      if (peek() == '-' || peek() == '+') ++at_;
      digits();
    }
    if (std::isinf(to_double(checked_size(text_.substr(start, at_ - start)))))
      fail("a number is out of range");
  }

  const std::string_view text_;
  const std::string& what_;
  size_t at_ = 0;
  size_t value_count_ = 0;
};

Json parse_json(std::span<const std::byte> bytes, const std::string& what) {
  if (bytes.size() > kMaxJsonBytes) {
    throw_bad_model(what, {bytes.size(), " bytes exceed the limit of ", kMaxJsonBytes});
  }
  return JsonParser({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, what).parse();
}

double Json::number() const { return is_number() ? to_double(source_) : 0.0; }

std::string Json::text() const {
  return is_string() ? unescaped(source_.substr(1, source_.size() - 2)) : std::string();
}

std::optional<int64_t> Json::integer() const {
  if (!is_number()) return std::nullopt;
  int64_t whole = 0;
  const auto [end, error] = std::from_chars(source_.data(), source_.data() + source_.size(), whole);
  if (error != std::errc()) return std::nullopt;
  if (end == source_.data() + source_.size()) return whole;
  constexpr double kExact = 9007199254740992.0;  // 2^53
  const double number = to_double(source_);
  if (!(std::fabs(number) <= kExact) || number != std::trunc(number)) return std::nullopt;
  return static_cast<int64_t>(number);
}

std::string Json::key() const { return unescaped(key_); }

const Json* Json::find(std::string_view key) const {
  if (!is_object()) return nullptr;
  for (size_t i = items_.size(); i-- > 0;) {
    const std::string_view written = items_[i].key_;
    if (written == key) return &items_[i];
    // An escaped byte (\uXXXX) takes at most six bytes.
    const bool may_match =
        written.size() <= 6 * key.size() && written.find('\\') != std::string_view::npos;
    if (may_match && items_[i].key() == key) return &items_[i];
  }
  return nullptr;
}

}  // namespace teachable
