// Linear classification head over the stored examples, in closed form: there is no training loop.
//
// With unit rows x_i, the head is a regularized linear discriminant: class c has the weights
//   w_c = inverse(sum over the factor of x x' + kRidge * I) * (sum of the examples of class c)
// and its score for a query q is w_c . q, scaled by the class' number of examples. It is kept
// current by rank-one updates (Sherman and Morrison, 1950). The inverse is kept in its dual form,
// the inverse of [factor_count, factor_count] products of examples, which is smaller than
// [dimension, dimension] for as few examples as people teach.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/buffer.h"
#include "knn/nearest.h"

namespace teachable {

/// Linear head. All examples add to the weights of their class. The factor, which says in which
/// directions examples vary, holds at most kMaxFactor of them, as many of each class as possible.
///
/// Rows are L2-normalized, [stride()], padded with zeros. Methods that are noexcept need the room
/// that reserve() made.
class LinearHead {
 public:
  /// Owner of the rows of the factor.
  enum class RowOwner {
    Caller,  ///< the head borrows the rows that add() gets, until their examples leave
    Head,    ///< the head copies them
  };

  /// Creates a head without examples for rows of `dimension` values, >= 1. Throws std::bad_alloc.
  LinearHead(size_t dimension, RowOwner owner);

  /// Makes room for one more example, and for classes with indices below `class_count`. Throws
  /// std::bad_alloc; the head stays as it was.
  void reserve(size_t class_count);
  /// Adds an example.
  void add(const float* row, ExampleId id, uint32_t class_index) noexcept;
  /// Notes that the row of an example, which the head may borrow, is at another address now.
  void follow(ExampleId id, const float* row) noexcept;
  /// Removes an example that was added with this row, id and class.
  void remove(const float* row, ExampleId id, uint32_t class_index) noexcept;
  /// Changes the class of an example that was added with this row and id.
  void move(const float* row, ExampleId id, uint32_t from, uint32_t to) noexcept;
  /// Adds the sum of `count` rows that stay outside of the factor to a class. `sum` is [stride()].
  void add_sum(const double* sum, size_t count, uint32_t class_index) noexcept;
  /// Moves the examples of the class `from` to the class `into`.
  void merge(uint32_t from, uint32_t into) noexcept;
  /// Removes a class without examples. The indices of later classes decrease by 1.
  void erase_class(uint32_t index) noexcept;

  /// Writes the score of each class to `result` [class count of reserve()], about 0 (unlike the
  /// class) to 1 (like the class). 0 for classes without examples.
  void scores(const float* row, std::span<double> result) const;
  /// Writes the scores that an example of this head would have without itself (leave-one-out).
  void scores_without(const float* row, ExampleId id, uint32_t class_index,
                      std::span<double> result) noexcept;

  /// Number of floats of a row with its padding.
  size_t stride() const { return stride_; }
  /// Number of examples in the factor.
  size_t factor_count() const { return ids_.size(); }
  /// Maximum number of examples in the factor: kMaxFactor, or fewer for long rows.
  size_t max_factor() const { return max_factor_; }
  /// Buffer [stride()] for the row that is passed next. Its padding is 0.
  float* row_buffer() { return row_.data(); }
  /// Allocated memory, in bytes.
  size_t memory_bytes() const;
  /// Maximum memory that a head needs while it grows to this number of examples and classes, in
  /// bytes.
  static size_t needed_bytes(size_t dimension, size_t example_count, size_t class_count,
                             RowOwner owner);

  /// Ridge: added to the variance of every direction. Results are flat between 0.01 and 0.3.
  static constexpr double kRidge = 0.03;
  /// Maximum number of examples in the factor. More change the result little: directions that vary
  /// are known by then. It bounds the time of a change.
  static constexpr size_t kMaxFactor = 512;

 private:
  static constexpr size_t kNoSlot = SIZE_MAX;

  struct Class {
    PaddedBuffer<double> weights;  ///< [stride] inverse * (sum of the examples)
    size_t count = 0;              ///< examples of the class
    size_t factor_count = 0;       ///< those of them that are in the factor
  };

  const float* slot_row(size_t slot) const { return rows_[slot]; }
  /// Number of values on and below the diagonal of a matrix.
  static size_t triangle(size_t size) { return size * (size + 1) / 2; }
  /// Row of the inverse, up to the diagonal: [slot + 1].
  double* inverse_row(size_t slot) { return inverse_.data() + triangle(slot); }
  const double* inverse_row(size_t slot) const { return inverse_.data() + triangle(slot); }
  size_t slot_of(ExampleId id) const;
  size_t non_empty_count() const;
  /// Grows inverse_ and the vectors for one more slot.
  void grow();
  /// Writes inverse * row to direction_ and returns row . (inverse * row).
  double solve(const float* row) noexcept;
  /// Writes the products of `row` with the factor's rows to products_, and inverse * products_ to
  /// solution_. Returns products_ . solution_.
  double project(const float* row) noexcept;
  /// Writes the sum of coefficients[i] * row i over the factor to direction_.
  void combine_rows(const double* coefficients) noexcept;
  /// Adds scale * (row . weights - (class is `own` ? 1 : 0)) * direction_ to the weights of every
  /// class with examples.
  void update_weights(const float* row, double scale, uint32_t own) noexcept;
  /// Adds scale * direction_ to the weights of a class.
  void add_direction(Class& to, double scale) noexcept;
  /// Counts one example less. A class without examples has weights of exactly 0: rounding errors
  /// must not grow into its next examples.
  static void decrease_count(Class& from) noexcept;
  void add_slot(const float* row, ExampleId id, uint32_t class_index) noexcept;
  void remove_slot(size_t slot, bool is_gone) noexcept;
  static size_t max_factor_for(size_t stride);

  static constexpr uint32_t kNobody = UINT32_MAX;

  size_t stride_, max_factor_;
  RowOwner owner_;
  size_t capacity_ = 0;             ///< slots for which there is room
  std::vector<const float*> rows_;  ///< [factor_count] rows of the factor
  /// RowOwner::Head: memory of the rows, [stride] each, and then that of the next one.
  std::vector<PaddedBuffer<float>> copies_;
  /// [triangle(capacity)] lower half of inverse(products + kRidge * I), which is symmetric.
  PaddedBuffer<double> inverse_;
  std::vector<ExampleId> ids_;      ///< [factor_count]
  std::vector<uint32_t> class_of_;  ///< [factor_count]
  std::vector<Class> classes_;
  PaddedBuffer<float> row_;  ///< [stride]
  // Scratch of one change.
  PaddedBuffer<double> products_, solution_;  ///< [capacity]
  PaddedBuffer<double> direction_;            ///< [stride]
};

}  // namespace teachable
