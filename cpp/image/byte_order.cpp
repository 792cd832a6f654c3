#include "image/byte_order.h"

#include <bit>
#include <cstddef>
#include <cstring>

namespace teachable {
namespace {

static_assert(std::endian::native == std::endian::little, "a pixel's alpha is its highest byte");

constexpr uint32_t kAlpha = 0xff000000, kFirst = 0xff, kThird = 0xff0000;

/// One pixel, or a vector of them.
template <typename T>
T convert(T pixel, ByteOrder order) {
  if (order.blue_first)
    pixel = (pixel & ~(kFirst | kThird)) | ((pixel & kFirst) << 16) | ((pixel >> 16) & kFirst);
  return order.has_alpha ? pixel : pixel | kAlpha;
}

}  // namespace

bool to_rgba(std::span<uint8_t> pixels, ByteOrder order) {
  using Pixels [[gnu::vector_size(16)]] = uint32_t;
  Pixels all = ~Pixels{};
  size_t i = 0;
  for (; i + sizeof all <= pixels.size(); i += sizeof all) {
    Pixels four;
    std::memcpy(&four, &pixels[i], sizeof four);
    four = convert(four, order);
    all &= four;
    std::memcpy(&pixels[i], &four, sizeof four);
  }
  uint32_t both = all[0] & all[1] & all[2] & all[3];
  for (; i + 4 <= pixels.size(); i += 4) {
    uint32_t one = 0;
    std::memcpy(&one, &pixels[i], sizeof one);
    one = convert(one, order);
    both &= one;
    std::memcpy(&pixels[i], &one, sizeof one);
  }
  return both >= kAlpha;
}

}  // namespace teachable
