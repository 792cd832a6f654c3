// Combines the scores of a linear head with the votes of all examples into a prediction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "knn/vote.h"

namespace teachable {

/// Sum of the votes exp((similarity - nearest similarity) / kTemperature) of all examples, per
/// class.
class AllVotes {
 public:
  /// `nearest` is the similarity of the nearest example.
  AllVotes(size_t class_count, float nearest) : votes_(class_count), nearest_(nearest) {}
  /// Adds the vote of an example with this similarity.
  void add(float similarity, uint32_t class_index);
  /// Returns the votes for each class, [class_count]. The object must not be used afterwards.
  std::vector<double> take() { return std::move(votes_); }

  /// Difference in similarity that divides a vote by e. Results are flat between 0.04 and 0.07.
  static constexpr float kTemperature = 0.05f;

 private:
  std::vector<double> votes_;
  float nearest_;
};

/// Returns the prediction of Rule::Combined.
///
/// The two opinions are multiplied: a class' logit is log(votes / examples of the class) + score /
/// 0.4, so the votes decide near a taught example, and the linear head decides between examples.
/// Logits are multiplied by 2 n / (n + 2) for n examples per class, and 8 percent of the confidence
/// are divided evenly: with these numbers, confidences are about as high as the share of right
/// predictions. They don't change the winner.
///
/// `neighbours` are at least one, nearest first; the first options.k are returned. `votes` and
/// `scores` (of LinearHead::scores()) are [class_count]. `counts` [class_count] is the number of
/// examples of each class, 0 for classes that may not win. Among equal classes, the one with the
/// nearest example wins. Throws std::bad_alloc.
Prediction combine(std::vector<Neighbour> neighbours, std::span<const double> votes,
                   std::span<const double> scores, std::span<const size_t> counts,
                   const PredictOptions& options);

}  // namespace teachable
