// Pictures as the rest of the library sees them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace teachable {

/// A borrowed picture: [height, width, 4] bytes, R G B A, straight alpha, sRGB, 0-255, rows top to bottom without
/// gaps. The network looks at R, G and B only: alpha is dropped, not composited (as TensorFlow.js does).
struct RgbaView {
  std::span<const uint8_t> pixels;  ///< width * height * 4 bytes
  int width = 0;
  int height = 0;
};

/// A picture that owns its pixels.
struct Image {
  std::vector<uint8_t> pixels;  ///< [height, width, 4]
  int width = 0;
  int height = 0;

  /// Lends the pixels; dies with this image.
  RgbaView view() const { return {pixels, width, height}; }
};

/// The longest side that is accepted, in pixels. 4 * kMaxSide^2 stays inside 32-bit size arithmetic.
inline constexpr int kMaxSide = 16384;

}  // namespace teachable
