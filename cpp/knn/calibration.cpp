#include "knn/calibration.h"

#include <cmath>
#include <limits>
#include <vector>

namespace teachable {
namespace {

// The double versions link tables of 4 KB into the module.
double log_of(double value) { return std::log(static_cast<float>(value)); }
double exp_of(double value) { return std::exp(static_cast<float>(value)); }

/// Votes for a class that has at least one.
struct ClassVotes {
  uint32_t class_index;
  double votes;
};

}  // namespace

void Calibration::add(std::span<const Neighbour> neighbours, uint32_t own_class,
                      std::span<const size_t> counts) {
  std::vector<ClassVotes> classes;
  double cast_votes = 0, balanced_votes = 0;
  for (const Neighbour& neighbour : neighbours) {
    const double vote = vote_of(neighbour.similarity, neighbours.front().similarity, options_);
    const size_t divisor = options_.balanced ? counts[neighbour.class_index] : 1;
    const double balanced_vote = vote / static_cast<double>(divisor);
    cast_votes += vote;
    balanced_votes += balanced_vote;
    size_t i = 0;
    while (i < classes.size() && classes[i].class_index != neighbour.class_index) ++i;
    if (i == classes.size()) classes.push_back({neighbour.class_index, 0});
    classes[i].votes += balanced_vote;
  }
  ++tested_count_;
  cast_votes_ += cast_votes;
  const double voteless_class_count = class_count_ - static_cast<double>(classes.size());
  std::vector<double> logs(classes.size());
  for (size_t p = 0; p < kPriors.size(); ++p) {
    const double prior = kPriors[p];
    const double voteless_log = log_of(prior / class_count_ / (cast_votes + prior));
    double own_log = voteless_log;
    for (size_t i = 0; i < classes.size(); ++i) {
      const double votes = cast_votes * (classes[i].votes / balanced_votes);
      logs[i] = log_of((votes + prior / class_count_) / (cast_votes + prior));
      if (classes[i].class_index == own_class) own_log = logs[i];
    }
    for (size_t s = 0; s < kSharpnesses.size(); ++s) {
      double sum = voteless_class_count * exp_of(kSharpnesses[s] * voteless_log);
      for (double each : logs) sum += exp_of(kSharpnesses[s] * each);
      losses_[p][s] += log_of(sum) - kSharpnesses[s] * own_log;
    }
  }
}

Calibration::Best Calibration::best() const {
  // One imaginary example of average votes, for which all neighbours were of a wrong class.
  const double cast_votes = cast_votes_ / static_cast<double>(tested_count_);
  Best best{};
  double lowest_loss = std::numeric_limits<double>::infinity();
  for (size_t p = 0; p < kPriors.size(); ++p) {
    const double prior = kPriors[p];
    const double winner_log = log_of((cast_votes + prior / class_count_) / (cast_votes + prior));
    const double voteless_log = log_of(prior / class_count_ / (cast_votes + prior));
    for (size_t s = 0; s < kSharpnesses.size(); ++s) {
      const double sharpness = kSharpnesses[s];
      const double sum =
          exp_of(sharpness * winner_log) + (class_count_ - 1) * exp_of(sharpness * voteless_log);
      const double loss = losses_[p][s] + log_of(sum) - sharpness * voteless_log;
      if (loss >= lowest_loss) continue;
      lowest_loss = loss;
      best = {kPriors[p], kSharpnesses[s]};
    }
  }
  return best;
}

}  // namespace teachable
