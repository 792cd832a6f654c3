// Shape of a dense row-major tensor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

namespace teachable {

/// Dimensions of a tensor, outermost first, each >= 0. A scalar has no dimensions.
class Shape {
 public:
  Shape() = default;
  Shape(std::initializer_list<int64_t> dims) : dims_(dims) {}
  explicit Shape(std::vector<int64_t> dims) : dims_(std::move(dims)) {}

  /// Number of dimensions.
  size_t rank() const { return dims_.size(); }
  /// Returns the dimension of `axis`, which must be less than rank().
  int64_t operator[](size_t axis) const { return dims_[axis]; }
  /// Returns the last dimension, or 1 for a scalar.
  int64_t channels() const { return dims_.empty() ? 1 : dims_.back(); }
  const std::vector<int64_t>& dims() const { return dims_; }

  /// Returns the product of the dimensions. Does not detect overflow: validate untrusted shapes
  /// with checked_element_count() first.
  size_t element_count() const {
    size_t count = 1;
    for (int64_t dim : dims_) count *= static_cast<size_t>(dim);
    return count;
  }

  /// Returns the product of the dimensions, or -1 when a dimension is negative or the product
  /// exceeds `limit`.
  int64_t checked_element_count(int64_t limit) const {
    int64_t count = 1;
    for (int64_t dim : dims_) {
      if (dim < 0) return -1;
      if (dim == 0) count = 0;
      if (dim != 0 && count > limit / dim) return -1;
      count *= dim;
    }
    return count;
  }

  /// Returns the shape as text, such as "[1, 224, 224, 3]".
  std::string to_string() const {
    std::string text = "[";
    for (size_t i = 0; i < dims_.size(); ++i) {
      if (i > 0) text += ", ";
      text += std::to_string(dims_[i]);
    }
    return text + "]";
  }

  bool operator==(const Shape&) const = default;

 private:
  std::vector<int64_t> dims_;
};

}  // namespace teachable
