// Compares the mean over pixels with a sum in double precision.
#include "net/pixel_mean.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <type_traits>
#include <vector>

#include "core/buffer.h"
#include "test_seed.h"

namespace teachable::testing {
namespace {

template <typename T>
class PixelMean : public ::testing::Test {};

using Types = ::testing::Types<float, int8_t, uint8_t>;
TYPED_TEST_SUITE(PixelMean, Types);

template <typename T>
constexpr DataType kType = DataType::F32;
template <>
constexpr DataType kType<int8_t> = DataType::I8;
template <>
constexpr DataType kType<uint8_t> = DataType::U8;

template <typename T>
Tensor map_of(size_t pixels, size_t channels) {
  Tensor tensor;
  tensor.type = kType<T>;
  tensor.shape = {1, static_cast<int64_t>(pixels), 1, static_cast<int64_t>(channels)};
  if (tensor.type != DataType::F32) tensor.quantization = {{0.03f}, {7}, 0};
  return tensor;
}

TYPED_TEST(PixelMean, AgreesWithASumInDoublePrecision) {
  using T = TypeParam;
  const uint32_t seed = test_seed();
  SCOPED_TRACE("TEACHABLE_SEED=" + std::to_string(seed));
  std::mt19937 random(seed);
  // Up to several blocks of channels and of pixels, and parts of blocks.
  for (int round = 0; round < 60; ++round) {
    const size_t pixels = 1 + random() % 700, channels = 1 + random() % 70;
    SCOPED_TRACE(std::to_string(pixels) + " pixels, " + std::to_string(channels) + " channels");
    const Tensor tensor = map_of<T>(pixels, channels);
    PaddedBuffer<std::byte> raw(pixels * channels * sizeof(T));
    T* const values = reinterpret_cast<T*>(raw.data());
    std::vector<double> wanted(channels);
    for (size_t i = 0; i < pixels * channels; ++i) {
      if constexpr (std::is_same_v<T, float>) {
        values[i] = std::uniform_real_distribution(-3.0f, 6.0f)(random);
      } else {
        values[i] = static_cast<T>(random() % 256);
      }
      const auto stored = static_cast<double>(values[i]);
      const double value = tensor.type == DataType::F32 ? stored : 0.03f * (stored - 7);
      wanted[i % channels] += value / static_cast<double>(pixels);
    }
    std::vector<float> means(channels, NAN);
    mean_of_pixels(tensor, raw.data(), means);
    for (size_t c = 0; c < channels; ++c) EXPECT_NEAR(means[c], wanted[c], 2e-6);
  }
}

TYPED_TEST(PixelMean, DoesNotOverflow) {
  using T = TypeParam;
  for (const T value : {std::numeric_limits<T>::lowest(), std::numeric_limits<T>::max()}) {
    if (std::is_same_v<T, float>) continue;
    constexpr size_t kPixels = 5000, kChannels = 33;
    PaddedBuffer<std::byte> raw(kPixels * kChannels * sizeof(T));
    std::fill_n(reinterpret_cast<T*>(raw.data()), kPixels * kChannels, value);
    std::vector<float> means(kChannels);
    mean_of_pixels(map_of<T>(kPixels, kChannels), raw.data(), means);
    for (float mean : means) EXPECT_FLOAT_EQ(mean, 0.03f * (static_cast<float>(value) - 7));
  }
}

}  // namespace
}  // namespace teachable::testing
