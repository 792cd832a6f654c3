// Reads and applies the EXIF orientation of JPEG and PNG files. No other EXIF data is read.
#pragma once

#include <cstdint>
#include <span>

#include "image/image.h"

namespace teachable {

/// Value of the EXIF orientation tag: the sides of the upright picture at which the stored
/// picture's first row and first column belong.
enum class Orientation : uint8_t {
  TopLeft = 1,      ///< upright
  TopRight = 2,     ///< mirrored
  BottomRight = 3,  ///< rotated by 180 degrees
  BottomLeft = 4,   ///< mirrored and rotated by 180 degrees
  LeftTop = 5,      ///< transposed along the main diagonal
  RightTop = 6,     ///< upright after a quarter turn clockwise
  RightBottom = 7,  ///< transposed along the other diagonal
  LeftBottom = 8,   ///< upright after a quarter turn counter-clockwise
};

/// Returns the orientation in the first EXIF segment of a JPEG file, or in the first eXIf chunk of
/// a PNG file. Returns TopLeft when there is none or no orientation tag, or when either is damaged.
/// Never throws and never reads outside of `file`.
Orientation read_orientation(std::span<const uint8_t> file);

/// Returns the picture rotated and mirrored to be upright. Orientations 5 to 8 swap width and
/// height. Makes one copy, or none when the picture is already upright. Throws Error{OutOfMemory}.
Image to_upright(Image image, Orientation orientation);

}  // namespace teachable
