// Messages composed of strings and numbers, concatenated only when the result is needed.
//
// Most messages of the library are errors. A chain of std::string additions and std::to_string()
// calls generates ten times the code at each of these places, because every temporary needs its own
// cleanup when a later part throws.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace teachable {

class Shape;
class Text;

/// One part of a message. Strings, shapes and texts are borrowed, not copied.
class TextPiece {
 public:
  TextPiece(const char* text) : value_{.c_string = text}, kind_(Kind::CString) {}
  TextPiece(std::string_view text) : value_{.view = text}, kind_(Kind::View) {}
  TextPiece(const std::string& text) : value_{.string = &text}, kind_(Kind::String) {}
  TextPiece(const Shape& shape) : value_{.shape = &shape}, kind_(Kind::Shape) {}
  TextPiece(const Text& text) : value_{.text = &text}, kind_(Kind::Text) {}
  TextPiece(double number) : value_{.real = number}, kind_(Kind::Real) {}
  template <std::signed_integral T>
  TextPiece(T number) : value_{.signed_integer = number}, kind_(Kind::Signed) {}
  template <std::unsigned_integral T>
  TextPiece(T number) : value_{.unsigned_integer = number}, kind_(Kind::Unsigned) {}

  void append_to(std::string& text) const;

 private:
  enum class Kind : uint8_t { CString, View, String, Shape, Text, Real, Signed, Unsigned };

  union {
    const char* c_string;
    std::string_view view;
    const std::string* string;
    const Shape* shape;
    const Text* text;
    double real;
    int64_t signed_integer;
    uint64_t unsigned_integer;
  } value_;
  Kind kind_;
};

/// Message parameter of a function: fail("text"), fail(string) or fail({"a ", 3, " of ", shape}).
/// Borrows its parts, so use it for parameters only, never for variables or members.
class Text {
 public:
  Text(std::initializer_list<TextPiece> pieces)
      : pieces_(pieces.begin()), count_(pieces.size()), only_(nullptr) {}
  Text(const char* text) : pieces_(&only_), count_(1), only_(text) {}
  Text(const std::string& text) : pieces_(&only_), count_(1), only_(text) {}
  Text(const Text&) = delete;
  Text& operator=(const Text&) = delete;
  ~Text() = default;

  void append_to(std::string& text) const;
  std::string to_string() const;

 private:
  const TextPiece* pieces_;
  size_t count_;
  TextPiece only_;
};

/// Returns a number as text. Integers up to 2^53 are written in full, other numbers with six
/// significant digits: "0.0078125", "-1.5e-07", "nan", "inf", "-inf". std::to_string(double) would
/// link all of printf into the module.
std::string to_text(double number);

}  // namespace teachable
