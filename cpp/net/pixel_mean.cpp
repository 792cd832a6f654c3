#include "net/pixel_mean.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "core/error.h"

namespace teachable {
namespace {

/// Number of channels that are summed together.
constexpr size_t kBlock = 16;
/// Number of pixels of which a sum of int8 fits into int16.
constexpr size_t kMaxPixels = 256;

template <typename T>
using Block [[gnu::vector_size(kBlock * sizeof(T))]] = T;

/// Part of a map: `count` pixels, which are `stride` elements apart, and `width` channels.
template <typename T>
struct Part {
  const T* from;
  size_t count, stride, width;
};

/// Writes the sums of kBlock channels; 0 for those from `width` on. `flip` is XORed to each byte.
template <typename Sum, typename T>
void sum_part(Part<T> part, uint8_t flip, Sum* result) {
  Block<Sum> sums = {};
  Block<T> values = {};
  const Block<uint8_t> mask = Block<uint8_t>{} + flip;
  for (size_t pixel = 0; pixel < part.count; ++pixel, part.from += part.stride) {
    if (part.width == kBlock) {
      std::memcpy(&values, part.from, sizeof values);
    } else {
      std::memcpy(&values, part.from, part.width * sizeof(T));
    }
    if constexpr (sizeof(T) == 1) {
      sums += __builtin_convertvector(reinterpret_cast<Block<int8_t>>(values ^ mask), Block<Sum>);
    } else {
      sums += values;
    }
  }
  std::memcpy(result, &sums, sizeof sums);
}

/// Writes scale * (mean - zero_point) for each channel.
template <typename Sum, typename T>
void mean_of(const T* map, size_t pixel_count, uint8_t flip, double scale, double zero_point,
             std::span<float> means) {
  const size_t stride = means.size();
  for (size_t first = 0; first < stride; first += kBlock) {
    const size_t width = std::min(kBlock, stride - first);
    double sums[kBlock] = {};
    for (size_t pixel = 0; pixel < pixel_count; pixel += kMaxPixels) {
      Sum partial[kBlock];
      const size_t count = std::min(kMaxPixels, pixel_count - pixel);
      sum_part<Sum>(Part<T>{map + pixel * stride + first, count, stride, width}, flip, partial);
      for (size_t i = 0; i < kBlock; ++i) sums[i] += partial[i];
    }
    for (size_t i = 0; i < width; ++i) {
      const double mean = sums[i] / static_cast<double>(pixel_count);
      means[first + i] = static_cast<float>(scale * (mean - zero_point));
    }
  }
}

}  // namespace

void mean_of_pixels(const Tensor& tensor, const std::byte* raw, std::span<float> means) {
  const size_t pixel_count = tensor.shape.element_count() / means.size();
  if (tensor.type == DataType::F32) {
    return mean_of<float>(reinterpret_cast<const float*>(raw), pixel_count, 0, 1, 0, means);
  }
  if (tensor.type == DataType::I32) {
    throw Error(ErrorCode::Internal, "the middle layer of the network is int32");
  }
  // A uint8 value with its highest bit flipped is an int8 value that is 128 lower.
  const bool is_signed = tensor.type == DataType::I8;
  mean_of<int16_t>(reinterpret_cast<const uint8_t*>(raw), pixel_count, is_signed ? 0 : 128,
                   tensor.quantization.scales[0],
                   tensor.quantization.zero_points[0] - (is_signed ? 0 : 128), means);
}

}  // namespace teachable
