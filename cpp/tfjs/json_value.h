// JSON (RFC 8259) from an untrusted file. Values are views of the text and are decoded on access.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace teachable {

/// Maximum size in bytes, nesting depth, and number of values. A MobileNet's topology has about
/// 0.2 MB, 12 levels and 10,000 values.
inline constexpr size_t kMaxJsonBytes = size_t{64} << 20;
inline constexpr size_t kMaxJsonDepth = 64;
inline constexpr size_t kMaxJsonValues = 500'000;
/// Maximum number of members of one object. find() is a linear search.
inline constexpr size_t kMaxJsonMembers = 1024;
/// Maximum size of one key, string or number in bytes. A layer that is called a thousand times
/// decodes each of them as often.
inline constexpr size_t kMaxJsonScalar = size_t{1} << 20;

/// A JSON value, including its elements or members. The text that it was read from must outlive it.
class Json {
 public:
  /// Returns an object without members.
  static Json object() { return Json(Kind::Object); }

  bool is_null() const { return kind_ == Kind::Null; }
  bool is_boolean() const { return kind_ == Kind::Boolean; }
  bool is_number() const { return kind_ == Kind::Number; }
  bool is_string() const { return kind_ == Kind::String; }
  bool is_array() const { return kind_ == Kind::Array; }
  bool is_object() const { return kind_ == Kind::Object; }

  /// Returns the value as bool, double, float or std::string; false, 0 or "" if the value has
  /// another type. Numbers of up to 15 digits and exponents of up to 22 are rounded to the nearest
  /// double, others to within a few units in the last place.
  template <typename T>
  T get() const {
    if constexpr (std::is_same_v<T, bool>) {
      return source_ == "true";
    } else if constexpr (std::is_same_v<T, std::string>) {
      return text();
    } else {
      return static_cast<T>(number());
    }
  }

  /// Returns the value as an integer, or nullopt if it isn't one. Numbers with a decimal point or
  /// an exponent (1.0, 1e3) are accepted up to 2^53, others in the whole range of int64_t.
  std::optional<int64_t> integer() const;

  /// Elements of an array, or values of an object, in the order of the file. Other values have
  /// none.
  size_t size() const { return items_.size(); }
  bool empty() const { return items_.empty(); }
  const Json& operator[](size_t index) const { return items_[index]; }
  auto begin() const { return items_.begin(); }
  auto end() const { return items_.end(); }

  /// Returns the key of a value that is a member of an object.
  std::string key() const;
  /// Returns the value of `key` (the last one of equal keys); nullptr if there is none, or if this
  /// isn't an object.
  const Json* find(std::string_view key) const;

  /// Returns the value's text in the file.
  std::string_view source() const { return source_; }

 private:
  friend class JsonParser;
  enum class Kind : uint8_t { Null, Boolean, Number, String, Array, Object };

  explicit Json(Kind kind) : kind_(kind) {}

  double number() const;
  std::string text() const;

  std::string_view source_;
  std::string_view key_;  // with escapes, without quotes
  std::vector<Json> items_;
  Kind kind_;
};

/// Parses a JSON text, which must outlive the result. `what` is its name in messages
/// ("model.json"). Throws Error{BadModel} or std::bad_alloc.
Json parse_json(std::span<const std::byte> text, const std::string& what);

}  // namespace teachable
