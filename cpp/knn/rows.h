// Storage of L2-normalized rows in three precisions, and their cosine similarities to a query.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/buffer.h"

namespace teachable {

/// Storage format of rows. All formats contain one byte code per value for the scan. Candidates
/// that the scan cannot tell apart are re-ranked in double precision, with all stored bits.
enum class Storage : uint8_t {
  F32,  ///< 5 bytes per value: the float, and a byte code for the scan
  I16,  ///< 2 bytes per value: a 16-bit code with scale and offset per row. The error is at most
        ///< 1/65,000 of the row's range, less than with float16 for embeddings. The scan reads the
        ///< upper byte
  I8,   ///< 1 byte per value: an 8-bit code with scale and offset per row. The error is at most
        ///< 1/500 of the row's range
};

/// Returns the L2 norm of a vector; NaN or infinity when an element is NaN or infinite. Never
/// overflows for finite elements, because it computes in double precision.
double norm_of(std::span<const float> vector);

/// Query, prepared for scan, rescan and re-ranking.
struct RowQuery {
  PaddedBuffer<float> unit;     ///< [stride] the L2-normalized query, padded with zeros
  PaddedBuffer<int16_t> codes;  ///< [stride] unit / scale, rounded
  double scale = 0;
  double error = 0;     ///< length of unit - scale * codes
  double code_sum = 0;  ///< sum of scale * codes
  double sum = 0;       ///< sum of unit

  // For builds with kHasByteDot, codes of 8 bits: (unit - byte_offset) / byte_scale, rounded,
  // 0..127.
  PaddedBuffer<int8_t> bytes;  ///< [stride]; empty in other builds
  double byte_scale = 0, byte_offset = 0;
  double byte_error = 0;  ///< length of unit - (byte_scale * bytes + byte_offset)
  double byte_sum = 0;    ///< sum of byte_scale * bytes
};

/// Matrix of L2-normalized rows, [count, dimension]. Rows are in blocks that never move, so the
/// time for adding a row does not depend on their number. Values are floats, or scale * code +
/// offset with scale and offset per row. Removing a row moves the last row to its place.
class Rows {
 public:
  /// Creates an empty matrix.
  explicit Rows(Storage storage) : storage_(storage) {}

  /// Storage format of the rows.
  Storage storage() const { return storage_; }
  /// Number of rows.
  size_t count() const { return scales_.size(); }
  /// Number of values per row; 0 when there are no rows.
  size_t dimension() const { return count() > 0 ? dimension_ : 0; }
  /// Allocated memory, including the unused part, in bytes.
  size_t memory_bytes() const;

  /// Returns true when reserve() would allocate nothing for the rows' values.
  bool has_room(size_t more, size_t dimension) const {
    return dimension == dimension_ && count() + more <= blocks_.size() * kBlockRows;
  }
  /// Reserves room for `more` further rows. `dimension` must be that of the existing rows, if there
  /// are any. Throws std::bad_alloc or std::length_error; only unused memory may have changed then.
  void reserve(size_t more, size_t dimension);
  /// Frees the memory of rows that were reserved and not appended.
  void free_unused() noexcept;
  /// Appends vector / norm in room that reserve() made. `norm` must be norm_of(vector), finite and
  /// > 0.
  void append(std::span<const float> vector, double norm) noexcept;
  /// Removes row i; the last row takes its place.
  void remove(size_t i) noexcept;
  /// Changes the storage format of all rows. Their order stays. To a smaller format it needs next
  /// to no memory and frees memory as it goes; to a larger one it first allocates what the new
  /// format adds. Throws std::bad_alloc or std::length_error before anything changed.
  void convert(Storage storage);
  /// Removes all rows and frees their memory. Any dimension is allowed afterwards.
  void clear() noexcept { *this = Rows(storage_); }

  /// Size of a row as written by write_row(), in bytes. All numbers are little-endian:
  /// - F32: [dimension] floats
  /// - I16: scale and offset (floats), [dimension] upper bytes, [dimension] lower bytes
  /// - I8: scale and offset (floats), [dimension] bytes
  size_t row_bytes() const { return row_bytes(storage_, dimension_); }
  static size_t row_bytes(Storage storage, size_t dimension);
  /// Writes row i to [row_bytes()] bytes.
  void write_row(size_t i, std::byte* bytes) const;
  /// Appends a row in the format of write_row(), in room that reserve() made. Rows from write_row()
  /// are restored bit by bit; less exact rows are normalized. Returns false and appends nothing
  /// when a value is not finite or the length differs from 1 by more than 5e-4.
  bool append_row(const std::byte* bytes) noexcept;
  /// Writes the values of row i to `values` [dimension].
  void decode(size_t i, float* values) const { decode(storage_, i, values); }
  /// Returns the values of row i of an F32 matrix, padded with zeros to a multiple of kDotStep;
  /// null for other formats. They stay where they are until the row is removed, or another row that
  /// takes its place.
  const float* values(size_t i) const {
    return storage_ == Storage::F32 ? at(&Block::values, i) : nullptr;
  }

  /// Returns the query vector / norm, prepared for this matrix. Throws std::bad_alloc.
  RowQuery make_query(std::span<const float> vector, double norm) const;
  /// First pass: writes approximate cosines of [result.size()] rows, starting with row `first`.
  /// Each differs from similarity() by at most scan_margin().
  void scan(const RowQuery& query, size_t first, std::span<float> result) const;
  /// Maximum error of scan() for row i.
  double scan_margin(const RowQuery& query, size_t i) const {
    return scan_margin(query, row_error(i));
  }
  /// Maximum error of scan() for any row.
  double largest_scan_margin(const RowQuery& query) const {
    return scan_margin(query, double{largest_error_});
  }
  /// Returns true when scan() uses the 8-bit codes of the query, so that rescan() is more exact.
  bool coarse(const RowQuery& query) const { return !query.bytes.empty(); }
  /// Second pass, only useful after a coarse() scan: returns the cosine to row i, computed with the
  /// 16-bit codes of the query. It differs from similarity() by at most margin().
  float rescan(const RowQuery& query, size_t i) const;
  /// Maximum error of rescan() for row i.
  double margin(const RowQuery& query, size_t i) const;
  /// Last pass: returns the cosine to row i, -1..1, computed in double precision and rounded once.
  /// Equal rows have equal results, in every build.
  float similarity(const RowQuery& query, size_t i) const;

 private:
  static constexpr size_t kBlockRows = 64;

  struct Block {
    PaddedBuffer<int8_t> codes;  ///< [kBlockRows, stride] codes; I16: their upper bytes
    PaddedBuffer<float> values;  ///< [kBlockRows, stride] F32: the values; else empty
    PaddedBuffer<int8_t> lower;  ///< [kBlockRows, stride] I16: lower bytes of the codes; else empty
  };

  /// Returns the dimension rounded up to a multiple of kDotStep.
  static size_t stride_of(size_t dimension);
  /// Maximum |length² - 1| of a row due to rounding.
  double length_error() const;
  template <typename T>
  T* at(PaddedBuffer<T> Block::* plane, size_t i) {
    return (blocks_[i / kBlockRows].*plane).data() + i % kBlockRows * stride_;
  }
  template <typename T>
  const T* at(PaddedBuffer<T> Block::* plane, size_t i) const {
    return (blocks_[i / kBlockRows].*plane).data() + i % kBlockRows * stride_;
  }
  /// Value of one unit of the scanned byte: 256 for I16, whose upper byte is scanned, else 1.
  double code_unit() const { return storage_ == Storage::I16 ? 256 : 1; }
  double row_error(size_t i) const { return errors_.empty() ? 0 : errors_[i]; }
  double scan_margin(const RowQuery& query, double row_error) const;
  /// Writes scale, offset, error and sum of row i, whose codes were just written. Row count() is a
  /// new one, for which reserve() made room.
  void put_entry(size_t i, float scale, float offset, double error) noexcept;
  void pop_entry() noexcept;
  /// Writes a row of length 1 in the matrix' format. `unit` may be the row's values in an F32
  /// matrix.
  void put_unit(size_t i, const float* unit) noexcept;
  /// Writes row i of an I16 or I8 matrix.
  void put_quantized(size_t i, const float* unit) noexcept;
  /// Writes the byte codes of row i of an F32 matrix, which has its values already.
  void put_codes(size_t i, const float* unit) noexcept;
  /// Writes the values of row i, stored as `storage`, to `values` [dimension].
  void decode(Storage storage, size_t i, float* values) const noexcept;
  /// Returns the planes of a block in the format storage_. When there is no memory for new ones,
  /// they are those of the block's `old` format. `added` has what only a larger format needs.
  Block planes_for(Block old, Block added) const noexcept;
  void copy_row(size_t from, size_t to) noexcept;

  Storage storage_;
  size_t dimension_ = 0, stride_ = 0;
  double margin_slack_ =
      0;  ///< relative increase of margins, because rows are not exactly of unit length
  std::vector<Block> blocks_;
  // [count] each. A code c of a row represents the value scale * c + offset.
  std::vector<float> scales_, offsets_;
  std::vector<float> errors_;   ///< length of row minus what its scanned bytes represent; empty for
                                ///< I8, where it is 0
  std::vector<float> sums_;     ///< sum of what the row's scanned bytes represent; empty without
                                ///< kHasByteDot
  float largest_error_ = 0;     ///< maximum of errors_ since the matrix was empty
  float largest_sum_ = 0;       ///< maximum absolute value of sums_ since the matrix was empty
  std::vector<float> scratch_;  ///< [stride] the row that is being appended
};

}  // namespace teachable
