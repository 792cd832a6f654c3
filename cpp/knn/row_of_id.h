// Maps the id of an example to its row.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "knn/nearest.h"

namespace teachable {

/// Sorted map from example ids to rows. Removed ids stay as tombstones until they outnumber the
/// remaining ids by more than a small constant. Memory therefore depends on the number of examples,
/// not on the number of ids that were ever used.
class RowOfId {
 public:
  /// Result of find() for an unknown id, and the row of a tombstone.
  static constexpr uint32_t kNoRow = UINT32_MAX;

  /// Reserves room for `more` further ids. Throws std::bad_alloc or std::length_error.
  void reserve(size_t more);
  /// Adds an id that is not in the map, in room that reserve() made. O(1) for an id above all
  /// others, O(ids) for an id that returns.
  void add(ExampleId id, uint32_t row) noexcept;
  /// Changes the row of an id that is in the map. O(log ids).
  void move(ExampleId id, uint32_t row) noexcept { rows_[lower_bound_of(id)] = row; }
  /// Removes an id that is in the map. O(log ids), amortized.
  void remove(ExampleId id) noexcept;
  /// Returns the row of an id, or kNoRow if it is not in the map. O(log ids); O(1) when no ids are
  /// missing.
  uint32_t find(ExampleId id) const;
  /// Returns the first id >= `from`, if there is one. Takes O(log ids) and the tombstones in
  /// between.
  std::optional<ExampleId> first_from(ExampleId from) const;
  /// Replaces the ids by 0, 1, ... in the same order, and drops tombstones.
  void renumber() noexcept;
  /// Returns all ids in ascending order. Throws std::bad_alloc.
  std::vector<ExampleId> ids() const;
  /// Adds `more` to all ids. The largest id must not overflow.
  void raise(ExampleId more) noexcept;
  /// Allocated memory, in bytes.
  size_t memory_bytes() const {
    return ids_.capacity() * sizeof(ExampleId) + rows_.capacity() * sizeof(uint32_t);
  }

 private:
  /// Removes the tombstones.
  void compact() noexcept;
  /// Returns the position of the first id >= `id`, or the number of ids if there is none.
  size_t lower_bound_of(ExampleId id) const;

  std::vector<ExampleId> ids_;  ///< in ascending order, including tombstones
  std::vector<uint32_t> rows_;  ///< row of each id; kNoRow for a tombstone, which is never the last
  size_t tombstone_count_ = 0;
};

}  // namespace teachable
