// The k best of a stream of similarities.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace teachable {

/// Names an example for as long as its Knn lives; later ones are greater, none is given out twice.
using ExampleId = uint32_t;

struct Neighbour {
  ExampleId id = 0;
  uint32_t class_index = 0;  ///< into Knn::labels()
  float similarity = 0;      ///< cosine, -1..1

  bool operator==(const Neighbour&) const = default;
};

/// Keeps the k neighbours of greatest similarity, of equal ones those with the lowest id. Memory
/// for k, O(log k) for each one that gets in.
class Nearest {
 public:
  /// k >= 1.
  explicit Nearest(size_t k) : k_(k) { heap_.reserve(k); }

  bool full() const { return heap_.size() == k_; }
  /// Of the farthest that is kept; there has to be one.
  float worst() const { return heap_.front().similarity; }

  void offer(const Neighbour& neighbour) {
    if (full()) {
      if (!nearer(neighbour, heap_.front())) return;
      std::pop_heap(heap_.begin(), heap_.end(), nearer);
      heap_.pop_back();
    }
    heap_.push_back(neighbour);
    std::push_heap(heap_.begin(), heap_.end(), nearer);
  }

  /// Nearest first. Ends the use of this object.
  std::vector<Neighbour> sort() {
    std::sort_heap(heap_.begin(), heap_.end(), nearer);
    return std::move(heap_);
  }

 private:
  static bool nearer(const Neighbour& a, const Neighbour& b) {
    return a.similarity != b.similarity ? a.similarity > b.similarity : a.id < b.id;
  }

  size_t k_;
  std::vector<Neighbour> heap_;  ///< the farthest in front
};

}  // namespace teachable
