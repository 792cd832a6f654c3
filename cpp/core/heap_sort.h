// A small sort for places where code size matters more than speed.
#pragma once

#include <algorithm>
#include <functional>

namespace teachable {

/// Sorts like std::ranges::sort(), with less code. std::ranges::sort() adds 3 to 5 KB to the module
/// for each element type; this adds a few hundred bytes. It is half as fast from a few thousand
/// elements on.
template <typename Range, typename Less = std::ranges::less>
void heap_sort(Range& range, Less less = {}) {
  std::ranges::partial_sort(range, std::ranges::end(range), less);
}

}  // namespace teachable
