// The examples' vectors: unit rows in blocks, in three precisions, and their cosines to a query.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/buffer.h"

namespace teachable {

/// What is kept of each value of a row. All of them are scanned as bytes; what the scan can't tell
/// apart is compared with all that is kept, in double precision.
enum class Storage : uint8_t {
  F32,  ///< 5 bytes: the float and the byte that the scan reads. Similarities exact to a float.
  I16,  ///< 2 bytes: a 16-bit number of the row's own scale; within 1/65,000 of the row's range,
        ///< which for embeddings is closer than half floats. The scan reads the upper byte.
  I8,   ///< 1 byte: an 8-bit number of the row's own scale; within 1/500 of the row's range.
};

/// The length of a vector, or NaN or infinity when an element is one. Elements of any float size: a
/// double's range holds their squares.
double norm_of(std::span<const float> vector);

/// A query as both passes want it.
struct RowQuery {
  PaddedBuffer<float> unit;     ///< [stride]
  PaddedBuffer<int16_t> codes;  ///< [stride], unit / scale
  double scale = 0;
  double error = 0;              ///< |unit - scale * codes|
  double code_sum = 0, sum = 0;  ///< of scale * codes, of unit

  // For builds with an instruction for bytes: (unit - byte_offset) / byte_scale, 0..127.
  PaddedBuffer<int8_t> bytes;  ///< [stride]; empty where the build has none
  double byte_scale = 0, byte_offset = 0;
  double byte_error = 0;  ///< |unit - (byte_scale * bytes + byte_offset)|
  double byte_sum = 0;    ///< of byte_scale * bytes
};

/// [count, dimension] in blocks that never move, so adding costs the same however many there are.
/// A stored row is unit length: as float values, or as scale * code + offset with the row's own
/// scale and offset. Removing puts the last row into the gap.
class Rows {
 public:
  explicit Rows(Storage storage) : storage_(storage) {}

  Storage storage() const { return storage_; }
  size_t count() const { return scales_.size(); }
  size_t dimension() const { return count() > 0 ? dimension_ : 0; }  ///< 0 without rows
  /// Of all blocks and tables, the unused part included.
  size_t memory_bytes() const;

  /// Makes room for `more` rows of this dimension, which is the rows' if there are any. Throws
  /// std::bad_alloc; then nothing has changed but unused memory.
  void reserve(size_t more, size_t dimension);
  /// Adds vector / norm in the room that reserve() made.
  void append(std::span<const float> vector, double norm) noexcept;
  /// Takes row i out; the last row takes its place.
  void remove(size_t i) noexcept;
  /// Drops all rows, their memory and their dimension.
  void clear() noexcept { *this = Rows(storage_); }

  /// Bytes of a row as write_row() puts it down, little-endian: F32 [dimension] floats; I16 scale,
  /// offset (float), [dimension] upper and [dimension] lower bytes; I8 scale, offset, [dimension]
  /// bytes.
  size_t row_bytes() const { return row_bytes(storage_, dimension_); }
  static size_t row_bytes(Storage storage, size_t dimension);
  void write_row(size_t i, std::byte* bytes) const;
  /// Adds such a row in the room that reserve() made, one of write_row() to the bit. Returns
  /// whether it is one: finite and of unit length, to 5e-4; if not, nothing is added. What is
  /// farther from unit length than write_row()'s rows is scaled to it.
  bool append_row(const std::byte* bytes) noexcept;
  /// The row's [dimension] values.
  void decode(size_t i, float* values) const;

  /// Throws std::bad_alloc.
  RowQuery make_query(std::span<const float> vector, double norm) const;
  /// First pass: the cosine of each of the rows first, first + 1, ..., within scan_margin() of
  /// similarity().
  void scan(const RowQuery& query, size_t first, std::span<float> result) const;
  double scan_margin(const RowQuery& query, size_t i) const {
    return scan_margin(query, row_error(i));
  }
  /// The greatest scan_margin() of all rows.
  double largest_scan_margin(const RowQuery& query) const {
    return scan_margin(query, double{largest_error_});
  }
  /// Second pass, where the first is coarse(): the cosine to row i within margin().
  bool coarse(const RowQuery& query) const { return !query.bytes.empty(); }
  float rescan(const RowQuery& query, size_t i) const;
  double margin(const RowQuery& query, size_t i) const;
  /// Last pass: the cosine to row i, -1..1, summed in double and rounded once. Equal rows give
  /// equal results, in every build.
  float similarity(const RowQuery& query, size_t i) const;

 private:
  static constexpr size_t kBlockRows = 64;

  struct Block {
    PaddedBuffer<int8_t> codes;  ///< [kBlockRows, stride]; of I16 the upper bytes
    PaddedBuffer<float> values;  ///< [kBlockRows, stride] of F32, else empty
    PaddedBuffer<int8_t> lower;  ///< [kBlockRows, stride] of I16, else empty
  };

  static size_t stride_of(size_t dimension);
  /// The largest |length² - 1| that the rounding of a row leaves.
  double length_error() const;
  template <typename T>
  T* at(PaddedBuffer<T> Block::* plane, size_t i) {
    return (blocks_[i / kBlockRows].*plane).data() + i % kBlockRows * stride_;
  }
  template <typename T>
  const T* at(PaddedBuffer<T> Block::* plane, size_t i) const {
    return (blocks_[i / kBlockRows].*plane).data() + i % kBlockRows * stride_;
  }
  /// Of I16 a byte is the upper one, worth 256.
  double byte_worth() const { return storage_ == Storage::I16 ? 256 : 1; }
  double row_error(size_t i) const { return errors_.empty() ? 0 : errors_[i]; }
  double scan_margin(const RowQuery& query, double row_error) const;
  /// The row's scale, offset, error; the sum of its values as the scan sees them.
  void push_entry(float scale, float offset, double error);
  void pop_entry() noexcept;
  void append_quantized(const float* unit);
  /// F32: bytes and error of the values of the row to come.
  void append_shadow(const float* unit);
  void copy_row(size_t from, size_t to) noexcept;

  Storage storage_;
  size_t dimension_ = 0, stride_ = 0;
  double length_slack_ = 0;  ///< what margins are larger for it
  std::vector<Block> blocks_;
  // [count] each; a row's byte c stands for scale * c + offset.
  std::vector<float> scales_, offsets_;
  std::vector<float> errors_;  ///< |row - what its bytes stand for|; empty of I8, where it is 0
  std::vector<float> sums_;    ///< of what the row's bytes stand for; empty where the build has no
                               ///< instruction for bytes
  float largest_error_ = 0, largest_sum_ = 0;  ///< of any row since the store was empty
  std::vector<float> scratch_;                 ///< [stride] the row that is being added
};

}  // namespace teachable
