// Typed access to the settings in a JSON object, with readable errors.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/text.h"
#include "graph/graph.h"
#include "tfjs/json_value.h"

namespace teachable {

/// Returns the value of `key`; nullptr if it is absent or null, or if `object` isn't an object.
const Json* find(const Json& object, const char* key);

/// Returns 'name' in quotes, truncated to a length that suits a message.
std::string in_quotes(const std::string& name);

/// Settings of one JSON object. Each getter throws Error{BadModel}, which names `where` and the
/// key, if the value has another type or is out of range. A null value counts as absent.
class Config {
 public:
  /// Keeps a reference to `object`.
  Config(const Json& object, std::string where) : object_(object), where_(std::move(where)) {}

  const std::string& where() const { return where_; }
  const Json* find(const char* key) const { return teachable::find(object_, key); }

  /// Return the value of `key`, or `fallback` if it is absent.
  bool flag(const char* key, bool fallback) const;
  double number(const char* key, double fallback) const;
  std::string text(const char* key, const std::string& fallback) const;
  /// Returns an integer of at least 1 that is small enough for index arithmetic.
  uint32_t count(const char* key) const;
  /// Returns [height, width], or one number used for both. Limits are those of count().
  Extent2d extent(const char* key, std::optional<Extent2d> fallback) const;

  /// Throws Error{BadModel}: "`where`: `what`."
  [[noreturn]] void bad(const Text& what) const;
  /// Throws Error{UnsupportedOp}: "Unsupported `what` in `where`. Supported: `supported`."
  [[noreturn]] void unsupported(const Text& what, const char* supported) const;

 private:
  [[noreturn]] void bad_value(const char* key, const Text& expected) const;

  const Json& object_;
  std::string where_;
};

}  // namespace teachable
