// Foreign-function interface of modules without JavaScript glue (a single .wasm file). JavaScript
// writes inputs into memory that lend() returns, and reads results from an Answer in memory.
// web/src/worker/bare-module.ts is the JavaScript side.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <string_view>
#include <vector>

#include "border/failure.h"

namespace teachable {

/// Result of a call, which JavaScript reads as five 32-bit integers. All pointers are valid until
/// the next call into the module.
struct Answer {
  uint32_t succeeded = 0;        ///< 1 for success, 0 for an error
  const char* detail = nullptr;  ///< success: a short text about the result; error: its code
  size_t detail_size = 0;        ///< length of `detail`, in bytes
  const void* bytes = nullptr;   ///< success: the result; error: its message
  size_t byte_count = 0;         ///< length of `bytes`
};

/// Returns the answer of a successful call. Borrows `detail` and `bytes`.
inline Answer success(std::string_view detail, const void* bytes, size_t byte_count) {
  return {1, detail.data(), detail.size(), bytes, byte_count};
}

/// Calls `body`, which returns an Answer, and converts any exception to an error Answer. The result
/// is valid until the next call.
template <typename Body>
const Answer* answer_by(Body&& body) {
  static Failure failure;
  static Answer answer;
  try {
    answer = body();
  } catch (...) {
    failure = current_failure();
    const std::string_view message = failure.message();
    answer = {0, failure.code.data(), failure.code.size(), message.data(), message.size()};
  }
  return &answer;
}

/// Resizes `buffer` to [byte_count] and returns its memory, for JavaScript to fill. Returns nullptr
/// when there is not enough memory.
inline std::byte* lend(std::vector<std::byte>& buffer, size_t byte_count) {
  try {
    buffer.resize(byte_count);
    return buffer.data();
  } catch (const std::exception&) {
    return nullptr;
  }
}

}  // namespace teachable
