// Turns nearest neighbours into a predicted class and confidences.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "knn/nearest.h"

namespace teachable {

/// Weight of a neighbour's vote.
enum class Weighting {
  Votes,       ///< every vote counts 1
  Similarity,  ///< exp((similarity - similarity of the nearest) / temperature), 0..1
};

/// Way from examples to a prediction.
enum class Rule {
  Neighbours,  ///< the k nearest examples vote
  Combined,    ///< a linear head (LinearHead) and the votes of all examples; see combine()
};

/// Options of predict(). Rule::Combined reads `k`, `sharpness` and `unknown_threshold` only.
struct PredictOptions {
  Rule rule = Rule::Neighbours;
  /// Number of neighbours, >= 1. Limited to the number of examples of enabled classes. They vote
  /// with Rule::Neighbours, and explain the prediction with Rule::Combined.
  size_t k = 3;
  Weighting weighting = Weighting::Votes;
  /// Temperature of Weighting::Similarity, finite and > 0. The lower it is, the more the nearest
  /// neighbours decide.
  float temperature = 0.05f;
  /// Pseudo-count: number of additional votes that are divided evenly among all enabled classes
  /// with examples. Finite and >= 0. It keeps a few unanimous neighbours from giving a confidence
  /// of 1. Changes confidences, never the winner. Review::prior is the calibrated value.
  float prior = 0;
  /// Inverse temperature of the confidences: exponent of each class' share of the votes, before
  /// shares are normalized to a sum of 1. Finite and > 0. Values above 1 raise the leading class,
  /// which helps with a large k, where far neighbours belong to all classes alike. Changes
  /// confidences, never the winner. Review::sharpness is the calibrated value.
  float sharpness = 1;
  /// When true, divides the votes for a class by its number of examples, so that a class does not
  /// win just because it has more examples.
  bool balanced = false;
  /// Minimum similarity of the nearest example, -1..1. With Rule::Combined, minimum mean of the two
  /// nearest. Below it, the prediction is marked as unknown. -1 never marks a prediction.
  float unknown_threshold = -1;
};

/// Validates the options. Throws Error{BadArgument} for a value out of range.
void check(const PredictOptions& options);

/// Result of predict() for one query.
struct Prediction {
  /// Index of the winning class in labels(). When `unknown` is true, the best guess.
  size_t class_index = 0;
  bool unknown = false;  ///< true when the nearest examples are less similar than the threshold
  std::vector<float> confidences;     ///< [class_count] 0..1, sum 1
  std::vector<Neighbour> neighbours;  ///< [k] nearest examples, nearest first
};

/// Returns the weight of a neighbour's vote, 0..1. The nearest neighbour has weight 1.
float vote_of(float similarity, float nearest_similarity, const PredictOptions& options);

/// Returns the prediction by the votes of the neighbours: at least one, nearest first. `counts`
/// [class_count] is the number of examples of each class, 0 for classes that may not vote. When
/// several classes have the most votes, the one with the nearest example wins.
Prediction vote(std::vector<Neighbour> neighbours, std::span<const size_t> counts,
                const PredictOptions& options);

}  // namespace teachable
