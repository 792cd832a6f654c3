#include "image/exif.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <optional>

namespace teachable {
namespace {

constexpr uint8_t kMarkerPrefix = 0xFF;
constexpr uint8_t kStartOfImage = 0xD8;
constexpr uint8_t kEndOfImage = 0xD9;
constexpr uint8_t kStartOfScan = 0xDA;
constexpr uint8_t kApp1 = 0xE1;
constexpr std::array<uint8_t, 6> kExifHeader = {'E', 'x', 'i', 'f', 0, 0};

constexpr uint16_t kOrientationTag = 0x0112;
constexpr uint16_t kTypeShort = 3;
constexpr size_t kEntrySize = 12;

/// Bounds-checked reader of integers in either byte order. Offsets come from the file, so any value
/// is possible; reads outside the bytes return nullopt.
class TiffReader {
 public:
  TiffReader(std::span<const uint8_t> bytes, bool big_endian)
      : bytes_(bytes), big_endian_(big_endian) {}

  std::optional<uint16_t> read_u16(size_t at) const {
    if (at > bytes_.size() || bytes_.size() - at < 2) return std::nullopt;
    const unsigned a = bytes_[at], b = bytes_[at + 1];
    return static_cast<uint16_t>(big_endian_ ? a << 8 | b : b << 8 | a);
  }

  std::optional<uint32_t> read_u32(size_t at) const {
    const std::optional<uint16_t> first = read_u16(at);
    // `at + 2` cannot overflow: the first half was inside the bytes.
    const std::optional<uint16_t> second = first ? read_u16(at + 2) : std::nullopt;
    if (!second) return std::nullopt;
    const uint32_t a = *first, b = *second;
    return big_endian_ ? a << 16 | b : b << 16 | a;
  }

 private:
  std::span<const uint8_t> bytes_;
  bool big_endian_;
};

std::optional<Orientation> read_tiff_orientation(std::span<const uint8_t> tiff) {
  if (tiff.size() < 8) return std::nullopt;
  const bool big_endian = tiff[0] == 'M' && tiff[1] == 'M';
  if (!big_endian && !(tiff[0] == 'I' && tiff[1] == 'I')) return std::nullopt;

  const TiffReader reader(tiff, big_endian);
  if (reader.read_u16(2) != 42) return std::nullopt;
  const std::optional<uint32_t> directory_offset = reader.read_u32(4);
  if (!directory_offset) return std::nullopt;
  const size_t directory = *directory_offset;
  const std::optional<uint16_t> entry_count = reader.read_u16(directory);
  if (!entry_count) return std::nullopt;

  for (size_t i = 0; i < *entry_count; ++i) {
    const size_t entry = directory + 2 + i * kEntrySize;
    const std::optional<uint16_t> tag = reader.read_u16(entry);
    if (!tag) return std::nullopt;
    if (*tag != kOrientationTag) continue;
    const std::optional<uint16_t> value = reader.read_u16(entry + 8);
    if (reader.read_u16(entry + 2) != kTypeShort || reader.read_u32(entry + 4) != 1u || !value ||
        *value < 1 || *value > 8) {
      return std::nullopt;
    }
    return static_cast<Orientation>(*value);
  }
  return std::nullopt;
}

/// Finds the chunk eXIf.
Orientation read_png_orientation(std::span<const uint8_t> png) {
  constexpr size_t kSignature = 8, kChunkHead = 8, kChecksum = 4;
  std::span<const uint8_t> rest = png.subspan(kSignature);
  while (rest.size() >= kChunkHead) {
    const size_t length = size_t{rest[0]} << 24 | rest[1] << 16 | rest[2] << 8 | rest[3];
    if (length > rest.size() - kChunkHead) break;
    const std::span<const uint8_t> payload = rest.subspan(kChunkHead, length);
    if (std::memcmp(&rest[4], "eXIf", 4) == 0) {
      return read_tiff_orientation(payload).value_or(Orientation::TopLeft);
    }
    rest = rest.subspan(std::min(kChunkHead + length + kChecksum, rest.size()));
  }
  return Orientation::TopLeft;
}

Orientation read_jpeg_orientation(std::span<const uint8_t> jpeg) {
  if (jpeg.size() < 2 || jpeg[0] != kMarkerPrefix || jpeg[1] != kStartOfImage) {
    return Orientation::TopLeft;
  }
  std::span<const uint8_t> rest = jpeg.subspan(2);
  while (rest.size() >= 4 && rest[0] == kMarkerPrefix) {
    const uint8_t marker = rest[1];
    if (marker == kMarkerPrefix) {  // Any number of fill bytes (0xFF) may precede a marker.
      rest = rest.subspan(1);
      continue;
    }
    if (marker == kStartOfScan || marker == kEndOfImage) break;
    const size_t length = static_cast<size_t>(rest[2]) << 8 | rest[3];
    if (length < 2 || length > rest.size() - 2) break;
    const std::span<const uint8_t> payload = rest.subspan(4, length - 2);
    if (marker == kApp1 && payload.size() >= kExifHeader.size() &&
        std::equal(kExifHeader.begin(), kExifHeader.end(), payload.begin())) {
      return read_tiff_orientation(payload.subspan(kExifHeader.size()))
          .value_or(Orientation::TopLeft);
    }
    rest = rest.subspan(2 + length);
  }
  return Orientation::TopLeft;
}

}  // namespace

Orientation read_orientation(std::span<const uint8_t> file) {
  constexpr uint8_t kPng[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  if (file.size() >= sizeof kPng && std::equal(std::begin(kPng), std::end(kPng), file.begin())) {
    return read_png_orientation(file);
  }
  return read_jpeg_orientation(file);
}

Image to_upright(Image image, Orientation orientation) {
  if (orientation == Orientation::TopLeft) return image;

  const bool transposed = orientation >= Orientation::LeftTop;
  Image upright =
      transposed ? make_image(image.height, image.width) : make_image(image.width, image.height);

  // Offset of the upright picture's first pixel in the stored picture, and the step in the stored
  // picture from one column or row of the upright picture to the next.
  const bool from_right =
      orientation == Orientation::TopRight || orientation == Orientation::BottomRight ||
      orientation == Orientation::RightBottom || orientation == Orientation::LeftBottom;
  const bool from_bottom =
      orientation == Orientation::BottomRight || orientation == Orientation::BottomLeft ||
      orientation == Orientation::RightTop || orientation == Orientation::RightBottom;
  const ptrdiff_t along_row = from_right ? -1 : 1;
  const ptrdiff_t along_column = from_bottom ? -image.width : image.width;
  const ptrdiff_t first = (from_right ? image.width - 1 : 0) +
                          (from_bottom ? ptrdiff_t{image.width} * (image.height - 1) : 0);
  const ptrdiff_t x_step = transposed ? along_column : along_row;
  const ptrdiff_t y_step = transposed ? along_row : along_column;

  // A quarter turn reads columns. Copying in tiles uses each cache line completely before it is
  // evicted.
  constexpr int kTile = 32;
  for (int tile_y = 0; tile_y < upright.height; tile_y += kTile) {
    for (int tile_x = 0; tile_x < upright.width; tile_x += kTile) {
      const int end_y = std::min(tile_y + kTile, upright.height);
      const int end_x = std::min(tile_x + kTile, upright.width);
      for (int y = tile_y; y < end_y; ++y) {
        const ptrdiff_t to = ptrdiff_t{y} * upright.width;
        const ptrdiff_t from = first + y * y_step;
        for (int x = tile_x; x < end_x; ++x) {
          std::memcpy(&upright.pixels[static_cast<size_t>(to + x) * 4],
                      &image.pixels[static_cast<size_t>(from + x * x_step) * 4], 4);
        }
      }
    }
  }
  return upright;
}

}  // namespace teachable
