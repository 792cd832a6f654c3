// How the tables beside the rows grow.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace teachable {

/// Room for `more` elements. By a quarter, so that the tables too keep to the memory that is
/// promised. Throws std::bad_alloc or std::length_error.
template <typename T>
void reserve_more(std::vector<T>& vector, size_t more) {
  const size_t wanted = vector.size() + more;
  if (wanted > vector.capacity()) {
    vector.reserve(std::max(wanted, vector.capacity() + vector.capacity() / 4 + 16));
  }
}

}  // namespace teachable
