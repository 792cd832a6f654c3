// C++ exceptions as JavaScript sees them. No exception leaves a module: the exported functions
// catch all of them and return a Failure instead.
#pragma once

#include <string>

namespace teachable {

/// Code and message of an error.
struct Failure {
  std::string code;     ///< name of an ErrorCode, in kebab-case ("bad-model")
  std::string message;  ///< one or two sentences
};

/// Returns the failure for the exception that is being handled. Call it only in a catch block.
Failure current_failure();

}  // namespace teachable
