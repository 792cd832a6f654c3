// Pictures as the rest of the library sees them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>

namespace teachable {

/// A borrowed picture: [height, width, 4] bytes, R G B A, straight alpha, sRGB, 0-255, rows top to
/// bottom without gaps. The network looks at R, G and B only: alpha is dropped, not composited (as
/// TensorFlow.js does).
struct RgbaView {
  std::span<const uint8_t> pixels;  ///< width * height * 4 bytes
  int width = 0;
  int height = 0;
};

/// Frees what std::malloc gave: the decoder is C, and its pixels are taken over, not copied.
struct FreePixels {
  void operator()(uint8_t* pixels) const { std::free(pixels); }
};

/// A picture that owns its pixels. Move-only.
struct Image {
  std::unique_ptr<uint8_t[], FreePixels> pixels;  ///< [height, width, 4], from std::malloc
  int width = 0;
  int height = 0;

  size_t byte_count() const { return static_cast<size_t>(width) * static_cast<size_t>(height) * 4; }
  /// Lends the pixels; dies with this image.
  RgbaView view() const { return {{pixels.get(), byte_count()}, width, height}; }
};

/// A picture whose pixels aren't set yet; both sides 1..kMaxSide. Throws Error{OutOfMemory}.
Image make_image(int width, int height);

/// The longest side that is accepted, in pixels. 4 * kMaxSide^2 stays inside 32-bit size
/// arithmetic.
inline constexpr int kMaxSide = 16384;

}  // namespace teachable
