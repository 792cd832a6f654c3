// The two errors of model files, with messages of one form; and warnings.
#pragma once

#include <string>

#include "core/text.h"
#include "graph/graph.h"

namespace teachable {

/// Throws Error{BadModel}: "`where`: `what`." The message begins with a capital letter, except for
/// the file name model.json.
[[noreturn]] void throw_bad_model(const char* where, const Text& what);
[[noreturn]] void throw_bad_model(const std::string& where, const Text& what);

/// Throws Error{UnsupportedOp}: "Unsupported `what` in `where`. Supported: `supported`."
[[noreturn]] void throw_unsupported(const std::string& where, const Text& what,
                                    const char* supported);

/// Adds a warning to the graph: a plain sentence for the user.
void warn(Graph& graph, const Text& sentence);

}  // namespace teachable
