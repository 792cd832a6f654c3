// Where each example is, by its id.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "knn/nearest.h"

namespace teachable {

/// Rows by rising ids. Ids that were removed stay as gaps, but never more of them than of ids that
/// are there, and some: memory is that of the examples, however many came and went.
class RowOfId {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  /// Makes room for `more` ids. Throws std::bad_alloc or std::length_error.
  void reserve(size_t more);
  /// Adds an id that isn't there, in the room that reserve() made. O(1) for one above all others,
  /// O(ids) for one that comes back.
  void add(ExampleId id, uint32_t row) noexcept;
  /// Says where an id that is there is now. O(log ids), as find().
  void move(ExampleId id, uint32_t row) noexcept { rows_[place_of(id)] = row; }
  /// Forgets an id that is there. O(log ids), amortised.
  void remove(ExampleId id) noexcept;
  /// kNone for an id that isn't there. O(1) where no ids are missing.
  uint32_t find(ExampleId id) const;
  /// All of them, rising. Throws std::bad_alloc.
  std::vector<ExampleId> ids() const;
  /// Adds `more` to all ids, none of which may become greater than an id can be.
  void raise(ExampleId more) noexcept;
  size_t memory_bytes() const {
    return ids_.capacity() * sizeof(ExampleId) + rows_.capacity() * sizeof(uint32_t);
  }

 private:
  /// Of the first that isn't less.
  size_t place_of(ExampleId id) const;

  std::vector<ExampleId> ids_;  ///< rising
  std::vector<uint32_t> rows_;  ///< of each of them, kNone for a gap; the last is none
  size_t gap_count_ = 0;
};

}  // namespace teachable
