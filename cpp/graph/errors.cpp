#include "graph/errors.h"

#include "core/error.h"

namespace teachable {

void throw_bad_model(const char* where, const Text& what) {
  std::string message = Text({where, ": ", what, "."}).to_string();
  // A file name stays as it is.
  const bool is_word = message[0] >= 'a' && message[0] <= 'z' && !message.starts_with("model.json");
  if (is_word) message[0] = static_cast<char>(message[0] - 'a' + 'A');
  throw Error(ErrorCode::BadModel, message);
}

void throw_bad_model(const std::string& where, const Text& what) {
  throw_bad_model(where.c_str(), what);
}

void throw_unsupported(const std::string& where, const Text& what, const char* supported) {
  throw Error(ErrorCode::UnsupportedOp,
              {"Unsupported ", what, " in ", where, ". Supported: ", supported, "."});
}

void warn(Graph& graph, const Text& sentence) { graph.warnings.push_back(sentence.to_string()); }

}  // namespace teachable
