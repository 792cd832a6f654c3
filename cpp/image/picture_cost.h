// Limits of the time and memory that a picture file may cost. They follow from its header, because
// a file of a few kilobytes can ask for hours and gigabytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "image/picture_format.h"

namespace teachable {

/// Size of a picture, in pixels.
struct PictureSize {
  int64_t width, height;
};

/// Limits of the work and memory that decoding a file may take. A decoder that needs more must
/// stop.
struct PictureCost {
  /// Number of values that decoding visits: pixels times components, once for each scan of a JPEG
  /// file that contains the component. Time is proportional to it.
  int64_t sample_count = 0;
  /// PNG: maximum size of a buffer for compressed or inflated data, in bytes.
  size_t max_buffer = SIZE_MAX;
  /// PNG: maximum number of tables of codes that the compressed data may define.
  size_t max_tables = SIZE_MAX;
};

/// Checks a file against the limits before anything is allocated. Throws RefusedPicture when a side
/// is 0 or exceeds kMaxSide, when the picture exceeds kMaxDecodedPixels, when a JPEG file exceeds
/// kMaxScannedSamples, or when the file is so short that most of the picture must be missing.
/// Throws Error{BadImage} for a PNG file without a header.
PictureCost check_cost(std::span<const uint8_t> bytes, PictureFormat format, PictureSize size);

/// Maximum number of pixels of a decoded picture, that of the largest photos of phones and more.
/// 128 megapixels are 512 MB of RGBA, which a 32-bit module can hold three times over.
inline constexpr int64_t kMaxDecodedPixels = 128'000'000;

/// Maximum number of values that the scans of a JPEG file may visit: at worst 20 ns for each. It
/// allows a progressive file of the largest size with the usual 10 scans, which visit 14 components
/// in total, and a thousand scans of a small picture.
inline constexpr int64_t kMaxScannedSamples = 2'000'000'000;

}  // namespace teachable
