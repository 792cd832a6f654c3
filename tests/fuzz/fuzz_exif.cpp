// Fuzzer of the EXIF reader. An input is a JPEG file; its pixels are not decoded.
#include <cstdint>
#include <cstdlib>
#include <span>
#include <utility>

#include "image/exif.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace teachable;
  const Orientation orientation = read_orientation(std::span(data, size));
  if (orientation < Orientation::TopLeft || orientation > Orientation::LeftBottom) std::abort();
  constexpr int kWidth = 3, kHeight = 2;
  Image image = make_image(kWidth, kHeight);
  for (uint8_t i = 0; i < kWidth * kHeight * 4; ++i) image.pixels[i] = i;
  const Image upright = to_upright(std::move(image), orientation);
  // Each pixel moves somewhere: the sum of all bytes stays.
  int sum = 0;
  for (size_t i = 0; i < upright.byte_count(); ++i) sum += upright.pixels[i];
  if (sum != 23 * 24 / 2) std::abort();
  return 0;
}
