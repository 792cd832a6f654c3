#include "knn/linear_head.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <utility>

#include "core/float4.h"
#include "knn/reserve_more.h"

namespace teachable {
namespace {

/// Rows are padded to a multiple of this number of floats.
constexpr size_t kStep = 16;
/// Maximum number of floats in the rows of the factor (4 MB), for rows that are very long.
constexpr size_t kMaxFactorValues = size_t{1} << 20;
/// Numbers of products that are added as floats before they are added to a double. It keeps
/// rounding errors near those of one float operation.
constexpr size_t kBlockValues = 256;
constexpr size_t kBlockRows = 16;

using Double2 [[gnu::vector_size(16)]] = double;
using Float2 [[gnu::vector_size(8)]] = float;

/// Returns a . b over [stride] floats, a multiple of kStep.
double dot(const float* a, const float* b, size_t stride) {
  double sum = 0;
  for (size_t first = 0; first < stride; first += kBlockValues) {
    const size_t end = std::min(stride, first + kBlockValues);
    Float4 sums[4] = {};
    for (size_t i = first; i < end; i += kStep) {
      for (size_t lane = 0; lane < 4; ++lane) {
        sums[lane] += load4(a + i + 4 * lane) * load4(b + i + 4 * lane);
      }
    }
    sum += double{sum4((sums[0] + sums[1]) + (sums[2] + sums[3]))};
  }
  return sum;
}

/// Returns row . weights over [stride] values.
double dot(const float* row, const double* weights, size_t stride) {
  Double2 sums[2] = {};
  for (size_t i = 0; i < stride; i += 4) {
    for (size_t half = 0; half < 2; ++half) {
      Float2 values;
      Double2 factors;
      std::memcpy(&values, row + i + 2 * half, sizeof values);
      std::memcpy(&factors, weights + i + 2 * half, sizeof factors);
      sums[half] += __builtin_convertvector(values, Double2) * factors;
    }
  }
  const Double2 sum = sums[0] + sums[1];
  return sum[0] + sum[1];
}

/// Returns a . b over [count] values.
double dot(const double* a, const double* b, size_t count) {
  Double2 sums{};
  size_t i = 0;
  for (; i + 2 <= count; i += 2) {
    Double2 left, right;
    std::memcpy(&left, a + i, sizeof left);
    std::memcpy(&right, b + i, sizeof right);
    sums += left * right;
  }
  double sum = sums[0] + sums[1];
  for (; i < count; ++i) sum += a[i] * b[i];
  return sum;
}

/// Adds scale * from to `to`, [count].
void add_scaled(double* to, const double* from, double scale, size_t count) {
  const Double2 both{scale, scale};
  size_t i = 0;
  for (; i + 2 <= count; i += 2) {
    Double2 a, b;
    std::memcpy(&a, to + i, sizeof a);
    std::memcpy(&b, from + i, sizeof b);
    a += both * b;
    std::memcpy(to + i, &a, sizeof a);
  }
  for (; i < count; ++i) to[i] += scale * from[i];
}

size_t round_up(size_t value, size_t step) { return (value + step - 1) / step * step; }

}  // namespace

size_t LinearHead::max_factor_for(size_t stride) {
  return std::clamp(kMaxFactorValues / stride, size_t{2}, kMaxFactor);
}

LinearHead::LinearHead(size_t dimension, RowOwner owner)
    : stride_(round_up(dimension, kStep)),
      max_factor_(max_factor_for(stride_)),
      owner_(owner),
      row_(stride_),
      direction_(stride_) {}

void LinearHead::grow() {
  const size_t capacity = std::min(max_factor_, std::max<size_t>(16, capacity_ * 2));
  PaddedBuffer<double> inverse(triangle(capacity)), products(capacity), solution(capacity);
  ids_.reserve(capacity);
  class_of_.reserve(capacity);
  rows_.reserve(capacity);
  std::copy_n(inverse_.data(), triangle(factor_count()), inverse.data());
  inverse_ = std::move(inverse);
  products_ = std::move(products);
  solution_ = std::move(solution);
  capacity_ = capacity;
}

void LinearHead::reserve(size_t class_count) {
  if (factor_count() == capacity_ && capacity_ < max_factor_) grow();
  if (owner_ == RowOwner::Head && copies_.size() == factor_count() && copies_.size() < capacity_) {
    reserve_more(copies_, 1);
    copies_.emplace_back(stride_);
  }
  reserve_more(classes_, class_count > classes_.size() ? class_count - classes_.size() : 0);
  while (classes_.size() < class_count) {
    classes_.push_back({.weights = PaddedBuffer<double>(stride_)});
  }
}

size_t LinearHead::slot_of(ExampleId id) const {
  const auto found = std::find(ids_.begin(), ids_.end(), id);
  return found == ids_.end() ? kNoSlot : static_cast<size_t>(found - ids_.begin());
}

size_t LinearHead::non_empty_count() const {
  return static_cast<size_t>(std::count_if(classes_.begin(), classes_.end(),
                                           [](const Class& each) { return each.count > 0; }));
}

double LinearHead::project(const float* row) noexcept {
  const size_t count = factor_count();
  for (size_t slot = 0; slot < count; ++slot) products_[slot] = dot(row, slot_row(slot), stride_);
  for (size_t slot = 0; slot < count; ++slot) {
    // The row gives the part left of the diagonal and, as a column, the part above it.
    add_scaled(solution_.data(), inverse_row(slot), products_[slot], slot);
    solution_[slot] = dot(inverse_row(slot), products_.data(), slot + 1);
  }
  return dot(solution_.data(), products_.data(), count);
}

void LinearHead::combine_rows(const double* coefficients) noexcept {
  std::fill(direction_.begin(), direction_.end(), 0.0);
  for (size_t first = 0; first < factor_count(); first += kBlockRows) {
    const size_t end = std::min(factor_count(), first + kBlockRows);
    for (size_t i = 0; i < stride_; i += kStep) {
      Float4 sums[4] = {};
      for (size_t slot = first; slot < end; ++slot) {
        const Float4 coefficient = splat4(static_cast<float>(coefficients[slot]));
        const float* const row = slot_row(slot) + i;
        for (size_t lane = 0; lane < 4; ++lane) sums[lane] += coefficient * load4(row + 4 * lane);
      }
      for (size_t lane = 0; lane < kStep; ++lane) {
        direction_[i + lane] += double{sums[lane / 4][lane % 4]};
      }
    }
  }
}

double LinearHead::solve(const float* row) noexcept {
  // inverse * row = (row - rows' * inverse_ * rows * row) / kRidge (Woodbury's identity).
  const double explained = project(row);
  combine_rows(solution_.data());
  for (size_t i = 0; i < stride_; ++i) direction_[i] = (double{row[i]} - direction_[i]) / kRidge;
  return (dot(row, row, stride_) - explained) / kRidge;
}

void LinearHead::add_direction(Class& to, double scale) noexcept {
  add_scaled(to.weights.data(), direction_.data(), scale, stride_);
}

void LinearHead::decrease_count(Class& from) noexcept {
  if (--from.count == 0) std::fill(from.weights.begin(), from.weights.end(), 0.0);
}

void LinearHead::update_weights(const float* row, double scale, uint32_t own) noexcept {
  for (size_t c = 0; c < classes_.size(); ++c) {
    Class& each = classes_[c];
    if (each.count == 0) continue;
    const double target = c == own ? 1 : 0;
    const double residual = dot(row, each.weights.data(), stride_) - target;
    add_direction(each, scale * residual);
  }
}

void LinearHead::add_slot(const float* row, ExampleId id, uint32_t class_index) noexcept {
  const double explained = project(row);
  const size_t count = factor_count();
  // By theory at least kRidge; the limit keeps rounding errors from making it 0.
  const double rest = std::max(dot(row, row, stride_) + kRidge - explained, kRidge / 2);
  combine_rows(solution_.data());
  for (size_t i = 0; i < stride_; ++i) direction_[i] -= double{row[i]};
  update_weights(row, 1 / rest, class_index);
  for (size_t slot = 0; slot < count; ++slot) {
    add_scaled(inverse_row(slot), solution_.data(), solution_[slot] / rest, slot + 1);
    inverse_row(count)[slot] = -solution_[slot] / rest;
  }
  inverse_row(count)[count] = 1 / rest;
  if (owner_ == RowOwner::Head) row = std::copy_n(row, stride_, copies_[count].data()) - stride_;
  rows_.push_back(row);
  ids_.push_back(id);
  class_of_.push_back(class_index);
  ++classes_[class_index].factor_count;
}

void LinearHead::remove_slot(size_t slot, bool is_gone) noexcept {
  const uint32_t class_index = class_of_[slot];
  const size_t last = factor_count() - 1;
  if (slot != last) {
    std::swap(rows_[slot], rows_[last]);
    if (owner_ == RowOwner::Head) std::swap(copies_[slot], copies_[last]);
    std::swap_ranges(inverse_row(slot), inverse_row(slot) + slot, inverse_row(last));
    for (size_t i = slot + 1; i < last; ++i) std::swap(inverse_row(i)[slot], inverse_row(last)[i]);
    std::swap(inverse_row(slot)[slot], inverse_row(last)[last]);
    std::swap(ids_[slot], ids_[last]);
    std::swap(class_of_[slot], class_of_[last]);
  }
  // The column of the removed row: rows' * column = inverse * row.
  std::copy_n(inverse_row(last), last + 1, solution_.data());
  const double corner = solution_[last];
  combine_rows(solution_.data());
  update_weights(slot_row(last), 1 / (kRidge * corner), is_gone ? class_index : kNobody);
  for (size_t i = 0; i < last; ++i) {
    add_scaled(inverse_row(i), solution_.data(), -solution_[i] / corner, i + 1);
  }
  rows_.pop_back();
  ids_.pop_back();
  class_of_.pop_back();
  --classes_[class_index].factor_count;
}

void LinearHead::add(const float* row, ExampleId id, uint32_t class_index) noexcept {
  Class& own = classes_[class_index];
  ++own.count;
  if (factor_count() == max_factor_) {
    const auto largest = std::max_element(
        classes_.begin(), classes_.end(),
        [](const Class& a, const Class& b) { return a.factor_count < b.factor_count; });
    if (own.factor_count + 1 >= largest->factor_count) {
      solve(row);
      add_direction(own, 1);
      return;
    }
    // The factor stays balanced: an example of the largest class makes room, but still counts.
    const auto slot = std::find(class_of_.begin(), class_of_.end(),
                                static_cast<uint32_t>(largest - classes_.begin()));
    remove_slot(static_cast<size_t>(slot - class_of_.begin()), false);
  }
  add_slot(row, id, class_index);
}

void LinearHead::add_sum(const double* sum, size_t count, uint32_t class_index) noexcept {
  Class& own = classes_[class_index];
  own.count += count;
  // Row by row, a sum is a row that isn't of unit length; float rows are exact enough for it.
  for (size_t i = 0; i < stride_; ++i) row_[i] = static_cast<float>(sum[i]);
  solve(row_.data());
  add_direction(own, 1);
}

void LinearHead::follow(ExampleId id, const float* row) noexcept {
  const size_t slot = slot_of(id);
  if (owner_ == RowOwner::Caller && slot != kNoSlot) rows_[slot] = row;
}

void LinearHead::remove(const float* row, ExampleId id, uint32_t class_index) noexcept {
  Class& own = classes_[class_index];
  const size_t slot = slot_of(id);
  if (slot != kNoSlot) {
    remove_slot(slot, true);
  } else {
    solve(row);
    add_direction(own, -1);
  }
  decrease_count(own);
}

void LinearHead::move(const float* row, ExampleId id, uint32_t from, uint32_t to) noexcept {
  const size_t slot = slot_of(id);
  if (slot != kNoSlot) {
    std::copy_n(inverse_row(slot), slot + 1, solution_.data());
    for (size_t i = slot + 1; i < factor_count(); ++i) solution_[i] = inverse_row(i)[slot];
    combine_rows(solution_.data());
    class_of_[slot] = to;
    --classes_[from].factor_count;
    ++classes_[to].factor_count;
  } else {
    solve(row);
  }
  add_direction(classes_[from], -1);
  add_direction(classes_[to], 1);
  ++classes_[to].count;
  decrease_count(classes_[from]);
}

void LinearHead::merge(uint32_t from, uint32_t into) noexcept {
  add_scaled(classes_[into].weights.data(), classes_[from].weights.data(), 1, stride_);
  classes_[into].count += std::exchange(classes_[from].count, 0);
  classes_[into].factor_count += std::exchange(classes_[from].factor_count, 0);
  std::fill(classes_[from].weights.begin(), classes_[from].weights.end(), 0.0);
  std::replace(class_of_.begin(), class_of_.end(), from, into);
}

void LinearHead::erase_class(uint32_t index) noexcept {
  if (index >= classes_.size()) return;
  classes_.erase(classes_.begin() + static_cast<std::ptrdiff_t>(index));
  for (uint32_t& each : class_of_) {
    if (each > index) --each;
  }
}

void LinearHead::scores(const float* row, std::span<double> result) const {
  const double scale = static_cast<double>(factor_count()) /
                       static_cast<double>(std::max<size_t>(1, non_empty_count()));
  for (size_t c = 0; c < result.size(); ++c) {
    const bool known = c < classes_.size() && classes_[c].count > 0;
    result[c] = known ? scale / static_cast<double>(classes_[c].count) *
                            dot(row, classes_[c].weights.data(), stride_)
                      : 0;
  }
}

void LinearHead::scores_without(const float* row, ExampleId id, uint32_t class_index,
                                std::span<double> result) noexcept {
  const size_t slot = slot_of(id);
  // Leverage: row * inverse * row, with and without the row itself in the factor.
  const double leverage = slot == kNoSlot ? solve(row) : 1 - kRidge * inverse_row(slot)[slot];
  const double remaining = slot == kNoSlot ? 1 : 1 - leverage;
  const double factor = static_cast<double>(factor_count() - (slot == kNoSlot ? 0 : 1));
  size_t non_empty = non_empty_count();
  if (classes_[class_index].count == 1) --non_empty;
  const double scale = factor / static_cast<double>(std::max<size_t>(1, non_empty));
  for (size_t c = 0; c < result.size(); ++c) {
    const bool own = c == class_index;
    const size_t count = c < classes_.size() ? classes_[c].count - (own ? 1 : 0) : 0;
    if (count == 0) {
      result[c] = 0;
      continue;
    }
    const double product = dot(row, classes_[c].weights.data(), stride_);
    result[c] = scale / static_cast<double>(count) * (product - (own ? leverage : 0)) / remaining;
  }
}

size_t LinearHead::needed_bytes(size_t dimension, size_t example_count, size_t class_count,
                                RowOwner owner) {
  const size_t stride = round_up(dimension, kStep);
  const size_t capacity =
      std::min(max_factor_for(stride), std::bit_ceil(std::max<size_t>(16, example_count)));
  const size_t copies =
      owner == RowOwner::Head ? capacity * (stride * sizeof(float) + kReadSlack) : 0;
  // Growing the inverse copies one that was a quarter as large.
  return copies + triangle(capacity) * sizeof(double) / 4 * 5 +
         class_count * (sizeof(Class) + stride * sizeof(double) + kReadSlack);
}

size_t LinearHead::memory_bytes() const {
  return (copies_.size() + 1) * stride_ * sizeof(float) + rows_.capacity() * sizeof(float*) +
         (inverse_.size() + products_.size() + solution_.size() + direction_.size()) *
             sizeof(double) +
         ids_.capacity() * sizeof(ExampleId) + class_of_.capacity() * sizeof(uint32_t) +
         classes_.size() * (sizeof(Class) + stride_ * sizeof(double));
}

}  // namespace teachable
