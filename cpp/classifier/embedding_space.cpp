#include "classifier/embedding_space.h"

#include <cmath>
#include <cstring>

#include "core/error.h"
#include "core/float4.h"
#include "core/half.h"
#include "knn/rows.h"

namespace teachable {
namespace {

/// Values of two vectors, so that one addition need not wait for the one before.
constexpr size_t kStep = 8;

float dot(const float* a, const float* b, size_t stride) {
  Float4 even{}, odd{};
  for (size_t i = 0; i < stride; i += kStep) {
    even += load4(a + i) * load4(b + i);
    odd += load4(a + i + 4) * load4(b + i + 4);
  }
  return sum4(even + odd);
}

void subtract(float* values, const float* direction, float amount, size_t stride) {
  for (size_t i = 0; i < stride; i += 4) {
    store4(values + i, load4(values + i) - splat4(amount) * load4(direction + i));
  }
}

void scale(std::span<float> values, float length) {
  const double norm = norm_of(values);
  const auto factor = static_cast<float>(norm > 0 ? length / norm : 0);
  for (float& value : values) value *= factor;
}

}  // namespace

[[clang::minsize]] EmbeddingSpace::EmbeddingSpace(std::span<const uint8_t> file, size_t last_size,
                                                  size_t middle_size)
    : last_size_(last_size),
      stride_((middle_size + kStep - 1) / kStep * kStep),
      size_(last_size + middle_size) {
  const size_t mean_bytes = 2 * size_;
  const size_t direction_bytes = sizeof(float) + middle_size;
  if (file.size() < mean_bytes || (file.size() - mean_bytes) % direction_bytes != 0) {
    throw Error(ErrorCode::BadModel,
                {"The space of the model has ", file.size(), " bytes, but its layers need ",
                 mean_bytes, ", or a multiple of ", direction_bytes,
                 " bytes more. Use the file that belongs to the model."});
  }
  mean_.reserve(size_);
  for (size_t i = 0; i < mean_bytes; i += 2) {
    mean_.push_back(half_to_float(static_cast<uint16_t>(file[i] | file[i + 1] << 8)));
    if (!std::isfinite(mean_.back())) {
      throw Error(ErrorCode::BadModel,
                  {"The space of the model isn't finite at element ", i / 2, "."});
    }
  }
  const size_t count = (file.size() - mean_bytes) / direction_bytes;
  directions_.resize(count * stride_);
  for (size_t row = 0; row < count; ++row) {
    const uint8_t* bytes = file.data() + mean_bytes + row * direction_bytes;
    float factor = 0;
    std::memcpy(&factor, bytes, sizeof factor);
    if (!(factor >= 0 && std::isfinite(factor))) {
      throw Error(ErrorCode::BadModel, {"The space of the model has the factor ", factor,
                                        " at direction ", row, "; wanted: 0 or more."});
    }
    const float root = std::sqrt(factor);
    for (size_t i = 0; i < middle_size; ++i) {
      directions_[row * stride_ + i] =
          root * static_cast<float>(static_cast<int8_t>(bytes[sizeof factor + i]));
    }
  }
  result_.resize(last_size + stride_);
}

std::span<const float> EmbeddingSpace::transform(std::span<const float> raw) {
  const std::span<float> result = std::span(result_).first(size_);
  const std::span<float> last = result.first(last_size_);
  const std::span<float> middle = result.subspan(last_size_);
  std::ranges::copy(raw, result.begin());
  for (const std::span<float> layer : {last, middle}) scale(layer, 1);
  for (size_t i = 0; i < size_; ++i) result[i] -= mean_[i];
  for (size_t at = 0; at < directions_.size(); at += stride_) {
    const float* direction = directions_.data() + at;
    subtract(middle.data(), direction, dot(middle.data(), direction, stride_), stride_);
  }
  scale(last, 1);
  scale(middle, kMiddleWeight);
  return result;
}

}  // namespace teachable
