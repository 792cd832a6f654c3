// An input is a model.json, a zero byte, and its weights.
#include <algorithm>
#include <cstdint>

#include "expect_error_or_model.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const std::byte> all = std::as_bytes(std::span(data, size));
  const auto length = static_cast<size_t>(std::ranges::find(all, std::byte{0}) - all.begin());
  teachable::testing::expect_error_or_model(all.first(length),
                                            all.subspan(std::min(length + 1, size)));
  return 0;
}
