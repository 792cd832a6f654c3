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
  /// Of Similarity: > 0, finite. The less, the more the nearest decide.
  float temperature = 0.05f;
  /// Both change confidences, never the winner: Review finds those with which they are calibrated.
  /// >= 0, finite: votes that nobody cast, shared evenly by all classes that have examples, so that
  /// a few neighbours that agree are no certainty.
  float prior = 0;
  /// > 0, finite: the power to which each class' share is raised before all are made 1 again. Above
  /// 1, the leading class gains: of many neighbours, the far ones speak for all classes alike.
  float sharpness = 1;
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
  std::vector<float> confidences;     ///< [class_count] 0-1, sum 1: by the shares of the votes
  std::vector<Neighbour> neighbours;  ///< [k] that voted, nearest first
};

/// What a neighbour counts that is so much less similar than the nearest; the nearest counts 1.
float vote_of(float similarity, float nearest, const PredictOptions& options);

/// Counts the votes of the neighbours, of which there is at least one, nearest first. `counts`:
/// [class_count] examples of each class that may vote, 0 of those that may not. Of equal classes,
/// the one whose nearest example is nearest wins.
Prediction vote(std::vector<Neighbour> neighbours, std::span<const size_t> counts,
                const PredictOptions& options);

}  // namespace teachable
