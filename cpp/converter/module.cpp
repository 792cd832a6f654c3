// Exports of the converter module. web/src/worker/tfjs-converter.ts calls them.
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

/// Returns memory for a model.json of `byte_count` bytes, to be filled before convert(); nullptr if
/// there isn't enough.
[[clang::export_name("modelBuffer")]] std::byte* model_buffer(size_t byte_count) {
  return teachable::lend(teachable::model_json, byte_count);
}

/// Returns memory for the weights in the same way.
[[clang::export_name("weightsBuffer")]] std::byte* weights_buffer(size_t byte_count) {
  return teachable::lend(teachable::weights, byte_count);
}

/// Converts the model and returns an Answer: the format of the model, and the .tflite file.
[[clang::export_name("convert")]] const void* convert() {
  using namespace teachable;
  return answer_by([] {
    conversion = convert_tfjs(model_json, weights);
    return success(to_string(conversion.format), conversion.file.bytes.data(),
                   conversion.file.bytes.size());
  });
}

}  // extern "C"
