// The examples' vectors: one matrix whose rows have length 1, and its product with a query.
#pragma once

#include <cstddef>
#include <span>

#include "core/buffer.h"

namespace teachable {

/// The length of a vector, or NaN or infinity when an element is one. Elements of any float size: a
/// double's range holds their squares.
double norm_of(std::span<const float> vector);

/// [count, dimension] floats in one block. Each row starts at a multiple of 64 bytes and is filled
/// up with zeros, so kernels run over whole vectors and never over a rest.
class UnitRows {
 public:
  /// Floats from one row to the next: the dimension, rounded up.
  static size_t stride_of(size_t dimension) { return (dimension + 15) / 16 * 16; }
  /// Writes vector / norm and zeros up to stride_of(vector.size()).
  static void write_unit(std::span<const float> vector, double norm, float* row);

  size_t count() const { return count_; }
  size_t dimension() const { return dimension_; }  ///< 0 while there are no rows
  const float* row(size_t i) const { return data_.data() + i * stride_; }

  /// Makes room for one more row of this dimension, which is the rows' if there are any. Amortised
  /// O(dimension). Throws std::bad_alloc; then nothing has changed.
  void reserve_one(size_t dimension);
  /// Adds a row in the room that reserve_one() made.
  void append(std::span<const float> vector, double norm) noexcept;

  /// Drops the rows for which `dropped(i)`; the others close up in their order.
  template <typename Predicate>
  void drop(Predicate dropped) noexcept;
  /// Drops all rows, their memory and their dimension.
  void clear() noexcept;

  /// The cosine, -1..1, of each of the rows first, first + 1, ... to a unit vector of stride_of()
  /// floats. Equal rows give equal results, wherever they stand.
  void similarities(const float* unit_query, size_t first, std::span<float> result) const;

 private:
  PaddedBuffer<float> data_;
  size_t count_ = 0, dimension_ = 0, stride_ = 0;

  void copy_row(size_t from, size_t to) noexcept;
};

template <typename Predicate>
void UnitRows::drop(Predicate dropped) noexcept {
  size_t kept = 0;
  for (size_t i = 0; i < count_; ++i) {
    if (dropped(i)) continue;
    if (kept != i) copy_row(i, kept);
    ++kept;
  }
  count_ = kept;
  if (count_ == 0) clear();
}

}  // namespace teachable
