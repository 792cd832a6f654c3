// From neighbours to confidences.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "knn/nearest.h"

namespace teachable {

/// What a neighbour's vote counts.
enum class Weighting {
  Votes,       ///< 1
  Similarity,  ///< exp((similarity - the nearest's similarity) / temperature)
};

/// How predict() goes about it.
struct PredictOptions {
  size_t k = 3;  ///< neighbours that vote, >= 1; clipped to the examples of enabled classes
  Weighting weighting = Weighting::Votes;
  /// Of Similarity: > 0, finite. The less, the more the nearest decide. Review::temperature is the
  /// one with which confidences are calibrated: of predictions with 0.8, 8 of 10 are right.
  float temperature = 0.05f;
  /// Divides a class' votes by the number of its examples, so that the class with most examples
  /// doesn't win by their number.
  bool balanced = false;
  /// -1..1: with the nearest example less similar than this, the query is unknown. -1: never.
  float unknown_threshold = -1;
};

/// Throws Error{BadArgument} for a value out of its range.
void check(const PredictOptions& options);

/// What predict() says of one query.
struct Prediction {
  size_t class_index =
      0;                 ///< the winner, an index into labels(); also when unknown, the best guess
  bool unknown = false;  ///< the nearest example is farther than the threshold
  std::vector<float> confidences;     ///< [class_count] 0-1, sum 1: each class' share of the votes
  std::vector<Neighbour> neighbours;  ///< [k] that voted, nearest first
};

/// Counts the votes of the neighbours, of which there is at least one, nearest first. `counts`:
/// [class_count] examples of each class. Of equal classes, the one whose nearest example is nearest
/// wins.
Prediction vote(std::vector<Neighbour> neighbours, std::span<const size_t> counts,
                const PredictOptions& options);

}  // namespace teachable
