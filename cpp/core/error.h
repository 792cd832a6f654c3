// The only error type of the library. Bad input always throws an Error; it never aborts the program
// and never prints.
#pragma once

#include <stdexcept>
#include <string_view>

#include "core/text.h"

namespace teachable {

/// Category of an error, for callers that handle errors by kind. to_string() returns the name that
/// JavaScript sees.
enum class ErrorCode {
  BadModel,       ///< the model file is damaged, truncated or inconsistent
  UnsupportedOp,  ///< the model is valid, but contains an operator or type that is not supported
  BadImage,       ///< a frame or picture file has an invalid size or format, or is damaged
  BadArgument,    ///< an argument is outside its documented range
  BadDataset,     ///< a data set is damaged, or belongs to another model or dimension
  OutOfMemory,    ///< there is not enough memory for the request
  Internal,       ///< a bug in this library or in XNNPACK; please report it
};

/// Returns the name of the code in JavaScript, in kebab-case, such as "bad-model".
std::string_view to_string(ErrorCode code);

/// Exception with a code and a message. The message says what is wrong, where, what was found, what
/// is supported and what to do, in one or two sentences.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const Text& message);

  ErrorCode code() const { return code_; }

 private:
  ErrorCode code_;
};

}  // namespace teachable
