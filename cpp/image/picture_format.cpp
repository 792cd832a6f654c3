#include "image/picture_format.h"

#include <algorithm>
#include <cstring>
#include <string>

namespace teachable {
namespace {

bool starts_with(std::span<const uint8_t> bytes, std::string_view magic) {
  return bytes.size() >= magic.size() && std::memcmp(bytes.data(), magic.data(), magic.size()) == 0;
}

/// A format of pictures that is not decoded here.
struct OtherFormat {
  size_t offset;
  std::string_view magic;
  const char* name;
};

constexpr OtherFormat kOtherFormats[] = {
    {8, "WEBP", "WebP"},
    {0, "GIF8", "GIF"},
    {4, "ftypavi", "AVIF"},
    {4, "ftyphei", "HEIC"},
    {4, "ftyphev", "HEIC"},
    {4, "ftypmif1", "HEIF (HEIC or AVIF)"},
    {4, "ftypmsf1", "HEIF (HEIC or AVIF)"},
    {4, "ftypcrx", "Canon raw"},
    {4, "ftyp", "MP4 or QuickTime video"},
    {0, std::string_view("II*\0", 4), "TIFF or raw"},
    {0, std::string_view("MM\0*", 4), "TIFF or raw"},
    {0, "\xFF\x0A", "JPEG XL"},
    {4, "JXL ", "JPEG XL"},
    {4, "jP  ", "JPEG 2000"},
    {0, std::string_view("\0\0\1\0", 4), "ICO"},
    {0, "8BPS", "Photoshop"},
    {0, "%PDF", "PDF"},
    {0, "\x1A\x45\xDF\xA3", "WebM video"},
};

std::string_view trimmed(std::span<const uint8_t> bytes) {
  std::string_view text(reinterpret_cast<const char*>(bytes.data()),
                        std::min<size_t>(bytes.size(), 1024));
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  return text;
}

/// Returns the name of a format that is known but not decoded here; nullptr for none.
const char* other_format(std::span<const uint8_t> bytes) {
  for (const OtherFormat& format : kOtherFormats) {
    if (bytes.size() >= format.offset && starts_with(bytes.subspan(format.offset), format.magic)) {
      return format.name;
    }
  }
  const std::string_view text = trimmed(bytes);
  if (!text.starts_with('<')) return nullptr;
  if (text.find("<svg") != std::string_view::npos) return "SVG";
  if (text.find("<html") != std::string_view::npos || text.starts_with("<!"))
    return "HTML, a web page";
  return nullptr;
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

  if (const char* name = other_format(bytes); name != nullptr) {
    throw_bad_image({"The format of the file is ", name,
                     ". Supported: JPEG, PNG and BMP. Convert it to one of these",
                     std::string_view(name) == "SVG"
                         ? ", or show it in an <img> element and pass the element."
                         : "."});
  }
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
