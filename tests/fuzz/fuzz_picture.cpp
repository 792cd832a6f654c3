// Fuzzer of the picture decoder. Under MemorySanitizer it also proves that every pixel was written.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>

#include "core/error.h"
#include "image/decode.h"

#if defined(__has_feature)
#if __has_feature(memory_sanitizer)
#include <sanitizer/msan_interface.h>
#define CHECK_WRITTEN(from, size) __msan_check_mem_is_initialized(from, size)
#endif
#endif
#ifndef CHECK_WRITTEN
#define CHECK_WRITTEN(from, size)
#endif

namespace {

using namespace teachable;

void expect(bool condition) {
  if (!condition) std::abort();
}

void expect_image_code(const Error& error) {
  expect(error.code() == ErrorCode::BadImage || error.code() == ErrorCode::OutOfMemory);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const uint8_t> file(data, size);
  try {
    // Large pictures take long and reach no other code.
    constexpr int64_t kMaxSamples = 4'000'000;
    if (count_samples(file) > kMaxSamples) return 0;
    const Image image = decode_image(file);
    expect(image.width >= 1 && image.height >= 1);
    CHECK_WRITTEN(image.pixels.get(), image.byte_count());
    const auto expect_same = [&](const Image& other) {
      expect(other.width == image.width && other.height == image.height &&
             std::memcmp(other.pixels.get(), image.pixels.get(), image.byte_count()) == 0);
    };
    expect_same(decode_image(file));
    try {
      expect_same(decode_image(file, Truncated::Refuse));
    } catch (const RefusedPicture&) {
      // The file is truncated. Any other error ends the fuzzer.
    }
  } catch (const Error& error) {
    expect_image_code(error);
  }
  return 0;
}
