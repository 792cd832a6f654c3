// What a C++ exception is to JavaScript: all modules' borders catch everything and hand out this.
#pragma once

#include <string>

namespace teachable {

struct Failure {
  std::string code;     ///< of ErrorCode, in kebab-case ("bad-model")
  std::string message;  ///< one sentence
};

/// Of the exception that is being handled; for catch blocks only.
Failure current_failure();

}  // namespace teachable
