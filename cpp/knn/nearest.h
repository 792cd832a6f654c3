// Selects the k nearest neighbours from a stream of candidates.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace teachable {

/// Identifier of an example, unique within its Knn. Ids increase with every added example and are
/// never reused.
using ExampleId = uint32_t;

/// An example that is near to a query.
struct Neighbour {
  ExampleId id = 0;
  uint32_t class_index = 0;  ///< index into Knn::labels()
  float similarity = 0;      ///< cosine similarity to the query, -1..1

  bool operator==(const Neighbour&) const = default;
};

/// Keeps the k most similar of all offered neighbours. For equal similarity, the lower id is
/// nearer. Uses memory for k neighbours, and O(log k) time for each neighbour that is kept.
class Nearest {
 public:
  /// Requires k >= 1. Throws std::bad_alloc.
  explicit Nearest(size_t k) : k_(k) { heap_.reserve(k); }

  /// Returns true when k neighbours are kept.
  bool full() const { return heap_.size() == k_; }
  /// Returns the similarity of the farthest kept neighbour. Requires at least one.
  float lowest_similarity() const { return heap_.front().similarity; }

  /// Keeps the neighbour if it is among the k nearest so far.
  void offer(const Neighbour& neighbour) {
    if (full()) {
      if (!nearer(neighbour, heap_.front())) return;
      std::pop_heap(heap_.begin(), heap_.end(), nearer);
      heap_.pop_back();
    }
    heap_.push_back(neighbour);
    std::push_heap(heap_.begin(), heap_.end(), nearer);
  }

  /// Returns the kept neighbours, nearest first. The object must not be used afterwards.
  std::vector<Neighbour> take_sorted() {
    std::sort_heap(heap_.begin(), heap_.end(), nearer);
    return std::move(heap_);
  }

 private:
  static bool nearer(const Neighbour& a, const Neighbour& b) {
    return a.similarity != b.similarity ? a.similarity > b.similarity : a.id < b.id;
  }

  size_t k_;
  std::vector<Neighbour> heap_;  ///< heap with the farthest neighbour in front
};

}  // namespace teachable
