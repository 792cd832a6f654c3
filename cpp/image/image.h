// RGBA pictures, borrowed and owned.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>

namespace teachable {

/// Borrowed picture of [height, width, 4] bytes: R, G, B, A in 0..255, sRGB, straight alpha, rows
/// from top to bottom without padding. Preprocess says what becomes of alpha.
struct RgbaView {
  std::span<const uint8_t> pixels;  ///< [height, width, 4]
  int width = 0;
  int height = 0;
};

/// Deleter for memory from std::malloc(). stb_image allocates so, and its pixels are not copied.
struct FreePixels {
  void operator()(uint8_t* pixels) const { std::free(pixels); }
};

/// Picture that owns its pixels, in the format of RgbaView. Move-only.
struct Image {
  std::unique_ptr<uint8_t[], FreePixels> pixels;  ///< [height, width, 4], from std::malloc
  int width = 0;
  int height = 0;

  /// Size of the pixels, in bytes.
  size_t byte_count() const { return static_cast<size_t>(width) * static_cast<size_t>(height) * 4; }
  /// View of the pixels; valid as long as this image.
  RgbaView view() const { return {{pixels.get(), byte_count()}, width, height}; }
};

/// Returns a picture with uninitialized pixels. Both sides must be 1..kMaxSide, in pixels. Throws
/// Error{OutOfMemory}.
Image make_image(int width, int height);

/// Maximum width and height of frames, pictures and network inputs, in pixels. 4 * kMaxSide^2 fits
/// 32-bit size arithmetic.
inline constexpr int kMaxSide = 16384;

}  // namespace teachable
