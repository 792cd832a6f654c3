// Brings the pixels of a browser's video frame to the order that the rest of the code reads.
#pragma once

#include <cstdint>
#include <span>

namespace teachable {

/// Order of the four bytes of a pixel.
struct ByteOrder {
  bool blue_first = false;  ///< B, G, R instead of R, G, B
  bool has_alpha = true;    ///< false: the fourth byte means nothing
};

/// Converts [n, 4] bytes in place to R, G, B, A. Without alpha, pixels become opaque. Returns true
/// if all pixels are opaque.
bool to_rgba(std::span<uint8_t> pixels, ByteOrder order);

}  // namespace teachable
