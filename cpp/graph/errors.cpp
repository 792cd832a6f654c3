#include "graph/errors.h"

#include <string>

#include "core/error.h"

namespace teachable {

void throw_bad_model(const Text& where, const Text& what) {
  std::string message = Text({where, ": ", what, "."}).to_string();
  // A file name stays as it is.
  const bool is_word = message[0] >= 'a' && message[0] <= 'z' && !message.starts_with("model.json");
  if (is_word) message[0] = static_cast<char>(message[0] - 'a' + 'A');
  throw Error(ErrorCode::BadModel, message);
}

void throw_unsupported(const Text& where, const Text& what, const Text& supported) {
  throw Error(ErrorCode::UnsupportedOp,
              {"Unsupported ", what, " in ", where, ". Supported: ", supported, "."});
}

}  // namespace teachable
