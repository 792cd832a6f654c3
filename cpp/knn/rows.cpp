#include "knn/rows.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <new>
#include <utility>

#include "knn/dot.h"
#include "knn/reserve_more.h"

namespace teachable {
namespace {

static_assert(std::endian::native == std::endian::little,
              "rows are written in the byte order of memory");

/// Vector of two doubles. The order of additions is the same in every build.
using Double2 [[gnu::vector_size(16)]] = double;

/// Returns the sum of value(i) * query[i] over [stride] elements, in double precision.
template <typename Value>
double dot_exact(size_t stride, const float* query, Value value) {
  std::array<Double2, 4> sums{};
  for (size_t i = 0; i < stride; i += 8) {
    for (size_t j = 0; j < 4; ++j) {
      const size_t at = i + 2 * j;
      sums[j] += Double2{static_cast<double>(value(at)), static_cast<double>(value(at + 1))} *
                 Double2{double{query[at]}, double{query[at + 1]}};
    }
  }
  const Double2 sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  return sum[0] + sum[1];
}

/// Minimum and maximum of some values.
struct Range {
  float low, high;
};

Range range_of(const float* values, size_t count) {
  // Four independent lanes, because a single running minimum is a chain of dependent operations.
  std::array<float, 4> low, high;
  low.fill(values[0]);
  high.fill(values[0]);
  size_t i = 0;
  for (; i + 4 <= count; i += 4) {
    for (size_t lane = 0; lane < 4; ++lane) {
      low[lane] = values[i + lane] < low[lane] ? values[i + lane] : low[lane];
      high[lane] = values[i + lane] > high[lane] ? values[i + lane] : high[lane];
    }
  }
  for (; i < count; ++i) {
    low[0] = std::min(low[0], values[i]);
    high[0] = std::max(high[0], values[i]);
  }
  return {*std::min_element(low.begin(), low.end()), *std::max_element(high.begin(), high.end())};
}

/// Rounds to the nearest integer; requires |value| < 2^22. The addition rounds, because the sum has
/// no bits for a fraction.
int32_t round_small(float value) {
  constexpr float kNoFraction = 12582912.0f;  // 1.5 * 2^23
  return std::bit_cast<int32_t>(value + kNoFraction) - std::bit_cast<int32_t>(kNoFraction);
}

/// Computes the byte codes of a query, for builds with kHasByteDot.
void add_bytes(RowQuery& query, size_t dimension, size_t stride) {
  query.bytes = PaddedBuffer<int8_t>(stride);
  const Range range = range_of(query.unit.data(), dimension);
  query.byte_offset = range.low;
  query.byte_scale = (double{range.high} - range.low) / 127;
  const double inverse = query.byte_scale > 0 ? 1 / query.byte_scale : 0;
  double square = 0;
  for (size_t i = 0; i < dimension; ++i) {
    const double byte =
        std::clamp(std::nearbyint((query.unit[i] - query.byte_offset) * inverse), 0.0, 127.0);
    query.bytes[i] = static_cast<int8_t>(byte);
    const double error = query.unit[i] - (query.byte_scale * byte + query.byte_offset);
    square += error * error;
    query.byte_sum += query.byte_scale * byte;
  }
  query.byte_error = std::sqrt(square);
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

size_t Rows::stride_of(size_t dimension) {
  return (dimension + kDotStep - 1) / kDotStep * kDotStep;
}

double Rows::length_error() const {
  // F32: rounding changes each value by at most 2^-24 of itself. I16 and I8: rounding changes scale
  // and offset, hence each value, which is at most 1, by up to 2^-23. The length of the difference
  // is at most 2^-23 * sqrt(dimension).
  if (storage_ == Storage::F32) return 5e-7;
  return 1e-6 + 2.5e-7 * std::sqrt(static_cast<double>(dimension_));
}

size_t Rows::memory_bytes() const {
  size_t bytes =
      blocks_.capacity() * sizeof(Block) + scratch_.capacity() * sizeof(float) +
      (scales_.capacity() + offsets_.capacity() + errors_.capacity() + sums_.capacity()) *
          sizeof(float);
  for (const Block& block : blocks_) {
    bytes += block.codes.size() + block.values.size() * sizeof(float) + block.lower.size();
  }
  return bytes;
}

[[clang::minsize]] void Rows::reserve(size_t more, size_t dimension) {
  const size_t stride = stride_of(dimension);
  if (stride > SIZE_MAX / sizeof(float) / kBlockRows) throw std::bad_alloc();
  if (count() == 0 && dimension != dimension_) {
    // An earlier call may have reserved rows of another dimension that were never appended.
    std::vector<float> scratch(stride);
    clear();
    scratch_.swap(scratch);
    dimension_ = dimension;
    stride_ = stride;
    margin_slack_ = 1e-5 + length_error();
  }
  reserve_more(scales_, more);
  reserve_more(offsets_, more);
  if (storage_ != Storage::I8) reserve_more(errors_, more);
  if (kHasByteDot) reserve_more(sums_, more);
  const size_t block_count = (count() + more + kBlockRows - 1) / kBlockRows;
  reserve_more(blocks_, block_count > blocks_.size() ? block_count - blocks_.size() : 0);
  const size_t size = kBlockRows * stride;
  while (blocks_.size() < block_count) {
    Block block;
    block.codes = PaddedBuffer<int8_t>(size);
    if (storage_ == Storage::F32) block.values = PaddedBuffer<float>(size);
    if (storage_ == Storage::I16) block.lower = PaddedBuffer<int8_t>(size);
    blocks_.push_back(std::move(block));
  }
}

void Rows::free_unused() noexcept {
  while (blocks_.size() > (count() + kBlockRows - 1) / kBlockRows) blocks_.pop_back();
}

void Rows::append(std::span<const float> vector, double norm) noexcept {
  const double inverse = 1 / norm;
  float* unit = storage_ == Storage::F32 ? at(&Block::values, count()) : scratch_.data();
  for (size_t i = 0; i < vector.size(); ++i) unit[i] = static_cast<float>(vector[i] * inverse);
  put_unit(count(), unit);
}

void Rows::put_unit(size_t i, const float* unit) noexcept {
  if (storage_ == Storage::F32) {
    put_codes(i, unit);
  } else {
    put_quantized(i, unit);
  }
}

void Rows::put_codes(size_t row, const float* unit) noexcept {
  const Range range = range_of(unit, dimension_);
  const float offset = (range.low + range.high) / 2;
  const float scale = (range.high - range.low) / 254;
  const float inverse = scale > 0 ? 1 / scale : 0;
  int8_t* codes = at(&Block::codes, row);
  std::array<double, 4> squares{};
  const auto one = [&](size_t i, double& square) {
    const int32_t code = std::clamp(round_small((unit[i] - offset) * inverse), -127, 127);
    codes[i] = static_cast<int8_t>(code);
    const double error = unit[i] - (double{scale} * code + offset);
    square += error * error;
  };
  size_t i = 0;
  for (; i + 4 <= dimension_; i += 4) {
    for (size_t lane = 0; lane < 4; ++lane) one(i + lane, squares[lane]);
  }
  for (; i < dimension_; ++i) one(i, squares[0]);
  const double error = std::sqrt((squares[0] + squares[1]) + (squares[2] + squares[3]));
  put_entry(row, scale, offset, error);
}

void Rows::put_quantized(size_t row, const float* unit) noexcept {
  const bool wide = storage_ == Storage::I16;
  const int32_t limit = wide ? 127 * 256 : 127;
  const Range range = range_of(unit, dimension_);
  const float offset = (range.low + range.high) / 2;
  const float scale = (range.high - range.low) / (2.0f * static_cast<float>(limit));
  const float inverse = scale > 0 ? 1 / scale : 0;
  int8_t* codes = at(&Block::codes, row);
  int8_t* lower = wide ? at(&Block::lower, row) : nullptr;
  double square = 0, lower_square = 0;
  for (size_t i = 0; i < dimension_; ++i) {
    const int32_t code = std::clamp(round_small((unit[i] - offset) * inverse), -limit, limit);
    const double value = double{scale} * code + offset;
    square += value * value;
    if (!wide) {
      codes[i] = static_cast<int8_t>(code);
      continue;
    }
    const int32_t upper = (code + 128) >> 8;
    codes[i] = static_cast<int8_t>(upper);
    lower[i] = static_cast<int8_t>(code - 256 * upper);
    lower_square += double{static_cast<float>(lower[i])} * lower[i];
  }
  // The memory may have held something else, see planes_for().
  if (wide) std::memset(lower + dimension_, 0, stride_ - dimension_);
  // The quantized row is scaled to unit length, so its product with a unit query is the cosine.
  const double norm = std::sqrt(square);
  put_entry(row, static_cast<float>(scale / norm), static_cast<float>(offset / norm),
            scale / norm * std::sqrt(lower_square));
}

void Rows::copy_row(size_t from, size_t to) noexcept {
  std::memcpy(at(&Block::codes, to), at(&Block::codes, from), stride_);
  if (storage_ == Storage::F32) {
    std::memcpy(at(&Block::values, to), at(&Block::values, from), stride_ * sizeof(float));
  }
  if (storage_ == Storage::I16) {
    std::memcpy(at(&Block::lower, to), at(&Block::lower, from), stride_);
  }
  scales_[to] = scales_[from];
  offsets_[to] = offsets_[from];
  if (!errors_.empty()) errors_[to] = errors_[from];
  if (!sums_.empty()) sums_[to] = sums_[from];
}

void Rows::put_entry(size_t i, float scale, float offset, double error) noexcept {
  const bool is_new = i == count();
  if (kHasByteDot) {
    const int8_t* codes = at(&Block::codes, i);
    int32_t code_sum = 0;
    for (size_t at = 0; at < dimension_; ++at) code_sum += codes[at];
    const auto sum = static_cast<float>(code_unit() * scale * code_sum +
                                        double{offset} * static_cast<double>(dimension_));
    if (is_new) sums_.push_back(0);
    sums_[i] = sum;
    largest_sum_ = std::max(largest_sum_, std::abs(sum));
  }
  if (storage_ != Storage::I8) {
    if (is_new) errors_.push_back(0);
    errors_[i] = static_cast<float>(error);
    largest_error_ = std::max(largest_error_, errors_[i]);
  }
  if (is_new) {
    offsets_.push_back(0);
    scales_.push_back(0);  // last, because count() is its size
  }
  offsets_[i] = offset;
  scales_[i] = scale;
}

void Rows::pop_entry() noexcept {
  scales_.pop_back();
  offsets_.pop_back();
  if (!errors_.empty()) errors_.pop_back();
  if (!sums_.empty()) sums_.pop_back();
}

void Rows::remove(size_t i) noexcept {
  const size_t last = count() - 1;
  if (i != last) copy_row(last, i);
  pop_entry();
  if (last == 0) {
    clear();
    return;
  }
  // One spare block is kept, so that alternately removing and adding does not allocate each time.
  while (blocks_.size() > (last + kBlockRows - 1) / kBlockRows + 1) blocks_.pop_back();
}

size_t Rows::row_bytes(Storage storage, size_t dimension) {
  switch (storage) {
    case Storage::F32:
      return dimension * sizeof(float);
    case Storage::I16:
      return 2 * sizeof(float) + 2 * dimension;
    case Storage::I8:
      return 2 * sizeof(float) + dimension;
  }
  return 0;
}

void Rows::write_row(size_t i, std::byte* bytes) const {
  if (storage_ == Storage::F32) {
    std::memcpy(bytes, at(&Block::values, i), dimension_ * sizeof(float));
    return;
  }
  std::memcpy(bytes, &scales_[i], sizeof(float));
  std::memcpy(bytes + sizeof(float), &offsets_[i], sizeof(float));
  bytes += 2 * sizeof(float);
  std::memcpy(bytes, at(&Block::codes, i), dimension_);
  if (storage_ == Storage::I16) std::memcpy(bytes + dimension_, at(&Block::lower, i), dimension_);
}

[[clang::minsize]] bool Rows::append_row(const std::byte* bytes) noexcept {
  const auto is_unit = [](double square) { return std::abs(square - 1) < 1e-3; };
  // Rows of other writers may be less exact. A length of 1.0004 would increase all similarities and
  // exceed the bound of margin().
  const auto is_exact = [&](double square) { return std::abs(square - 1) <= length_error(); };
  if (storage_ == Storage::F32) {
    float* unit = at(&Block::values, count());
    std::memcpy(unit, bytes, dimension_ * sizeof(float));
    const double norm = norm_of({unit, dimension_});
    if (!is_unit(norm * norm)) return false;
    if (!is_exact(norm * norm)) {
      for (size_t i = 0; i < dimension_; ++i) unit[i] = static_cast<float>(unit[i] / norm);
    }
    put_codes(count(), unit);
    return true;
  }
  float scale, offset;
  std::memcpy(&scale, bytes, sizeof scale);
  std::memcpy(&offset, bytes + sizeof scale, sizeof offset);
  bytes += sizeof scale + sizeof offset;
  int8_t* codes = at(&Block::codes, count());
  std::memcpy(codes, bytes, dimension_);
  int8_t* lower = nullptr;
  if (storage_ == Storage::I16) {
    lower = at(&Block::lower, count());
    std::memcpy(lower, bytes + dimension_, dimension_);
  }
  double square = 0, lower_square = 0;
  bool in_range = scale >= 0;
  for (size_t i = 0; i < dimension_; ++i) {
    double code = codes[i];
    in_range = in_range && codes[i] >= -127;
    if (lower != nullptr) {
      code = code * 256 + lower[i];
      lower_square += double{static_cast<float>(lower[i])} * lower[i];
    }
    const double value = scale * code + offset;
    square += value * value;
  }
  if (!in_range || !is_unit(square)) return false;
  if (!is_exact(square)) {
    scale = static_cast<float>(scale / std::sqrt(square));
    offset = static_cast<float>(offset / std::sqrt(square));
  }
  put_entry(count(), scale, offset, scale * std::sqrt(lower_square));
  return true;
}

void Rows::decode(Storage storage, size_t i, float* values) const noexcept {
  if (storage == Storage::F32) {
    std::memcpy(values, at(&Block::values, i), dimension_ * sizeof(float));
    return;
  }
  const int8_t* codes = at(&Block::codes, i);
  const int8_t* lower = storage == Storage::I16 ? at(&Block::lower, i) : nullptr;
  for (size_t at = 0; at < dimension_; ++at) {
    const int32_t code = lower != nullptr ? codes[at] * 256 + lower[at] : codes[at];
    values[at] = static_cast<float>(double{scales_[i]} * code + offsets_[i]);
  }
}

[[clang::minsize]] void Rows::convert(Storage storage) {
  const Storage old = storage_;
  if (storage == old) return;
  if (count() == 0) {
    *this = Rows(storage);
    return;
  }
  // Everything that may throw comes first.
  const size_t size = kBlockRows * stride_;
  std::vector<float> units(size);
  std::vector<Block> added;
  if (storage < old) {
    added.resize(blocks_.size());
    for (Block& block : added) {
      if (storage == Storage::F32) block.values = PaddedBuffer<float>(size);
      if (storage == Storage::I16) block.lower = PaddedBuffer<int8_t>(size);
    }
  }
  std::vector<float> errors;
  if (old == Storage::I8) {
    errors.reserve(scales_.capacity());
    errors.resize(count());
  }
  if (old == Storage::I8 || storage == Storage::I8) errors_.swap(errors);

  free_unused();
  storage_ = storage;
  margin_slack_ = 1e-5 + length_error();
  largest_error_ = largest_sum_ = 0;
  for (size_t b = 0; b < blocks_.size(); ++b) {
    const size_t first = b * kBlockRows, end = std::min(count(), first + kBlockRows);
    for (size_t i = first; i < end; ++i) decode(old, i, &units[(i - first) * stride_]);
    blocks_[b] = planes_for(std::move(blocks_[b]), added.empty() ? Block{} : std::move(added[b]));
    for (size_t i = first; i < end; ++i) {
      float* unit = &units[(i - first) * stride_];
      if (storage == Storage::F32) {
        const double norm = norm_of({unit, dimension_});
        float* row = at(&Block::values, i);
        for (size_t at = 0; at < dimension_; ++at) row[at] = static_cast<float>(unit[at] / norm);
        unit = row;
      }
      put_unit(i, unit);
    }
  }
}

[[clang::minsize]] Rows::Block Rows::planes_for(Block old, Block added) const noexcept {
  Block block;
  if (storage_ == Storage::F32) {
    block.codes = std::move(old.codes);
    block.values = std::move(added.values);
    return block;
  }
  // New planes end in a row, so that what is freed is in one piece and can hold more examples.
  try {
    block.codes = PaddedBuffer<int8_t>(kBlockRows * stride_);
    if (storage_ == Storage::I16) block.lower = PaddedBuffer<int8_t>(kBlockRows * stride_);
    return block;
  } catch (const std::bad_alloc&) {
    block.codes = std::move(old.codes);
    block.lower = {};
  }
  if (storage_ == Storage::I16) {
    block.lower =
        added.lower.empty() ? PaddedBuffer<int8_t>(std::move(old.values)) : std::move(added.lower);
  }
  return block;
}

RowQuery Rows::make_query(std::span<const float> vector, double norm) const {
  RowQuery query;
  query.unit = PaddedBuffer<float>(stride_);
  query.codes = PaddedBuffer<int16_t>(stride_);
  const double inverse = 1 / norm;
  float largest = 0;
  for (size_t i = 0; i < vector.size(); ++i) {
    query.unit[i] = static_cast<float>(vector[i] * inverse);
    largest = std::max(largest, std::abs(query.unit[i]));
  }
  const int32_t limit = dot_query_limit(stride_);
  query.scale = double{largest} / limit;
  double square = 0, code_sum = 0;
  for (size_t i = 0; i < vector.size(); ++i) {
    const auto code = static_cast<int32_t>(
        std::clamp(std::nearbyint(query.unit[i] / query.scale), -1.0 * limit, 1.0 * limit));
    query.codes[i] = static_cast<int16_t>(code);
    const double error = query.unit[i] - query.scale * code;
    square += error * error;
    code_sum += code;
    query.sum += query.unit[i];
  }
  query.error = std::sqrt(square);
  query.code_sum = query.scale * code_sum;
  if (kHasByteDot && stride_ <= kByteDotLimit) add_bytes(query, vector.size(), stride_);
  return query;
}

void Rows::scan(const RowQuery& query, size_t first, std::span<float> result) const {
  if (coarse(query)) {
    const double scale = query.byte_scale * code_unit();
    for (size_t i = first; i < first + result.size(); ++i) {
      const int64_t sum = dot_bytes(at(&Block::codes, i), stride_, query.bytes.data());
      result[i - first] =
          static_cast<float>(scale * scales_[i] * static_cast<double>(sum) +
                             offsets_[i] * query.byte_sum + query.byte_offset * sums_[i]);
    }
  } else {
    for (size_t i = first; i < first + result.size(); ++i) result[i - first] = rescan(query, i);
  }
}

float Rows::rescan(const RowQuery& query, size_t i) const {
  const int64_t sum = dot(at(&Block::codes, i), stride_, query.codes.data());
  return static_cast<float>(query.scale * code_unit() * scales_[i] * static_cast<double>(sum) +
                            offsets_[i] * query.code_sum);
}

// Error bound of approximate similarities. Let q' and r' be the values that the codes of query and
// row represent. Then query * row = q' * r' + q' * (row - r') + (query - q') * row, and each of the
// last two terms is at most the product of the lengths of its factors. The added constants cover
// the rounding of lengths, sums and results to floats.

double Rows::margin(const RowQuery& query, size_t i) const {
  return ((1 + query.error) * row_error(i) + query.error) * (1 + margin_slack_) + 5e-7;
}

double Rows::scan_margin(const RowQuery& query, double row_error) const {
  const double query_error = coarse(query) ? query.byte_error : query.error;
  const double sum_rounding = std::abs(query.byte_offset) * largest_sum_ * 1e-7;
  return ((1 + query_error) * row_error + query_error) * (1 + margin_slack_) + 5e-7 + sum_rounding;
}

float Rows::similarity(const RowQuery& query, size_t i) const {
  double cosine = 0;
  const float* unit = query.unit.data();
  const int8_t* codes = at(&Block::codes, i);
  switch (storage_) {
    case Storage::F32: {
      const float* values = at(&Block::values, i);
      cosine = dot_exact(stride_, unit, [&](size_t at) { return values[at]; });
      break;
    }
    case Storage::I16: {
      const int8_t* lower = at(&Block::lower, i);
      const double dot =
          dot_exact(stride_, unit, [&](size_t at) { return int32_t{codes[at]} * 256 + lower[at]; });
      cosine = scales_[i] * dot + offsets_[i] * query.sum;
      break;
    }
    case Storage::I8:
      cosine =
          scales_[i] * dot_exact(stride_, unit, [&](size_t at) { return int32_t{codes[at]}; }) +
          offsets_[i] * query.sum;
      break;
  }
  // Rounding can make the product of two unit vectors slightly greater than 1.
  return static_cast<float>(std::clamp(cosine, -1.0, 1.0));
}

}  // namespace teachable
