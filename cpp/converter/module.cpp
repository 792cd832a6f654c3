// Exports of the converter module. web/src/worker/tfjs-converter.ts calls them.
#include <cstddef>
#include <string>
#include <vector>

#include "border/answer.h"
#include "converter/convert.h"

namespace teachable {
namespace {

std::vector<std::byte> model_json;
std::vector<std::byte> weights;
std::vector<std::byte> output;
Conversion conversion;
std::string description;

/// Returns the format, the index of the output in the file, and the names of the model's outputs,
/// one per line.
std::string describe(const Conversion& result) {
  std::string lines = std::string(to_string(result.format)) + "\n" + std::to_string(result.output);
  for (const std::string& name : result.outputs) {
    lines += "\n";
    for (const char c : name) lines += c == '\n' ? ' ' : c;
  }
  return lines;
}

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

/// Returns memory for the name or index of the output to use, in UTF-8, in the same way. Without a
/// call, or with 0 bytes, it is the default one.
[[clang::export_name("outputBuffer")]] std::byte* output_buffer(size_t byte_count) {
  return teachable::lend(teachable::output, byte_count);
}

/// Converts the model and returns an Answer: what describe() returns, and the .tflite file.
[[clang::export_name("convert")]] const void* convert() {
  using namespace teachable;
  return answer_by([] {
    conversion =
        convert_tfjs(model_json, weights,
                     std::string(reinterpret_cast<const char*>(output.data()), output.size()));
    description = describe(conversion);
    return success(description, conversion.file.bytes.data(), conversion.file.bytes.size());
  });
}

}  // extern "C"
