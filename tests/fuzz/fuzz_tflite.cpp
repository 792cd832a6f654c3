// Fuzzer of the TensorFlow Lite reader.
#include <cstdint>

#include "expect_error_or_model.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  teachable::testing::expect_error_or_model(std::as_bytes(std::span(data, size)));
  return 0;
}
