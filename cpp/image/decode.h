// Encoded pictures to pixels. The only user of stb_image.
#pragma once

#include <cstdint>
#include <span>

#include "image/image.h"

namespace teachable {

/// Decodes one JPEG, PNG or BMP file. Grey and palette pictures become RGBA, missing alpha becomes 255; 16-bit PNG is reduced to 8.
/// A JPEG's EXIF orientation is applied, so the result is upright.
/// Throws Error{BadImage} when the bytes are empty, of another format, damaged, or when a side is 0 or exceeds kMaxSide
/// or the picture exceeds kMaxDecodedPixels (checked from the header, before anything is allocated).
Image decode_image(std::span<const uint8_t> bytes);

/// 100 megapixels: 400 MB of RGBA, what a 32-bit module can hold.
inline constexpr int64_t kMaxDecodedPixels = 100'000'000;

}  // namespace teachable
