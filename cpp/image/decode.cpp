#include "image/decode.h"

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "image/exif.h"

// Only what decode_image() promises is compiled, private to this file.
#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_JPEG
#define STBI_ONLY_PNG
#define STBI_ONLY_BMP
#define STBI_NO_STDIO
#define STBI_NO_LINEAR
#define STBI_NO_HDR
#define STBI_FAILURE_USERMSG
// A JPEG file that breaks off leaves the rest of stb_image's buffers as they were allocated:
// zeroed, so that no picture ever shows what lay in that memory before.
#define STBI_MALLOC(size) std::calloc(1, size)
#define STBI_REALLOC(old, size) std::realloc(old, size)
#define STBI_FREE(old) std::free(old)
#if defined(__wasm_simd128__) && defined(__SSE2__)
// Emscripten has SSE2's intrinsics in terms of SIMD128: JPEG files decode twice as fast.
#define STBI__X64_TARGET
#endif
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#include <stb_image.h>
#pragma GCC diagnostic pop

namespace teachable {
namespace {

enum class Format { Jpeg, Png, Bmp };

std::string_view to_string(Format format) {
  switch (format) {
    case Format::Jpeg:
      return "JPEG";
    case Format::Png:
      return "PNG";
    case Format::Bmp:
      return "BMP";
  }
  return "";
}

[[noreturn]] void throw_bad_image(const Text& message) {
  throw Error(ErrorCode::BadImage, message);
}

bool starts_with(std::span<const uint8_t> bytes, std::string_view magic) {
  return bytes.size() >= magic.size() && std::memcmp(bytes.data(), magic.data(), magic.size()) == 0;
}

Format detect_format(std::span<const uint8_t> bytes) {
  if (bytes.empty()) throw_bad_image("the picture file has 0 bytes");
  if (starts_with(bytes, "\xFF\xD8\xFF")) return Format::Jpeg;
  if (starts_with(bytes, "\x89PNG\r\n\x1A\n")) return Format::Png;
  if (starts_with(bytes, "BM")) return Format::Bmp;

  std::string first_bytes;
  for (uint8_t byte : bytes.first(std::min<size_t>(bytes.size(), 4))) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    first_bytes += {' ', kDigits[byte >> 4], kDigits[byte & 15]};
  }
  throw_bad_image({"the picture file begins with", first_bytes,
                   " (hex), which is not a JPEG, PNG or BMP file"});
}

struct Size {
  int64_t width, height;
};

/// Reads the header only; allocates a few kilobytes at most.
Size read_size(std::span<const uint8_t> bytes, Format format) {
  int width = 0, height = 0, channels = 0;
  if (stbi_info_from_memory(bytes.data(), static_cast<int>(bytes.size()), &width, &height,
                            &channels) == 0) {
    throw_bad_image(
        {"the ", to_string(format), " file's header is damaged or of a kind that isn't read"});
  }
  // A BMP file whose rows run from top to bottom says so by a negative height.
  return {width, std::abs(int64_t{height})};
}

void check_size(Size size, Format format) {
  const auto [width, height] = size;
  const bool good = width >= 1 && height >= 1 && width <= kMaxSide && height <= kMaxSide &&
                    width * height <= kMaxDecodedPixels;
  if (good) return;
  throw_bad_image({"the ", to_string(format), " file holds ", width, "x", height,
                   " pixels; sides of 1 to ", kMaxSide, " and at most ", kMaxDecodedPixels,
                   " pixels are read"});
}

Image decode_pixels(std::span<const uint8_t> bytes, Format format) {
  Image image;
  int channels_in_file = 0;
  image.pixels.reset(stbi_load_from_memory(bytes.data(), static_cast<int>(bytes.size()),
                                           &image.width, &image.height, &channels_in_file, 4));
  if (image.pixels != nullptr) return image;

  const char* reason = stbi_failure_reason();
  const std::string message = "the " + std::string(to_string(format)) + " file can't be decoded: " +
                              (reason != nullptr ? reason : "unknown reason");
  const bool out_of_memory = reason != nullptr && std::string_view(reason) == "Out of memory";
  throw Error(out_of_memory ? ErrorCode::OutOfMemory : ErrorCode::BadImage, message);
}

}  // namespace

Image decode_image(std::span<const uint8_t> bytes) {
  const Format format = detect_format(bytes);
  if (bytes.size() > INT_MAX) {
    throw_bad_image({"the picture file has ", bytes.size(), " bytes; fewer than 2 GB are read"});
  }
  const Size size = read_size(bytes, format);
  check_size(size, format);

  Image image = decode_pixels(bytes, format);
  if (image.width != size.width || image.height != size.height) {
    throw_bad_image({"the ", to_string(format), " file gives two different sizes"});
  }
  if (format != Format::Jpeg) return image;
  return to_upright(std::move(image), read_orientation(bytes));
}

}  // namespace teachable
