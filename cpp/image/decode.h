// Decodes picture files to pixels. The only user of stb_image.
#pragma once

#include <cstdint>
#include <span>

#include "image/image.h"
#include "image/picture_cost.h"
#include "image/picture_format.h"

namespace teachable {

/// Treatment of a file whose end is missing.
enum class Truncated {
  Fill,    ///< make the missing part of a JPEG picture grey and that of a BMP picture black. What
           ///< of a progressive JPEG file has arrived is shown, with fewer details
  Refuse,  ///< throw RefusedPicture
};

/// Decodes a JPEG, PNG or BMP file to RGBA pixels. Grey and palette pictures become RGBA, missing
/// alpha becomes 255, and 16-bit PNG is reduced to 8 bits. The EXIF orientation of a JPEG or PNG
/// file is applied, so the result is upright. Colour profiles are not applied: pixel values are
/// those in the file. The same bytes always give the same pixels.
///
/// Throws Error{BadImage} when the bytes are empty, of another format or damaged. Throws
/// RefusedPicture when the file exceeds a limit of check_cost() or when `truncated` demands it.
/// Limits are checked before pixels are allocated. Throws Error{OutOfMemory} when there is not
/// enough memory for the picture.
///
/// Some damage is tolerated. Checksums of PNG files are not checked, and missing entries of a
/// palette are black. Arithmetic-coded and 12-bit JPEG files and run-length-encoded BMP files are
/// not supported (BadImage). A 32-bit BMP file whose alpha is 0 everywhere is treated as opaque.
Image decode_image(std::span<const uint8_t> bytes, Truncated truncated = Truncated::Fill);

/// Returns PictureCost::sample_count of a file. Throws as decode_image() does for its header.
int64_t count_samples(std::span<const uint8_t> bytes);

}  // namespace teachable
