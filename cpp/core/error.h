// The one error type of the library. Bad input is always an Error, never an abort and never a
// print.
#pragma once

#include <stdexcept>
#include <string_view>

#include "core/text.h"

namespace teachable {

/// What went wrong, as a caller would switch on it. to_string() gives the name that JavaScript
/// sees.
enum class ErrorCode {
  BadModel,       ///< the model file is damaged, truncated or contradicts itself
  UnsupportedOp,  ///< the model is sound but holds an operator or type that this library doesn't
                  ///< run
  BadImage,       ///< a frame or an encoded picture can't be used (size, format, damage)
  BadArgument,    ///< a caller's value is out of its documented range
  BadDataset,     ///< a data set can't be used here (damage, other model, other dimension)
  OutOfMemory,    ///< the module's memory doesn't hold what was asked for
  Internal,       ///< a bug in this library or in XNNPACK; please report it
};

/// The code's name on the JavaScript side, in kebab-case ("bad-model").
std::string_view to_string(ErrorCode code);

/// Carries a code and one sentence: what, where, got, wanted.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const Text& message);

  ErrorCode code() const { return code_; }

 private:
  ErrorCode code_;
};

}  // namespace teachable
