// The converter's border to JavaScript: plain functions and one block of memory, so that the module is a single file without glue.
// web/src/tfjs-converter.ts is the other half.
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <vector>

#include "border/failure.h"
#include "converter/convert.h"

namespace teachable {
namespace {

std::vector<std::byte> model_json;
std::vector<std::byte> weights;
Conversion conversion;
Failure failure;

/// What JavaScript reads as five 32-bit words. All that it points to lives until the next call.
struct Answer {
  uint32_t is_converted;   ///< 1, or 0 for a failure
  const char* kind;        ///< the format that it was, or the error's code
  size_t kind_size;
  const void* bytes;       ///< the .tflite file, or the error's sentence
  size_t byte_count;
};
Answer answer;

/// nullptr when memory doesn't suffice.
std::byte* lend(std::vector<std::byte>& buffer, size_t byte_count) {
  try {
    buffer.resize(byte_count);
    return buffer.data();
  } catch (const std::exception&) {
    return nullptr;
  }
}

std::string kind;

}  // namespace
}  // namespace teachable

extern "C" {

/// Memory for a model.json, to be filled before convert(); 0 when there isn't so much.
[[clang::export_name("modelBuffer")]] std::byte* model_buffer(size_t byte_count) {
  return teachable::lend(teachable::model_json, byte_count);
}

/// The same for its weights.
[[clang::export_name("weightsBuffer")]] std::byte* weights_buffer(size_t byte_count) {
  return teachable::lend(teachable::weights, byte_count);
}

[[clang::export_name("convert")]] const void* convert() {
  using namespace teachable;
  try {
    conversion = convert_tfjs(model_json, weights);
    kind = to_string(conversion.format);
    answer = {1, kind.data(), kind.size(), conversion.file.bytes.data(), conversion.file.bytes.size()};
  } catch (...) {
    failure = current_failure();
    answer = {0, failure.code.data(), failure.code.size(), failure.message.data(), failure.message.size()};
  }
  return &answer;
}

}  // extern "C"
