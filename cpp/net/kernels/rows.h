// Rows of a matrix product, as XNNPACK's micro-kernels receive them.
#pragma once

#include <algorithm>
#include <cstddef>

namespace teachable {

/// Inputs of a matrix product: [tap_count][rows_per_tap] addresses of `depth` values. Row i of the
/// product is put together from row i of each tap.
template <typename T>
struct Rows {
  const T* const* rows;
  size_t rows_per_tap;
  size_t depth;
  size_t tap_count;
  size_t offset;  ///< bytes that are added to the address of every row but `zero`
  const T* zero;  ///< row of padding

  /// Returns the address of row i of a tap. Rows beyond the last one repeat it.
  const T* row(size_t tap, size_t i) const {
    const T* const from = rows[tap * rows_per_tap + std::min(i, rows_per_tap - 1)];
    return from == zero ? from
                        : reinterpret_cast<const T*>(reinterpret_cast<const char*>(from) + offset);
  }
};

/// Calls copy(from, count) for the runs of values [first, last) of `kRows` rows from `first_row`
/// on. `from` [kRows] are the addresses of a run in each row. The depth of a tap counts as
/// `tap_depth` steps of `step` values; the last step may be incomplete.
template <size_t kRows, typename T, typename Copy>
void for_each_run(const Rows<T>& inputs, size_t first_row, size_t tap_depth, size_t step,
                  size_t first, size_t last, Copy copy) {
  size_t tap = first / tap_depth;
  size_t start = first % tap_depth;
  while (first < last) {
    const size_t count = std::min(tap_depth - start, last - first);
    const T* from[kRows];
    for (size_t i = 0; i < kRows; ++i) from[i] = inputs.row(tap, first_row + i) + step * start;
    copy(from, count);
    first += count;
    ++tap;
    start = 0;
  }
}

}  // namespace teachable
