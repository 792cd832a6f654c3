#include "image/byte_order.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace teachable {
namespace {

/// Pixels of different bytes. 7 of them don't fill a vector at the end.
std::vector<uint8_t> make_pixels(uint8_t alpha, size_t count = 7) {
  std::vector<uint8_t> pixels;
  for (size_t i = 0; i < count; ++i) {
    const auto byte = static_cast<uint8_t>(10 * i);
    pixels.insert(pixels.end(),
                  {byte, static_cast<uint8_t>(byte + 1), static_cast<uint8_t>(byte + 2), alpha});
  }
  return pixels;
}

TEST(ByteOrder, SwapsRedAndBlue) {
  std::vector<uint8_t> pixels = make_pixels(255);
  const std::vector<uint8_t> before = pixels;
  EXPECT_TRUE(to_rgba(pixels, {.blue_first = true}));
  for (size_t i = 0; i < pixels.size(); i += 4) {
    EXPECT_EQ(pixels[i], before[i + 2]) << i;
    EXPECT_EQ(pixels[i + 1], before[i + 1]) << i;
    EXPECT_EQ(pixels[i + 2], before[i]) << i;
    EXPECT_EQ(pixels[i + 3], 255) << i;
  }
}

TEST(ByteOrder, LeavesRgbaAsItIs) {
  std::vector<uint8_t> pixels = make_pixels(9);
  EXPECT_FALSE(to_rgba(pixels, {}));
  EXPECT_EQ(pixels, make_pixels(9));
}

TEST(ByteOrder, ReplacesFourthBytesThatMeanNothing) {
  std::vector<uint8_t> pixels = make_pixels(0);
  EXPECT_TRUE(to_rgba(pixels, {.has_alpha = false}));
  EXPECT_EQ(pixels, make_pixels(255));
}

TEST(ByteOrder, NoticesEachPixelThatIsNotOpaque) {
  for (size_t i = 0; i < 7; ++i) {
    std::vector<uint8_t> pixels = make_pixels(255);
    pixels[4 * i + 3] = 254;
    EXPECT_FALSE(to_rgba(pixels, {.blue_first = true})) << i;
  }
  EXPECT_TRUE(to_rgba({}, {}));
}

}  // namespace
}  // namespace teachable
