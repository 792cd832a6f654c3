#include "core/error.h"

namespace teachable {

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::BadModel:
      return "bad-model";
    case ErrorCode::UnsupportedOp:
      return "unsupported-op";
    case ErrorCode::BadImage:
      return "bad-image";
    case ErrorCode::BadArgument:
      return "bad-argument";
    case ErrorCode::BadDataset:
      return "bad-dataset";
    case ErrorCode::OutOfMemory:
      return "out-of-memory";
    case ErrorCode::Internal:
      return "internal";
  }
  return "internal";
}

Error::Error(ErrorCode code, const Text& message)
    : std::runtime_error(message.to_string()), code_(code) {}

}  // namespace teachable
