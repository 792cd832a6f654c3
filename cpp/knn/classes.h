// The classes by number and by label.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace teachable {

/// Classes are numbered in the order in which they were added; erasing one moves later ones up.
/// A label is any bytes, the empty string included. What throws changes nothing.
class Classes {
 public:
  size_t size() const { return labels_.size(); }
  const std::vector<std::string>& labels() const { return labels_; }
  const std::vector<size_t>& counts() const { return counts_; }  ///< [size] examples
  bool enabled(size_t index) const { return enabled_[index] != 0; }
  /// Changes when an index comes to stand for another class, or a class becomes enabled or
  /// disabled.
  uint64_t revision() const { return revision_; }

  std::optional<uint32_t> find(std::string_view label) const;
  /// Throws Error{BadArgument} when there is none.
  uint32_t at(std::string_view label) const;
  /// Adds a class without examples, enabled. The label must be new. Throws std::bad_alloc.
  uint32_t add(std::string_view label);
  void erase(uint32_t index) noexcept;
  /// Throws Error{BadArgument} when another class has that label.
  void rename(uint32_t index, std::string_view label);
  void enable(uint32_t index, bool enabled) noexcept;
  void clear() noexcept;
  void count_in(uint32_t index, size_t more = 1) noexcept { counts_[index] += more; }
  void count_out(uint32_t index, size_t fewer = 1) noexcept { counts_[index] -= fewer; }
  /// Examples of enabled classes.
  size_t enabled_count() const;
  /// [size] examples that may vote: of an enabled class all, of another none. Throws
  /// std::bad_alloc.
  std::vector<size_t> voting_counts() const;

 private:
  std::vector<std::string> labels_;
  std::vector<size_t> counts_;
  std::vector<uint8_t> enabled_;
  uint64_t revision_ = 0;
  std::map<std::string, uint32_t, std::less<>> by_label_;
};

}  // namespace teachable
