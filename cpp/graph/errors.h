// The two errors of model files, with messages of one form.
#pragma once

#include "core/text.h"

namespace teachable {

/// Throws Error{BadModel}: "`where`: `what`." The message begins with a capital
/// letter, except for the file name model.json.
[[noreturn]] void throw_bad_model(const Text& where, const Text& what);

/// Throws Error{UnsupportedOp}: "Unsupported `what` in `where`. Supported: `supported`."
[[noreturn]] void throw_unsupported(const Text& where, const Text& what, const Text& supported);

}  // namespace teachable
