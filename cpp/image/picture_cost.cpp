#include "image/picture_cost.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "image/image.h"

namespace teachable {
namespace {

void check_size(PictureSize size, PictureFormat format) {
  const auto [width, height] = size;
  const bool good = width >= 1 && height >= 1 && width <= kMaxSide && height <= kMaxSide &&
                    width * height <= kMaxDecodedPixels;
  if (good) return;
  throw RefusedPicture({"The ", to_string(format), " file has ", width, "x", height,
                        " pixels. Each side must be 1 to ", kMaxSide,
                        " pixels, and the picture at most ", kMaxDecodedPixels,
                        " pixels in total. Resize the picture."});
}

/// Refuses a short file that declares a large picture, whose memory would be allocated for nothing.
/// `pixels_per_byte` is twice what the emptiest complete file of the format has, so half a file is
/// still decoded.
void check_length(size_t byte_count, PictureFormat format, PictureSize size,
                  int64_t pixels_per_byte) {
  constexpr int64_t kSmallPicture = 1'000'000;
  const int64_t pixels = size.width * size.height;
  if (pixels <= kSmallPicture || pixels / pixels_per_byte <= static_cast<int64_t>(byte_count)) {
    return;
  }
  throw RefusedPicture({"The ", to_string(format), " file is truncated: it has ", byte_count,
                        " bytes, which is too little for most of its ", size.width, "x",
                        size.height, " pixels. Copy or download the file again."});
}

/// Returns the number of components of all scans. A scan begins with FF DA, two bytes of length and
/// the number of its components. Other data may contain these bytes too (a thumbnail has scans of
/// its own), so this is an upper bound.
int64_t count_scanned_components(std::span<const uint8_t> jpeg) {
  constexpr uint8_t kMarkerPrefix = 0xFF, kStartOfScan = 0xDA;
  constexpr ptrdiff_t kScanHeader = 5;
  int64_t count = 0;
  const uint8_t* const end = jpeg.data() + jpeg.size();
  for (const uint8_t* at = jpeg.data(); end - at >= kScanHeader; ++at) {
    at = static_cast<const uint8_t*>(std::memchr(at, kMarkerPrefix, static_cast<size_t>(end - at)));
    if (at == nullptr || end - at < kScanHeader) break;
    if (at[1] == kStartOfScan) count += std::clamp<int>(at[4], 1, 4);
  }
  return count;
}

PictureCost check_jpeg(std::span<const uint8_t> bytes, PictureSize size) {
  // A complete file has at least one bit for each block of 8x8 pixels.
  check_length(bytes.size(), PictureFormat::Jpeg, size, 2 * 8 * 64);
  const int64_t component_count = count_scanned_components(bytes);
  // Each scan visits whole blocks, also of a picture of one pixel.
  const int64_t samples = (size.width + 31) * (size.height + 31) * component_count;
  if (samples > kMaxScannedSamples) {
    throw RefusedPicture({"The JPEG file has up to ", component_count, " passes over ", size.width,
                          "x", size.height, " pixels, which would take too long. At most ",
                          kMaxScannedSamples / (size.width * size.height),
                          " are supported for this size. Save it as a baseline JPEG file."});
  }
  return {.sample_count = samples};
}

PictureCost check_png(std::span<const uint8_t> bytes, PictureSize size) {
  constexpr size_t kFirstChunk = 12, kBitDepth = 24, kColorType = 25;
  if (bytes.size() <= kColorType || std::memcmp(&bytes[kFirstChunk], "IHDR", 4) != 0) {
    throw_bad_image(
        "The PNG file does not begin with the chunk IHDR. Apple's variant of PNG begins with CgBI "
        "and is not supported. Save the picture again as a PNG or JPEG file.");
  }
  constexpr int kSamples[] = {1, 1, 3, 1, 2, 1, 4, 1};
  const int64_t bits_per_pixel = int64_t{bytes[kBitDepth]} * kSamples[bytes[kColorType] & 7];
  const int64_t inflated = size.height * (1 + (size.width * bits_per_pixel + 7) / 8);
  // Deflate makes data at most 1032 times smaller.
  check_length(bytes.size(), PictureFormat::Png, size,
               std::max<int64_t>(1, 2 * 1032 * 8 / std::max<int64_t>(bits_per_pixel, 1)));
  // Buffers double when they are too small, as for interlaced pictures. Some encoders add zeros.
  constexpr size_t kSpare = size_t{64} << 10;
  return {.sample_count = size.width * size.height * std::max<int64_t>(4, bits_per_pixel / 8),
          .max_buffer = 2 * static_cast<size_t>(inflated + inflated / 8) + kSpare,
          // An encoder starts new tables for some kilobytes of compressed data. Blocks of a few
          // bits would take a thousand times longer than the data in them.
          .max_tables = 10'000 + bytes.size() / 16};
}

PictureCost check_bmp(std::span<const uint8_t> bytes, PictureSize size) {
  // A pixel has at least one bit.
  check_length(bytes.size(), PictureFormat::Bmp, size, 2 * 8);
  return {.sample_count = size.width * size.height * 4};
}

}  // namespace

PictureCost check_cost(std::span<const uint8_t> bytes, PictureFormat format, PictureSize size) {
  check_size(size, format);
  switch (format) {
    case PictureFormat::Jpeg:
      return check_jpeg(bytes, size);
    case PictureFormat::Png:
      return check_png(bytes, size);
    case PictureFormat::Bmp:
      return check_bmp(bytes, size);
  }
  return {};
}

}  // namespace teachable
