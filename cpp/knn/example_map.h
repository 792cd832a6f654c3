// A flat map of the examples: principal component analysis (PCA) of their embeddings.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "core/buffer.h"
#include "knn/knn.h"

namespace teachable {

/// Places of all examples on the map.
struct MapPoints {
  std::vector<ExampleId> ids;        ///< [n] in ascending order
  PaddedBuffer<float> points;        ///< [n, 2] x and y of each example
  std::array<float, 2> explained{};  ///< share of the variance along each of the two leading
                                     ///< components, 0..1, greatest first
};

/// Projection of embeddings to the plane in which the examples differ most: the plane of the two
/// leading principal components of the L2-normalized embeddings.
///
/// The axes of the first map are these components, each with the sign that makes its greatest value
/// positive. Later maps are turned and flipped so that their axes stay close to the earlier ones,
/// so points move little when examples are added or removed. The same calls always give the same
/// map.
///
/// Time is bounded: components come from at most some 4 million values, of examples that are spread
/// evenly over the ids; then each example is projected once. Memory is some 90 rows of floats, and
/// 12 bytes for each example.
class ExampleMap {
 public:
  /// Computes the plane anew, starting from the plane before, and returns the places of all
  /// examples, of disabled classes too. All places are 0 when the examples have one direction.
  /// Throws std::bad_alloc; then nothing changed.
  MapPoints update(const Knn& knn);
  /// Returns the place of an embedding [dimension] on the last map. Returns nothing without a map,
  /// for an embedding of another dimension than the map's, and for one without a direction.
  std::optional<std::array<float, 2>> project(std::span<const float> embedding) const;

 private:
  size_t dimension_ = 0;
  PaddedBuffer<float> mean_;  ///< [stride] padded with zeros
  PaddedBuffer<float> axes_;  ///< [2, stride]; all 0 where there is no variance
};

}  // namespace teachable
