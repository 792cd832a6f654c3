#include "knn/vote.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "core/error.h"
#include "core/text.h"

namespace teachable {

void check(const PredictOptions& options) {
  const auto refuse = [](const Text& message) { throw Error(ErrorCode::BadArgument, message); };
  if (options.k < 1) refuse("k is 0; it has to be at least 1");
  if (!(options.temperature > 0) || !std::isfinite(options.temperature)) {
    refuse({"the temperature is ", options.temperature, "; it has to be finite and above 0"});
  }
  if (!(options.unknown_threshold >= -1 && options.unknown_threshold <= 1)) {
    refuse({"the threshold for unknown is ", options.unknown_threshold, "; it has to be -1 to 1"});
  }
}

Prediction vote(std::vector<Neighbour> neighbours, std::span<const size_t> counts,
                const PredictOptions& options) {
  std::vector<double> votes(counts.size());
  const float nearest = neighbours.front().similarity;
  for (const Neighbour& neighbour : neighbours) {
    const float nearness = neighbour.similarity - nearest;  // exp() of doubles has tables of 2 KB
    votes[neighbour.class_index] +=
        options.weighting == Weighting::Votes ? 1 : std::exp(nearness / options.temperature);
  }
  double sum = 0;
  for (size_t i = 0; i < votes.size(); ++i) {
    if (options.balanced && votes[i] > 0) votes[i] /= static_cast<double>(counts[i]);
    sum += votes[i];
  }
  Prediction prediction;
  prediction.confidences.reserve(votes.size());
  for (double each : votes) prediction.confidences.push_back(static_cast<float>(each / sum));
  // Of the classes with most votes, the nearest example's: the first that comes by.
  const double most = *std::max_element(votes.begin(), votes.end());
  for (const Neighbour& neighbour : neighbours) {
    prediction.class_index = neighbour.class_index;
    if (votes[neighbour.class_index] == most) break;
  }
  prediction.unknown = nearest < options.unknown_threshold;
  prediction.neighbours = std::move(neighbours);
  return prediction;
}

}  // namespace teachable
