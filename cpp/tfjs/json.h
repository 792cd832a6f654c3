// What a JSON object says, with errors that are sentences.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/text.h"
#include "graph/graph.h"
#include "tfjs/json_value.h"

namespace teachable {

/// The value of `key`; nullptr when it is absent or null, or when `object` isn't an object.
const Json* find(const Json& object, const char* key);

/// The integer that `value` is (1.0 counts), if it is one.
std::optional<int64_t> to_integer(const Json& value);

/// 'name', cut when it is too long for a message.
std::string in_quotes(const std::string& name);

/// Reads the settings of one object. Each throws Error{BadModel} that names `where` and the key
/// when a value has another type or range. Absent and null are the same.
class Config {
 public:
  /// Keeps a reference to `object`.
  Config(const Json& object, std::string where) : object_(object), where_(std::move(where)) {}

  const std::string& where() const { return where_; }
  const Json* find(const char* key) const { return teachable::find(object_, key); }

  bool flag(const char* key, bool fallback) const;
  double number(const char* key, double fallback) const;
  std::string text(const char* key, const std::string& fallback) const;
  /// At least 1 and small enough for index arithmetic.
  uint32_t count(const char* key) const;
  /// [height, width] or one number for both, each as count().
  Extent2d extent(const char* key, std::optional<Extent2d> fallback) const;

  [[noreturn]] void bad(const Text& what) const;
  [[noreturn]] void unsupported(const Text& what) const;

 private:
  [[noreturn]] void bad_value(const char* key, const Text& wanted) const;

  const Json& object_;
  std::string where_;
};

}  // namespace teachable
