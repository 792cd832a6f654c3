// Sorting where its time doesn't matter, in a tenth of the code.
#pragma once

#include <algorithm>
#include <functional>

namespace teachable {

/// As std::ranges::sort(); that is three to five kilobytes of module an element type, this a few
/// hundred bytes and, from some thousand elements on, half as fast.
template <typename Range, typename Less = std::ranges::less>
void heap_sort(Range& range, Less less = {}) {
  std::ranges::partial_sort(range, std::ranges::end(range), less);
}

}  // namespace teachable
