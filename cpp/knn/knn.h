// k nearest neighbours by cosine similarity. No training: the examples are the model.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "knn/unit_rows.h"

namespace teachable {

/// What predict() says of one query.
struct Prediction {
  size_t class_index = 0;           ///< the winner, an index into labels()
  std::vector<float> confidences;   ///< [class_count], votes / k, 0-1, sum 1
  std::vector<size_t> neighbours;   ///< example indices, nearest first
  std::vector<float> similarities;  ///< cosine to each neighbour, -1..1
};

/// Examples as one [count, dimension] matrix of unit rows, each with a class.
/// Classes are numbered in the order in which their labels were first added; a number stays until
/// clear(). A label is any bytes, the empty string included. Move-only.
///
/// What throws changes nothing, std::bad_alloc included.
class Knn {
 public:
  /// Adds one example. The first fixes the dimension; after clear() of everything it is free again.
  /// Amortised O(dimension). Returns the example's index.
  /// Throws Error{BadArgument} for another dimension or none, NaN, infinity or a zero vector.
  size_t add(std::span<const float> embedding, std::string_view label);

  /// k is clipped to the number of examples. Equal similarity: the example added first is nearer.
  /// Equal votes: the class whose nearest example is nearest wins.
  /// Throws Error{BadArgument} when k < 1, there is no example, or the query is of another
  /// dimension, not finite, or zero.
  Prediction predict(std::span<const float> embedding, size_t k) const;

  /// Forgets one class' examples. Its label and number go too: later classes and later examples
  /// move up. Throws Error{BadArgument} when there is no such label.
  void clear(std::string_view label);
  /// Forgets everything, the dimension included.
  void clear();

  size_t example_count() const { return rows_.count(); }
  size_t class_count() const { return labels_.size(); }
  size_t dimension() const { return rows_.dimension(); }  ///< 0 while empty
  const std::vector<std::string>& labels() const { return labels_; }
  /// [class_count] examples of each class, in the order of labels().
  const std::vector<size_t>& counts() const { return counts_; }

 private:
  /// Lets the map be asked with a string_view, without a copy.
  struct LabelHash {
    using is_transparent = void;
    size_t operator()(std::string_view label) const { return std::hash<std::string_view>()(label); }
  };

  /// The embedding's length, after all that is asked of an embedding has been checked.
  double checked_norm(std::span<const float> embedding) const;

  UnitRows rows_;
  std::vector<uint32_t> class_of_;  ///< [example_count]
  std::vector<std::string> labels_;
  std::vector<size_t> counts_;
  std::unordered_map<std::string, uint32_t, LabelHash, std::equal_to<>> class_by_label_;
};

}  // namespace teachable
