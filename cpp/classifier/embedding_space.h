// A space for embeddings of two layers, in which unlike pictures have a similarity near 0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace teachable {

/// What the embeddings of all pictures have in common, computed from generic pictures by
/// models/space.mjs: a mean for each layer, and the directions in which the middle layer varies
/// most. Both are taken out, because they say little about what a picture shows.
class EmbeddingSpace {
 public:
  /// Weight of the middle layer beside the last one. Mean accuracy is flat between 0.55 and 0.9,
  /// but pictures of other people than the taught ones lose accuracy with higher weights.
  static constexpr float kMiddleWeight = 0.6f;

  /// Reads the contents of a file, all little-endian: float16 [last_size + middle_size], the mean
  /// over pictures whose embedding has length 1 in each layer; then any number of directions, each
  /// a float32 factor >= 0 and int8 [middle_size] values. Throws Error{BadModel} for another
  /// length, and for numbers that are not finite.
  EmbeddingSpace(std::span<const uint8_t> file, size_t last_size, size_t middle_size);

  /// Returns the embedding `raw` [last_size + middle_size] in this space, as
  /// [last, kMiddleWeight * middle], each of unit length:
  /// u = unit(layer) - mean, then u -= factor * (direction . u) * direction in the middle layer.
  /// The result is borrowed until the next call.
  std::span<const float> transform(std::span<const float> raw);

 private:
  size_t last_size_;
  size_t stride_;                  ///< middle_size, rounded up to whole vectors
  std::vector<float> mean_;        ///< [last_size + middle_size]
  std::vector<float> directions_;  ///< [directions, stride_], times the root of the factor
  std::vector<float> result_;      ///< [last_size + stride_]
  size_t size_;                    ///< last_size + middle_size
};

}  // namespace teachable
