// The k best of a stream of similarities.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace teachable {

struct Neighbour {
  float similarity = 0;
  size_t index = 0;
};

/// Keeps the k neighbours of greatest similarity, of equal ones those with the lowest index.
/// Memory for k, O(log k) for each one that gets in.
class Nearest {
 public:
  /// k >= 1.
  explicit Nearest(size_t k) : k_(k) { heap_.reserve(k); }

  /// Indices come in rising order.
  void offer(float similarity, size_t index) {
    if (heap_.size() == k_) {
      // An equal one came earlier, so it is nearer.
      if (similarity <= heap_.front().similarity) return;
      std::pop_heap(heap_.begin(), heap_.end(), nearer);
      heap_.pop_back();
    }
    heap_.push_back({similarity, index});
    std::push_heap(heap_.begin(), heap_.end(), nearer);
  }

  /// Nearest first. Ends the use of this object.
  const std::vector<Neighbour>& sort() {
    std::sort_heap(heap_.begin(), heap_.end(), nearer);
    return heap_;
  }

 private:
  static bool nearer(const Neighbour& a, const Neighbour& b) {
    return a.similarity != b.similarity ? a.similarity > b.similarity : a.index < b.index;
  }

  size_t k_;
  std::vector<Neighbour> heap_;  ///< the farthest in front
};

}  // namespace teachable
