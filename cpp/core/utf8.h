// Checks of UTF-8, the encoding of all texts that JavaScript sees.
#pragma once

#include <cstddef>
#include <string_view>

namespace teachable {

/// Returns the size of the first UTF-8 character of `text` in bytes, or 0 if it isn't valid UTF-8.
/// `text` must not be empty.
size_t utf8_length(std::string_view text);

/// Returns true when the whole text is valid UTF-8. Surrogates and overlong forms are not.
bool is_utf8(std::string_view text);

}  // namespace teachable
