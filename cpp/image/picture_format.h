// Formats of picture files, and the errors about them.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/error.h"

namespace teachable {

enum class PictureFormat { Jpeg, Png, Bmp };

/// Returns "JPEG", "PNG" or "BMP".
std::string_view to_string(PictureFormat format);

/// Returns the format that the first bytes announce. Throws Error{BadImage} for any other.
PictureFormat detect_format(std::span<const uint8_t> bytes);

/// Error{BadImage} of a file that must not be tried with another decoder: it would cost too much
/// time or memory, or the caller refuses files without their end.
class RefusedPicture : public Error {
 public:
  explicit RefusedPicture(const Text& message) : Error(ErrorCode::BadImage, message) {}
};

/// Throws Error{BadImage}.
[[noreturn]] void throw_bad_image(const Text& message);

}  // namespace teachable
