#include "knn/classes.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "core/utf8.h"

namespace teachable {
namespace {

/// Reserves room for one more element, with the amortized constant cost of push_back().
template <typename T>
void reserve_one(std::vector<T>& vector) {
  if (vector.size() == vector.capacity()) {
    vector.reserve(std::max<size_t>(2 * vector.capacity(), 8));
  }
}

/// Returns a copy of a label that is about to be stored. JavaScript could not read another encoding
/// back, and files could not be opened again.
std::string checked(std::string_view label) {
  if (label.size() > Classes::kMaxLabelBytes) {
    throw Error(ErrorCode::BadArgument, {"A label has ", label.size(), " bytes. The maximum is ",
                                         Classes::kMaxLabelBytes, ". Use a shorter label."});
  }
  if (!is_utf8(label)) {
    throw Error(ErrorCode::BadArgument,
                "A label is not valid UTF-8. Use a label of whole characters.");
  }
  return std::string(label);
}

}  // namespace

std::optional<uint32_t> Classes::find(std::string_view label) const {
  const auto known = by_label_.find(label);
  if (known == by_label_.end()) return std::nullopt;
  return known->second;
}

uint32_t Classes::at(std::string_view label) const {
  if (const auto index = find(label)) return *index;
  throw Error(ErrorCode::BadArgument, {"There is no class \"", label, "\"."});
}

uint32_t Classes::add(std::string_view label) {
  std::string name = checked(label);
  const auto index = static_cast<uint32_t>(size());
  reserve_one(labels_);
  reserve_one(counts_);
  reserve_one(enabled_);
  // Everything that may throw comes first. The map is last, because its entry would have to be
  // undone.
  by_label_.emplace(name, index);
  labels_.push_back(std::move(name));
  counts_.push_back(0);
  enabled_.push_back(1);
  ++revision_;
  return index;
}

void Classes::erase(uint32_t index) noexcept {
  by_label_.erase(by_label_.find(labels_[index]));
  labels_.erase(labels_.begin() + index);
  counts_.erase(counts_.begin() + index);
  enabled_.erase(enabled_.begin() + index);
  for (auto& [_, each] : by_label_) {
    if (each > index) --each;
  }
  ++revision_;
}

void Classes::enable(uint32_t index, bool enabled) noexcept {
  if (this->enabled(index) != enabled) ++revision_;
  enabled_[index] = enabled;
}

void Classes::clear() noexcept {
  const uint64_t revision = revision_;
  *this = {};
  revision_ = revision + 1;
}

void Classes::rename(uint32_t index, std::string_view label) {
  if (const auto other = find(label)) {
    if (*other == index) return;
    throw Error(ErrorCode::BadArgument,
                {"There is already a class \"", label, "\". Merge the two classes instead."});
  }
  std::string name = checked(label);
  by_label_.emplace(name, index);
  by_label_.erase(by_label_.find(labels_[index]));
  labels_[index] = std::move(name);
}

size_t Classes::enabled_count() const {
  size_t sum = 0;
  for (size_t i = 0; i < size(); ++i) sum += enabled(i) ? counts_[i] : 0;
  return sum;
}

std::vector<size_t> Classes::voting_counts() const {
  std::vector<size_t> voting = counts_;
  for (size_t i = 0; i < size(); ++i) {
    if (!enabled(i)) voting[i] = 0;
  }
  return voting;
}

}  // namespace teachable
