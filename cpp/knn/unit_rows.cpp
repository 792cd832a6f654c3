#include "knn/unit_rows.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <new>
#include <utility>

#include "core/float4.h"

namespace teachable {
namespace {

/// Dot products of kRows rows with the query at once: each load of the query serves all of them,
/// and enough sums are under way that the processor waits for memory only. A row's sum does not
/// depend on kRows.
template <size_t kRows>
void dot_rows(const float* rows, size_t stride, const float* query, float* result) {
  std::array<Float4, kRows> even{}, odd{};
  for (size_t i = 0; i < stride; i += 8) {
    const Float4 query_even = load4(query + i), query_odd = load4(query + i + 4);
    for (size_t r = 0; r < kRows; ++r) {
      even[r] += load4(rows + r * stride + i) * query_even;
      odd[r] += load4(rows + r * stride + i + 4) * query_odd;
    }
  }
  for (size_t r = 0; r < kRows; ++r) {
    // Rounding can lift the product of two unit vectors a little above 1.
    result[r] = std::clamp(sum4(even[r] + odd[r]), -1.0f, 1.0f);
  }
}

}  // namespace

double norm_of(std::span<const float> vector) {
  std::array<double, 4> sums{};
  size_t i = 0;
  for (; i + 4 <= vector.size(); i += 4) {
    for (size_t lane = 0; lane < 4; ++lane) {
      const double value = vector[i + lane];
      sums[lane] += value * value;
    }
  }
  for (; i < vector.size(); ++i) sums[0] += double{vector[i]} * vector[i];
  return std::sqrt((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

void UnitRows::write_unit(std::span<const float> vector, double norm, float* row) {
  for (size_t i = 0; i < vector.size(); ++i) row[i] = static_cast<float>(vector[i] / norm);
  std::fill(row + vector.size(), row + stride_of(vector.size()), 0.0f);
}

void UnitRows::reserve_one(size_t dimension) {
  const size_t stride = stride_of(dimension);
  const size_t capacity = data_.size() / stride;
  if (count_ < capacity) return;
  // By a half, not by doubling: a 32-bit address space has to hold the old and the new block.
  const size_t wanted = std::max(count_ + count_ / 2, count_ + 16);
  if (wanted > SIZE_MAX / stride) throw std::bad_alloc();
  PaddedBuffer<float> larger(wanted * stride);
  if (count_ > 0) std::memcpy(larger.data(), data_.data(), count_ * stride * sizeof(float));
  data_ = std::move(larger);
}

void UnitRows::append(std::span<const float> vector, double norm) noexcept {
  dimension_ = vector.size();
  stride_ = stride_of(dimension_);
  write_unit(vector, norm, data_.data() + count_ * stride_);
  ++count_;
}

void UnitRows::copy_row(size_t from, size_t to) noexcept {
  std::memcpy(data_.data() + to * stride_, row(from), stride_ * sizeof(float));
}

void UnitRows::clear() noexcept { *this = UnitRows(); }

void UnitRows::similarities(const float* unit_query, size_t first, std::span<float> result) const {
  constexpr size_t kRows = 4;
  size_t i = 0;
  for (; i + kRows <= result.size(); i += kRows) {
    dot_rows<kRows>(row(first + i), stride_, unit_query, &result[i]);
  }
  for (; i < result.size(); ++i) dot_rows<1>(row(first + i), stride_, unit_query, &result[i]);
}

}  // namespace teachable
