#include "knn/calibration.h"

#include <cmath>
#include <limits>
#include <vector>

namespace teachable {
namespace {

// Of doubles they have tables of 4 KB.
double log_of(double value) { return std::log(static_cast<float>(value)); }
double exp_of(double value) { return std::exp(static_cast<float>(value)); }

struct ClassVotes {
  uint32_t class_index;
  double counted;
};

}  // namespace

void Calibration::add(std::span<const Neighbour> neighbours, uint32_t own,
                      std::span<const size_t> counts) {
  std::vector<ClassVotes> classes;
  double cast = 0, all = 0;
  for (const Neighbour& neighbour : neighbours) {
    const double vote = vote_of(neighbour.similarity, neighbours.front().similarity, options_);
    const size_t share = options_.balanced ? counts[neighbour.class_index] : 1;
    const double counted = vote / static_cast<double>(share);
    cast += vote;
    all += counted;
    size_t at = 0;
    while (at < classes.size() && classes[at].class_index != neighbour.class_index) ++at;
    if (at == classes.size()) classes.push_back({neighbour.class_index, 0});
    classes[at].counted += counted;
  }
  ++tested_;
  cast_ += cast;
  const double without_votes = class_count_ - static_cast<double>(classes.size());
  std::vector<double> logs(classes.size());
  for (size_t p = 0; p < kPriors.size(); ++p) {
    const double prior = kPriors[p];
    const double least = log_of(prior / class_count_ / (cast + prior));
    double own_log = least;
    for (size_t i = 0; i < classes.size(); ++i) {
      const double votes = cast * (classes[i].counted / all);
      logs[i] = log_of((votes + prior / class_count_) / (cast + prior));
      if (classes[i].class_index == own) own_log = logs[i];
    }
    for (size_t s = 0; s < kSharpnesses.size(); ++s) {
      double sum = without_votes * exp_of(kSharpnesses[s] * least);
      for (double each : logs) sum += exp_of(kSharpnesses[s] * each);
      losses_[p][s] += log_of(sum) - kSharpnesses[s] * own_log;
    }
  }
}

Calibration::Best Calibration::best() const {
  const double cast = cast_ / static_cast<double>(tested_);
  Best best{};
  double lowest = std::numeric_limits<double>::infinity();
  for (size_t p = 0; p < kPriors.size(); ++p) {
    const double prior = kPriors[p];
    const double most = log_of((cast + prior / class_count_) / (cast + prior));
    const double least = log_of(prior / class_count_ / (cast + prior));
    for (size_t s = 0; s < kSharpnesses.size(); ++s) {
      const double sharpness = kSharpnesses[s];
      const double sum = exp_of(sharpness * most) + (class_count_ - 1) * exp_of(sharpness * least);
      const double loss = losses_[p][s] + log_of(sum) - sharpness * least;
      if (loss >= lowest) continue;
      lowest = loss;
      best = {kPriors[p], kSharpnesses[s]};
    }
  }
  return best;
}

}  // namespace teachable
