#include "tfjs/json.h"

#include "graph/errors.h"

namespace teachable {
namespace {

/// Maximum size of windows, strides and channel counts. Larger values come from damaged files.
constexpr int64_t kMaxCount = 1 << 20;
constexpr size_t kMaxNameInMessage = 80;

std::optional<uint32_t> to_count(const Json& value) {
  const std::optional<int64_t> number = value.integer();
  if (!number || *number < 1 || *number > kMaxCount) return std::nullopt;
  return static_cast<uint32_t>(*number);
}

}  // namespace

const Json* find(const Json& object, const char* key) {
  const Json* found = object.find(key);
  return found == nullptr || found->is_null() ? nullptr : found;
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
  if (!number) bad_value(key, {"an integer from 1 to ", kMaxCount});
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
  if (!height || !width) bad_value(key, "[height, width], each at least 1");
  return {*height, *width};
}

void Config::bad(const Text& what) const { throw_bad_model(where_, what); }

void Config::unsupported(const Text& what, const char* supported) const {
  throw_unsupported(where_, what, supported);
}

void Config::bad_value(const char* key, const Text& expected) const {
  const Json* value = find(key);
  std::string found = "nothing";
  if (value != nullptr) found = in_quotes(std::string(value->source()));
  bad({key, " is ", found, "; expected ", expected});
}

}  // namespace teachable
