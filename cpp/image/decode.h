// Encoded pictures to pixels. The only user of stb_image.
#pragma once

#include <cstdint>
#include <span>

#include "image/image.h"

namespace teachable {

/// Decodes one JPEG, PNG or BMP file. Grey and palette pictures become RGBA, missing alpha becomes
/// 255; 16-bit PNG is reduced to 8. A JPEG's EXIF orientation is applied, so the result is upright.
/// Colour profiles are not applied: the numbers in the file are the numbers in the picture.
///
/// Throws Error{BadImage} when the bytes are empty, of another format, damaged, or when a side is 0
/// or exceeds kMaxSide or the picture exceeds kMaxDecodedPixels (checked from the header, before
/// anything is allocated). Throws Error{OutOfMemory} when memory doesn't hold the picture.
///
/// Not everything counts as damage. A JPEG or BMP file that ends or breaks off behind its header is
/// a picture whose rest has one plain colour, as in browsers; a wrong checksum in a PNG file is not
/// noticed. Not read (BadImage) are arithmetic-coded and 12-bit JPEG files and run-length-coded BMP
/// files. A 32-bit BMP file whose alpha is 0 everywhere is opaque.
Image decode_image(std::span<const uint8_t> bytes);

/// 100 megapixels: 400 MB of RGBA, what a 32-bit module can hold.
inline constexpr int64_t kMaxDecodedPixels = 100'000'000;

}  // namespace teachable
