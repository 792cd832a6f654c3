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

// Compiles only the formats that decode_image() supports, private to this file.
#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_JPEG
#define STBI_ONLY_PNG
#define STBI_ONLY_BMP
#define STBI_NO_STDIO
#define STBI_NO_LINEAR
#define STBI_NO_HDR
#define STBI_FAILURE_USERMSG
// stb_image leaves the missing part of a truncated JPEG file as it was allocated. Zeroed memory
// ensures that no picture ever shows earlier contents of that memory.
#define STBI_MALLOC(size) std::calloc(1, size)
#define STBI_REALLOC(old, size) std::realloc(old, size)
#define STBI_FREE(old) std::free(old)
#if defined(__wasm_simd128__) && defined(__SSE2__)
// Emscripten implements SSE2 intrinsics with SIMD128, which makes JPEG decoding twice as fast.
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
  if (bytes.empty()) throw_bad_image("The picture file has 0 bytes. Pass a JPEG, PNG or BMP file.");
  if (starts_with(bytes, "\xFF\xD8\xFF")) return Format::Jpeg;
  if (starts_with(bytes, "\x89PNG\r\n\x1A\n")) return Format::Png;
  if (starts_with(bytes, "BM")) return Format::Bmp;

  std::string first_bytes;
  for (uint8_t byte : bytes.first(std::min<size_t>(bytes.size(), 4))) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    first_bytes += {' ', kDigits[byte >> 4], kDigits[byte & 15]};
  }
  throw_bad_image({"The picture file begins with", first_bytes,
                   " (hex), which is not a JPEG, PNG or BMP file. Convert it to one of these."});
}

struct Size {
  int64_t width, height;
};

/// Reads the size from the header only; allocates at most a few kilobytes.
Size read_size(std::span<const uint8_t> bytes, Format format) {
  int width = 0, height = 0, channels = 0;
  if (stbi_info_from_memory(bytes.data(), static_cast<int>(bytes.size()), &width, &height,
                            &channels) == 0) {
    throw_bad_image({"The header of the ", to_string(format),
                     " file is damaged or of an unsupported kind. Save the picture again as an "
                     "8-bit JPEG, a PNG "
                     "or an uncompressed BMP file."});
  }
  // A BMP file whose rows are stored from top to bottom has a negative height.
  return {width, std::abs(int64_t{height})};
}

void check_size(Size size, Format format) {
  const auto [width, height] = size;
  const bool good = width >= 1 && height >= 1 && width <= kMaxSide && height <= kMaxSide &&
                    width * height <= kMaxDecodedPixels;
  if (good) return;
  throw_bad_image({"The ", to_string(format), " file has ", width, "x", height,
                   " pixels. Each side must be 1 to ", kMaxSide,
                   " pixels, and the picture at most ", kMaxDecodedPixels,
                   " pixels in total. Resize the picture."});
}

Image decode_pixels(std::span<const uint8_t> bytes, Format format) {
  Image image;
  int channels_in_file = 0;
  image.pixels.reset(stbi_load_from_memory(bytes.data(), static_cast<int>(bytes.size()),
                                           &image.width, &image.height, &channels_in_file, 4));
  if (image.pixels != nullptr) return image;

  const char* reason = stbi_failure_reason();
  const bool out_of_memory = reason != nullptr && std::string_view(reason) == "Out of memory";
  throw Error(out_of_memory ? ErrorCode::OutOfMemory : ErrorCode::BadImage,
              {"The ", to_string(format),
               " file cannot be decoded: ", reason != nullptr ? reason : "unknown reason", "."});
}

}  // namespace

Image decode_image(std::span<const uint8_t> bytes) {
  const Format format = detect_format(bytes);
  if (bytes.size() > INT_MAX) {
    throw_bad_image(
        {"The picture file has ", bytes.size(), " bytes. Files must be smaller than 2 GB."});
  }
  const Size size = read_size(bytes, format);
  check_size(size, format);

  Image image = decode_pixels(bytes, format);
  if (image.width != size.width || image.height != size.height) {
    throw_bad_image(
        {"The ", to_string(format), " file is damaged: it declares two different sizes."});
  }
  if (format != Format::Jpeg) return image;
  return to_upright(std::move(image), read_orientation(bytes));
}

}  // namespace teachable
