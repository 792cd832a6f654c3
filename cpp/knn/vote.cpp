#include "knn/vote.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "core/error.h"
#include "core/text.h"

namespace teachable {
namespace {

/// Applies PredictOptions::prior and sharpness to the shares [class_count] of `cast_votes` votes.
void calibrate(std::span<float> shares, double cast_votes, std::span<const size_t> counts,
               const PredictOptions& options) {
  const auto empty_count = std::count(counts.begin(), counts.end(), size_t{0});
  const double voting_count =
      static_cast<double>(static_cast<std::ptrdiff_t>(counts.size()) - empty_count);
  const auto log_of = [&](float share) {
    return std::log(static_cast<float>((cast_votes * share + options.prior / voting_count) /
                                       (cast_votes + options.prior)));
  };
  // Relative to the greatest share, so that its power is 1 and cannot underflow.
  const float greatest = log_of(*std::max_element(shares.begin(), shares.end()));
  double sum = 0;
  for (size_t i = 0; i < shares.size(); ++i) {
    if (counts[i] == 0) continue;
    shares[i] = std::exp(options.sharpness * (log_of(shares[i]) - greatest));
    sum += shares[i];
  }
  for (float& each : shares) each = static_cast<float>(each / sum);
}

}  // namespace

void check(const PredictOptions& options) {
  const auto refuse = [](const Text& message) { throw Error(ErrorCode::BadArgument, message); };
  if (options.k < 1) refuse("k is 0. It must be at least 1.");
  if (!(options.temperature > 0) || !std::isfinite(options.temperature)) {
    refuse({"The temperature is ", options.temperature, ". It must be finite and greater than 0."});
  }
  if (!(options.prior >= 0) || !std::isfinite(options.prior)) {
    refuse({"The prior is ", options.prior, ". It must be finite and at least 0."});
  }
  if (!(options.sharpness > 0) || !std::isfinite(options.sharpness)) {
    refuse({"The sharpness is ", options.sharpness, ". It must be finite and greater than 0."});
  }
  if (!(options.unknown_threshold >= -1 && options.unknown_threshold <= 1)) {
    refuse({"The unknown threshold is ", options.unknown_threshold, ". It must be -1 to 1."});
  }
}

float vote_of(float similarity, float nearest_similarity, const PredictOptions& options) {
  if (options.weighting == Weighting::Votes) return 1;
  // The double version links tables of 2 KB into the module.
  return std::exp((similarity - nearest_similarity) / options.temperature);
}

Prediction vote(std::vector<Neighbour> neighbours, std::span<const size_t> counts,
                const PredictOptions& options) {
  std::vector<double> votes(counts.size());
  const float nearest = neighbours.front().similarity;
  double cast_votes = 0;
  for (const Neighbour& neighbour : neighbours) {
    const double each = vote_of(neighbour.similarity, nearest, options);
    votes[neighbour.class_index] += each;
    cast_votes += each;
  }
  double sum = 0;
  for (size_t i = 0; i < votes.size(); ++i) {
    if (options.balanced && votes[i] > 0) votes[i] /= static_cast<double>(counts[i]);
    sum += votes[i];
  }
  Prediction prediction;
  prediction.confidences.reserve(votes.size());
  for (double each : votes) prediction.confidences.push_back(static_cast<float>(each / sum));
  if (options.prior != 0 || options.sharpness != 1) {
    calibrate(prediction.confidences, cast_votes, counts, options);
  }
  // When several classes have the most votes, the class of the nearest example among them wins.
  const double winning_votes = *std::max_element(votes.begin(), votes.end());
  for (const Neighbour& neighbour : neighbours) {
    prediction.class_index = neighbour.class_index;
    if (votes[neighbour.class_index] == winning_votes) break;
  }
  prediction.unknown = nearest < options.unknown_threshold;
  prediction.neighbours = std::move(neighbours);
  return prediction;
}

}  // namespace teachable
