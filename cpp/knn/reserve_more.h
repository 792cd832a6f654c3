// Growth of the vectors that are stored beside the rows.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace teachable {

/// Reserves room for `more` further elements. Capacity grows by a quarter, not by a factor of two,
/// to limit unused memory. Throws std::bad_alloc or std::length_error.
template <typename T>
void reserve_more(std::vector<T>& vector, size_t more) {
  const size_t wanted = vector.size() + more;
  if (wanted > vector.capacity()) {
    vector.reserve(std::max(wanted, vector.capacity() + vector.capacity() / 4 + 16));
  }
}

}  // namespace teachable
