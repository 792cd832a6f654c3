#include "knn/row_of_id.h"

#include <algorithm>

#include "knn/reserve_more.h"

namespace teachable {
namespace {

/// Gaps that aren't worth closing.
constexpr size_t kSomeGaps = 64;

}  // namespace

void RowOfId::reserve(size_t more) {
  reserve_more(ids_, more);
  reserve_more(rows_, more);
}

size_t RowOfId::place_of(ExampleId id) const {
  if (ids_.empty() || id > ids_.back()) return ids_.size();
  if (id <= ids_.front()) return 0;
  // No two ids are nearer than 1: where none are missing, this leaves one place to look at.
  const size_t last = ids_.size() - 1, before_last = ids_.back() - id;
  const size_t lowest = before_last < last ? last - before_last : 0;
  const size_t highest = std::min<size_t>(id - ids_.front(), last);
  const auto begin = ids_.begin();
  return static_cast<size_t>(std::lower_bound(begin + static_cast<std::ptrdiff_t>(lowest),
                                              begin + static_cast<std::ptrdiff_t>(highest), id) -
                             begin);
}

uint32_t RowOfId::find(ExampleId id) const {
  const size_t place = place_of(id);
  return place < ids_.size() && ids_[place] == id ? rows_[place] : kNone;
}

void RowOfId::add(ExampleId id, uint32_t row) noexcept {
  const size_t place = place_of(id);
  if (place < ids_.size() && ids_[place] == id) {
    rows_[place] = row;
    --gap_count_;
    return;
  }
  ids_.insert(ids_.begin() + static_cast<std::ptrdiff_t>(place), id);
  rows_.insert(rows_.begin() + static_cast<std::ptrdiff_t>(place), row);
}

void RowOfId::remove(ExampleId id) noexcept {
  rows_[place_of(id)] = kNone;
  ++gap_count_;
  while (!rows_.empty() && rows_.back() == kNone) {
    ids_.pop_back();
    rows_.pop_back();
    --gap_count_;
  }
  if (gap_count_ <= ids_.size() / 2 + kSomeGaps) return;
  size_t kept = 0;
  for (size_t i = 0; i < ids_.size(); ++i) {
    if (rows_[i] == kNone) continue;
    ids_[kept] = ids_[i];
    rows_[kept++] = rows_[i];
  }
  ids_.resize(kept);
  rows_.resize(kept);
  gap_count_ = 0;
}

std::vector<ExampleId> RowOfId::ids() const {
  std::vector<ExampleId> result;
  result.reserve(ids_.size() - gap_count_);
  for (size_t i = 0; i < ids_.size(); ++i) {
    if (rows_[i] != kNone) result.push_back(ids_[i]);
  }
  return result;
}

void RowOfId::raise(ExampleId more) noexcept {
  for (ExampleId& id : ids_) id += more;
}

}  // namespace teachable
