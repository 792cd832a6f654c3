#include "knn/vote.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "core/error.h"
#include "core/text.h"

namespace teachable {
namespace {

/// Takes the shares of `cast` votes; see PredictOptions::prior and sharpness.
void calibrate(std::span<float> shares, double cast, std::span<const size_t> counts,
               const PredictOptions& options) {
  const auto none = std::count(counts.begin(), counts.end(), size_t{0});
  const double sharing = static_cast<double>(static_cast<std::ptrdiff_t>(counts.size()) - none);
  const auto log_of = [&](float share) {
    return std::log(
        static_cast<float>((cast * share + options.prior / sharing) / (cast + options.prior)));
  };
  // Beside the greatest, as no power of that is too small for a float.
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
  if (options.k < 1) refuse("k is 0; it has to be at least 1");
  if (!(options.temperature > 0) || !std::isfinite(options.temperature)) {
    refuse({"the temperature is ", options.temperature, "; it has to be finite and above 0"});
  }
  if (!(options.prior >= 0) || !std::isfinite(options.prior)) {
    refuse({"the prior is ", options.prior, "; it has to be finite and at least 0"});
  }
  if (!(options.sharpness > 0) || !std::isfinite(options.sharpness)) {
    refuse({"the sharpness is ", options.sharpness, "; it has to be finite and above 0"});
  }
  if (!(options.unknown_threshold >= -1 && options.unknown_threshold <= 1)) {
    refuse({"the threshold for unknown is ", options.unknown_threshold, "; it has to be -1 to 1"});
  }
}

float vote_of(float similarity, float nearest, const PredictOptions& options) {
  if (options.weighting == Weighting::Votes) return 1;
  // Of doubles it has tables of 2 KB.
  return std::exp((similarity - nearest) / options.temperature);
}

Prediction vote(std::vector<Neighbour> neighbours, std::span<const size_t> counts,
                const PredictOptions& options) {
  std::vector<double> votes(counts.size());
  const float nearest = neighbours.front().similarity;
  double cast = 0;
  for (const Neighbour& neighbour : neighbours) {
    const double each = vote_of(neighbour.similarity, nearest, options);
    votes[neighbour.class_index] += each;
    cast += each;
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
    calibrate(prediction.confidences, cast, counts, options);
  }
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
