// Fuzzer of the TensorFlow.js converter. An input is a model.json, a zero byte, and its weights.
#include <algorithm>
#include <cstdint>

#include "converter/convert.h"
#include "expect_error_or_model.h"
#include "model/tflite_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace teachable;
  const std::span<const std::byte> all = std::as_bytes(std::span(data, size));
  const auto length = static_cast<size_t>(std::ranges::find(all, std::byte{0}) - all.begin());
  Conversion conversion;
  try {
    conversion = convert_tfjs(all.first(length), all.subspan(std::min(length + 1, size)));
  } catch (const Error& error) {
    if (error.code() != ErrorCode::BadModel && error.code() != ErrorCode::UnsupportedOp)
      std::abort();
    return 0;
  }
  // The reader must accept every converted file, so an Error here ends the fuzzer.
  validate(read_tflite(conversion.file.bytes));
  teachable::testing::expect_error_or_model(conversion.file.bytes);
  return 0;
}
