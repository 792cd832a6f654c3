// Sentences of strings and numbers, put together only when somebody wants them. A chain of
// std::string's + and to_string() is ten times the code where it stands, with a way out for each of
// its parts when the next one throws; most of a program's sentences are those of its errors.
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

/// A part of a sentence. Strings, shapes and texts are borrowed.
class TextPiece {
 public:
  TextPiece(const char* text) : c_string_(text), kind_(Kind::CString) {}
  TextPiece(std::string_view text) : view_{text.data(), text.size()}, kind_(Kind::View) {}
  TextPiece(const std::string& text) : string_(&text), kind_(Kind::String) {}
  TextPiece(const Shape& shape) : shape_(&shape), kind_(Kind::Shape) {}
  TextPiece(const Text& text) : text_(&text), kind_(Kind::Text) {}
  TextPiece(double number) : real_(number), kind_(Kind::Real) {}
  template <std::signed_integral T>
  TextPiece(T number) : signed_(number), kind_(Kind::Signed) {}
  template <std::unsigned_integral T>
  TextPiece(T number) : unsigned_(number), kind_(Kind::Unsigned) {}

  void append_to(std::string& sentence) const;

 private:
  enum class Kind : uint8_t { CString, View, String, Shape, Text, Real, Signed, Unsigned };

  struct View {
    const char* data;
    size_t size;
  };
  union {
    const char* c_string_;
    View view_;
    const std::string* string_;
    const Shape* shape_;
    const Text* text_;
    double real_;
    int64_t signed_;
    uint64_t unsigned_;
  };
  Kind kind_;
};

/// What a function that makes a sentence takes: fail("a word"), fail(a_string), fail({"a ", 3, " of
/// ", shape}). Borrows its parts, so it is for arguments only.
class Text {
 public:
  Text(std::initializer_list<TextPiece> pieces)
      : pieces_(pieces.begin()), count_(pieces.size()), only_(nullptr) {}
  Text(const char* text) : pieces_(&only_), count_(1), only_(text) {}
  Text(const std::string& text) : pieces_(&only_), count_(1), only_(text) {}
  Text(const Text&) = delete;
  Text& operator=(const Text&) = delete;

  void append_to(std::string& sentence) const;
  std::string to_string() const;

 private:
  const TextPiece* pieces_;
  size_t count_;
  TextPiece only_;
};

/// Whole numbers in full, others with six digits ("0.0078125", "-1.5e-07"), "nan", "inf", "-inf".
/// For std::to_string() a module would carry the whole of printf.
std::string to_text(double number);

}  // namespace teachable
