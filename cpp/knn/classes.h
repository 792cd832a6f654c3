// Classes with their labels, numbers of examples and enabled flags.
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

/// List of classes, numbered from 0 in the order in which they were added. Erasing a class
/// decreases the indices of later classes by 1. A label is valid UTF-8 of at most kMaxLabelBytes,
/// including the empty string. A method that throws changes nothing. Unless stated otherwise, an
/// index must be less than size().
class Classes {
 public:
  /// Number of classes.
  size_t size() const { return labels_.size(); }
  /// Labels of the classes, [size].
  const std::vector<std::string>& labels() const { return labels_; }
  /// Number of examples of each class, [size].
  const std::vector<size_t>& counts() const { return counts_; }
  /// Returns true when the class takes part in predictions.
  bool enabled(size_t index) const { return enabled_[index] != 0; }
  /// Number that changes whenever a class index gets another meaning, or a class is enabled or
  /// disabled.
  uint64_t revision() const { return revision_; }

  /// Returns the index of the class with this label, if there is one.
  std::optional<uint32_t> find(std::string_view label) const;
  /// Returns the index of the class with this label. Throws Error{BadArgument} if there is none.
  uint32_t at(std::string_view label) const;
  /// Adds an enabled class without examples and returns its index. There must be no class with this
  /// label. Throws Error{BadArgument} for an invalid label, and std::bad_alloc.
  uint32_t add(std::string_view label);
  /// Removes a class.
  void erase(uint32_t index) noexcept;
  /// Changes the label of a class. Throws Error{BadArgument} for an invalid label, and when another
  /// class has it.
  void rename(uint32_t index, std::string_view label);
  /// Enables or disables a class for predictions.
  void enable(uint32_t index, bool enabled) noexcept;
  /// Removes all classes.
  void clear() noexcept;
  /// Increases the number of examples of a class.
  void increase_count(uint32_t index, size_t by = 1) noexcept { counts_[index] += by; }
  /// Decreases the number of examples of a class by 1.
  void decrease_count(uint32_t index) noexcept { --counts_[index]; }
  /// Returns the number of examples of all enabled classes.
  size_t enabled_count() const;
  /// Returns the number of examples of each class that take part in predictions, [size]: counts()
  /// for enabled classes, 0 for disabled ones. Throws std::bad_alloc.
  std::vector<size_t> voting_counts() const;

  /// Maximum length of a label, in bytes.
  static constexpr size_t kMaxLabelBytes = 65'535;

 private:
  std::vector<std::string> labels_;
  std::vector<size_t> counts_;
  std::vector<uint8_t> enabled_;
  uint64_t revision_ = 0;
  std::map<std::string, uint32_t, std::less<>> by_label_;
};

}  // namespace teachable
