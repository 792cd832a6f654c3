#include "knn/row_of_id.h"

#include <algorithm>
#include <numeric>

#include "knn/reserve_more.h"

namespace teachable {
namespace {

/// Number of tombstones that is never worth a compaction.
constexpr size_t kMaxIdleTombstones = 64;

}  // namespace

void RowOfId::reserve(size_t more) {
  reserve_more(ids_, more);
  reserve_more(rows_, more);
}

size_t RowOfId::lower_bound_of(ExampleId id) const {
  if (ids_.empty() || id > ids_.back()) return ids_.size();
  if (id <= ids_.front()) return 0;
  // Ids are distinct, which bounds the position from both ends. When no ids are missing, only one
  // position is left to search.
  const size_t last = ids_.size() - 1, ids_after = ids_.back() - id;
  const size_t lowest = ids_after < last ? last - ids_after : 0;
  const size_t highest = std::min<size_t>(id - ids_.front(), last);
  const auto begin = ids_.begin();
  return static_cast<size_t>(std::lower_bound(begin + static_cast<std::ptrdiff_t>(lowest),
                                              begin + static_cast<std::ptrdiff_t>(highest), id) -
                             begin);
}

uint32_t RowOfId::find(ExampleId id) const {
  const size_t position = lower_bound_of(id);
  return position < ids_.size() && ids_[position] == id ? rows_[position] : kNoRow;
}

void RowOfId::add(ExampleId id, uint32_t row) noexcept {
  const size_t position = lower_bound_of(id);
  if (position < ids_.size() && ids_[position] == id) {
    rows_[position] = row;
    --tombstone_count_;
    return;
  }
  ids_.insert(ids_.begin() + static_cast<std::ptrdiff_t>(position), id);
  rows_.insert(rows_.begin() + static_cast<std::ptrdiff_t>(position), row);
}

void RowOfId::remove(ExampleId id) noexcept {
  rows_[lower_bound_of(id)] = kNoRow;
  ++tombstone_count_;
  while (!rows_.empty() && rows_.back() == kNoRow) {
    ids_.pop_back();
    rows_.pop_back();
    --tombstone_count_;
  }
  if (tombstone_count_ > ids_.size() / 2 + kMaxIdleTombstones) compact();
}

void RowOfId::compact() noexcept {
  size_t kept = 0;
  for (size_t i = 0; i < ids_.size(); ++i) {
    if (rows_[i] == kNoRow) continue;
    ids_[kept] = ids_[i];
    rows_[kept++] = rows_[i];
  }
  ids_.resize(kept);
  rows_.resize(kept);
  tombstone_count_ = 0;
}

std::vector<ExampleId> RowOfId::ids() const {
  std::vector<ExampleId> result;
  result.reserve(ids_.size() - tombstone_count_);
  for (size_t i = 0; i < ids_.size(); ++i) {
    if (rows_[i] != kNoRow) result.push_back(ids_[i]);
  }
  return result;
}

std::optional<ExampleId> RowOfId::first_from(ExampleId from) const {
  size_t position = lower_bound_of(from);
  while (position < ids_.size() && rows_[position] == kNoRow) ++position;
  if (position == ids_.size()) return std::nullopt;
  return ids_[position];
}

void RowOfId::renumber() noexcept {
  compact();
  std::iota(ids_.begin(), ids_.end(), ExampleId{0});
}

void RowOfId::raise(ExampleId more) noexcept {
  for (ExampleId& id : ids_) id += more;
}

}  // namespace teachable
