// The one thing that a picture's EXIF data is asked for: which way up it is.
#pragma once

#include <cstdint>
#include <span>

#include "image/image.h"

namespace teachable {

/// EXIF's orientation tag: where the stored picture's first row and first column belong.
enum class Orientation : uint8_t {
  TopLeft = 1,      ///< upright
  TopRight = 2,     ///< mirrored
  BottomRight = 3,  ///< turned by 180 degrees
  BottomLeft = 4,   ///< mirrored and turned by 180 degrees
  LeftTop = 5,      ///< transposed
  RightTop = 6,     ///< needs a quarter turn clockwise
  RightBottom = 7,  ///< transposed along the other diagonal
  LeftBottom = 8,   ///< needs a quarter turn counter-clockwise
};

/// The orientation that a JPEG file's first EXIF segment gives. Never throws and reads only inside
/// `bytes`: TopLeft when there is no EXIF segment, no such tag, or anything about them is damaged.
Orientation read_orientation(std::span<const uint8_t> jpeg);

/// The upright picture. One copy, unless it is upright already; quarter turns swap the sides.
/// Throws Error{OutOfMemory}.
Image to_upright(Image image, Orientation orientation);

}  // namespace teachable
