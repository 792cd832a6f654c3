#include "model/json.h"

#include <cmath>
#include <string_view>

#include "core/error.h"

namespace teachable {
namespace {

/// Windows, strides and channel counts above this are damage.
constexpr int64_t kMaxCount = 1 << 20;
constexpr size_t kMaxNameInMessage = 80;

/// Counts levels and values without building anything; says nothing about whether the text is JSON.
void check_limits(std::string_view text, const std::string& what) {
  size_t depth = 0;
  size_t values = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      ++depth;
      ++values;
    } else if (c == ']' || c == '}') {
      if (depth > 0) --depth;
    } else if (c == ',') {
      ++values;
    }
    if (depth > kMaxJsonDepth) {
      throw Error(ErrorCode::BadModel, what + " is nested deeper than " +
                                           std::to_string(kMaxJsonDepth) + " levels at byte " +
                                           std::to_string(i));
    }
    if (values > kMaxJsonValues) {
      throw Error(ErrorCode::BadModel,
                  what + " has more than " + std::to_string(kMaxJsonValues) + " values");
    }
  }
}

std::optional<uint32_t> to_count(const Json& value) {
  const std::optional<int64_t> number = to_integer(value);
  if (!number || *number < 1 || *number > kMaxCount) return std::nullopt;
  return static_cast<uint32_t>(*number);
}

}  // namespace

Json parse_json(std::span<const std::byte> bytes, const std::string& what) {
  if (bytes.size() > kMaxJsonBytes) {
    throw Error(ErrorCode::BadModel, what + " has " + std::to_string(bytes.size()) +
                                         " bytes, at most " + std::to_string(kMaxJsonBytes) +
                                         " are read");
  }
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  check_limits(text, what);
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    // The library's own text would quote the damaged bytes.
    throw Error(ErrorCode::BadModel, what + " isn't JSON: damaged or cut off at byte " +
                                         std::to_string(error.byte) + " of " +
                                         std::to_string(bytes.size()));
  } catch (const Json::exception&) {
    throw Error(ErrorCode::BadModel, what + " holds a number that is out of range");
  }
}

const Json* find(const Json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

std::optional<int64_t> to_integer(const Json& value) {
  constexpr double kExact = 9007199254740992.0;  // 2^53
  if (value.is_number_unsigned()) {
    const uint64_t number = value.get<uint64_t>();
    if (number > uint64_t{INT64_MAX}) return std::nullopt;
    return static_cast<int64_t>(number);
  }
  if (value.is_number_integer()) return value.get<int64_t>();
  if (!value.is_number_float()) return std::nullopt;
  const double number = value.get<double>();
  if (!(std::fabs(number) <= kExact) || number != std::trunc(number)) return std::nullopt;
  return static_cast<int64_t>(number);
}

std::string in_quotes(const std::string& name) {
  if (name.size() <= kMaxNameInMessage) return "'" + name + "'";
  return "'" + name.substr(0, kMaxNameInMessage) + "...'";
}

bool Config::flag(const char* key, bool fallback) const {
  const Json* value = find(key);
  if (value == nullptr) return fallback;
  if (!value->is_boolean()) bad_value(key, "true or false");
  return value->get<bool>();
}

double Config::number(const char* key, double fallback) const {
  const Json* value = find(key);
  if (value == nullptr) return fallback;
  if (!value->is_number()) bad_value(key, "a number");
  return value->get<double>();
}

std::string Config::text(const char* key, const std::string& fallback) const {
  const Json* value = find(key);
  if (value == nullptr) return fallback;
  if (!value->is_string()) bad_value(key, "a string");
  return value->get<std::string>();
}

uint32_t Config::count(const char* key) const {
  const Json* value = find(key);
  const std::optional<uint32_t> number = value ? to_count(*value) : std::nullopt;
  if (!number) bad_value(key, "a number from 1 to " + std::to_string(kMaxCount));
  return *number;
}

Extent2d Config::extent(const char* key, std::optional<Extent2d> fallback) const {
  const Json* value = find(key);
  if (value == nullptr && fallback) return *fallback;
  std::optional<uint32_t> height;
  std::optional<uint32_t> width;
  if (value != nullptr && value->is_number()) {
    height = width = to_count(*value);
  } else if (value != nullptr && value->is_array() && value->size() == 2) {
    height = to_count((*value)[0]);
    width = to_count((*value)[1]);
  }
  if (!height || !width) bad_value(key, "[height, width], each 1 or more");
  return {*height, *width};
}

void Config::bad(const std::string& what) const {
  throw Error(ErrorCode::BadModel, where_ + ": " + what);
}

void Config::unsupported(const std::string& what) const {
  throw Error(ErrorCode::UnsupportedOp, where_ + ": " + what);
}

void Config::bad_value(const char* key, const std::string& wanted) const {
  const Json* value = find(key);
  std::string got = "nothing";
  if (value != nullptr) {
    // Replacing what isn't UTF-8 keeps dump() from throwing.
    got = in_quotes(value->dump(-1, ' ', false, Json::error_handler_t::replace));
  }
  bad(std::string("its ") + key + " is " + got + ", wanted " + wanted);
}

}  // namespace teachable
