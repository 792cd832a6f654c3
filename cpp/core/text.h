// Numbers in messages.
#pragma once

#include <string>

namespace teachable {

/// Whole numbers in full, others with six digits ("0.0078125", "-1.5e-07"), "nan", "inf", "-inf". For std::to_string()
/// a module would carry the whole of printf.
std::string to_text(double number);

}  // namespace teachable
