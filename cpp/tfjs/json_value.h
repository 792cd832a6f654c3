// JSON (RFC 8259) from a file that nobody vouches for, as views of its text: nothing is copied
// until it is asked for.
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

/// Text longer than this, nested deeper or with more values isn't read: a MobileNet's topology has
/// about 0.2 MB, 12 levels and 10,000 values.
inline constexpr size_t kMaxJsonBytes = size_t{64} << 20;
inline constexpr size_t kMaxJsonDepth = 64;
inline constexpr size_t kMaxJsonValues = 500'000;
/// Members of one object, which find() looks at one by one.
inline constexpr size_t kMaxJsonMembers = 1024;
/// Bytes of one name, text or number: a layer that is called a thousand times reads each as often.
inline constexpr size_t kMaxJsonScalar = size_t{1} << 20;

/// One value and all below it. Keeps views of the text that it was read from, which must outlive
/// it.
class Json {
 public:
  /// An object without members.
  static Json object() { return Json(Kind::Object); }

  bool is_null() const { return kind_ == Kind::Null; }
  bool is_boolean() const { return kind_ == Kind::Boolean; }
  bool is_number() const { return kind_ == Kind::Number; }
  bool is_string() const { return kind_ == Kind::String; }
  bool is_array() const { return kind_ == Kind::Array; }
  bool is_object() const { return kind_ == Kind::Object; }

  /// bool of a boolean, double or float of a number, std::string of a string; false, 0 and "" of
  /// the others. Numbers of up to 15 digits and with exponents of up to 22 are the nearest double,
  /// others within some units of its last place.
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

  /// The integer that a number is (1.0 counts), if it is one: written without point and exponent
  /// any of int64_t, else up to 2^53.
  std::optional<int64_t> integer() const;

  /// The values of an array or object in the file's order; nothing for the others.
  size_t size() const { return items_.size(); }
  bool empty() const { return items_.empty(); }
  const Json& operator[](size_t index) const { return items_[index]; }
  auto begin() const { return items_.begin(); }
  auto end() const { return items_.end(); }

  /// The name that an object's value has in it.
  std::string key() const;
  /// The value of `key`, of equal keys the last; nullptr when there is none, or this isn't an
  /// object.
  const Json* find(std::string_view key) const;

  /// As the file writes it.
  std::string_view source() const { return source_; }

 private:
  friend class JsonParser;
  enum class Kind : uint8_t { Null, Boolean, Number, String, Array, Object };

  explicit Json(Kind kind) : kind_(kind) {}

  double number() const;
  std::string text() const;

  std::string_view source_;
  std::string_view key_;  // with its escapes, without quotes
  std::vector<Json> items_;
  Kind kind_;
};

/// `what` names the text in messages ("model.json"). Throws Error{BadModel}; nothing else escapes
/// but bad_alloc. The text must outlive the result.
Json parse_json(std::span<const std::byte> text, const std::string& what);

}  // namespace teachable
