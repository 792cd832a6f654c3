// Decodes picture files to pixels. The only user of stb_image.
#pragma once

#include <cstdint>
#include <span>

#include "image/image.h"

namespace teachable {

/// Decodes a JPEG, PNG or BMP file to RGBA pixels. Grey and palette pictures become RGBA, missing
/// alpha becomes 255, and 16-bit PNG is reduced to 8 bits. The EXIF orientation of a JPEG file is
/// applied, so the result is upright. Colour profiles are not applied: pixel values are those in
/// the file.
///
/// Throws Error{BadImage} when the bytes are empty, of another format or damaged, when a side is 0
/// or exceeds kMaxSide, or when the picture exceeds kMaxDecodedPixels. The size is checked from the
/// header, before pixels are allocated. Throws Error{OutOfMemory} when there is not enough memory
/// for the picture.
///
/// Some damage is tolerated. When a JPEG or BMP file is truncated after its header, the missing
/// part of the picture is filled with one colour, as in browsers. Checksums of PNG files are not
/// checked. Arithmetic-coded and 12-bit JPEG files and run-length-encoded BMP files are not
/// supported (BadImage). A 32-bit BMP file whose alpha is 0 everywhere is treated as opaque.
Image decode_image(std::span<const uint8_t> bytes);

/// Maximum number of pixels of a decoded picture. 100 megapixels are 400 MB of RGBA, which a 32-bit
/// module can hold.
inline constexpr int64_t kMaxDecodedPixels = 100'000'000;

}  // namespace teachable
