// How a module without glue, a single .wasm file, talks to JavaScript: memory that it lends, and
// answers that it leaves there. web/src/worker/bare-module.ts is the other half.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <string_view>
#include <vector>

#include "border/failure.h"

namespace teachable {

/// What JavaScript reads as five 32-bit words. All that it points to lives until the module's next
/// call.
struct Answer {
  uint32_t succeeded = 0;      ///< 1, or 0 for a failure
  const char* word = nullptr;  ///< what the module says of the result, or the error's code
  size_t word_size = 0;
  const void* bytes = nullptr;  ///< the result, or the error's sentence
  size_t byte_count = 0;
};

inline Answer success(std::string_view word, const void* bytes, size_t byte_count) {
  return {1, word.data(), word.size(), bytes, byte_count};
}

/// Runs `body`, which returns an Answer; whatever it throws becomes one too.
template <typename Body>
const Answer* answer_by(Body&& body) {
  static Failure failure;
  static Answer answer;
  try {
    answer = body();
  } catch (...) {
    failure = current_failure();
    answer = {0, failure.code.data(), failure.code.size(), failure.message.data(),
              failure.message.size()};
  }
  return &answer;
}

/// Memory of `buffer` for JavaScript to fill; nullptr when there isn't so much.
inline std::byte* lend(std::vector<std::byte>& buffer, size_t byte_count) {
  try {
    buffer.resize(byte_count);
    return buffer.data();
  } catch (const std::exception&) {
    return nullptr;
  }
}

}  // namespace teachable
