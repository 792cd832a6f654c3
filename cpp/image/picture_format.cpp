#include "image/picture_format.h"

#include <algorithm>
#include <cstring>
#include <string>

namespace teachable {
namespace {

bool starts_with(std::span<const uint8_t> bytes, std::string_view magic) {
  return bytes.size() >= magic.size() && std::memcmp(bytes.data(), magic.data(), magic.size()) == 0;
}

}  // namespace

std::string_view to_string(PictureFormat format) {
  switch (format) {
    case PictureFormat::Jpeg:
      return "JPEG";
    case PictureFormat::Png:
      return "PNG";
    case PictureFormat::Bmp:
      return "BMP";
  }
  return "";
}

PictureFormat detect_format(std::span<const uint8_t> bytes) {
  if (bytes.empty()) throw_bad_image("The picture file has 0 bytes. Pass a JPEG, PNG or BMP file.");
  if (starts_with(bytes, "\xFF\xD8\xFF")) return PictureFormat::Jpeg;
  if (starts_with(bytes, "\x89PNG\r\n\x1A\n")) return PictureFormat::Png;
  if (starts_with(bytes, "BM")) return PictureFormat::Bmp;

  std::string first_bytes;
  for (uint8_t byte : bytes.first(std::min<size_t>(bytes.size(), 4))) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    first_bytes += {' ', kDigits[byte >> 4], kDigits[byte & 15]};
  }
  throw_bad_image({"The picture file begins with", first_bytes,
                   " (hex), which is not a JPEG, PNG or BMP file. Convert it to one of these."});
}

void throw_bad_image(const Text& message) { throw Error(ErrorCode::BadImage, message); }

}  // namespace teachable
