// C++ exceptions as JavaScript sees them. No exception leaves a module: the exported functions
// catch all of them and return a Failure instead.
#pragma once

#include <string>
#include <string_view>

namespace teachable {

/// Code and message of an error.
struct Failure {
  std::string_view code;             ///< name of an ErrorCode, in kebab-case ("bad-model"); static
  std::string own_message;           ///< empty when there is a fixed message
  std::string_view fixed_message{};  ///< static; for errors that must not need memory

  /// One or two sentences; valid as long as this object.
  std::string_view message() const { return own_message.empty() ? fixed_message : own_message; }
};

/// Returns the failure for the exception that is being handled. Call it only in a catch block. When
/// there is no memory for its message, the result is a lack of memory.
Failure current_failure() noexcept;

}  // namespace teachable
