// The converter's border to JavaScript. web/src/worker/tfjs-converter.ts is the other half.
#include <cstddef>
#include <vector>

#include "border/answer.h"
#include "converter/convert.h"

namespace teachable {
namespace {

std::vector<std::byte> model_json;
std::vector<std::byte> weights;
Conversion conversion;

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

/// An Answer: the format that it was, and the .tflite file.
[[clang::export_name("convert")]] const void* convert() {
  using namespace teachable;
  return answer_by([] {
    conversion = convert_tfjs(model_json, weights);
    return success(to_string(conversion.format), conversion.file.bytes.data(),
                   conversion.file.bytes.size());
  });
}

}  // extern "C"
