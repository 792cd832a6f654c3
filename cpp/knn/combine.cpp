#include "knn/combine.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace teachable {
namespace {

/// Score difference that multiplies the odds of a class by e.
constexpr float kScoreTemperature = 0.4f;
/// Votes are at least this number, so that their logarithm is finite.
constexpr float kLeastVotes = 1e-30f;
/// Share of the confidence that is divided evenly among all classes.
constexpr float kDoubt = 0.08f;

/// Inverse temperature of the logits. With one example per class, similarities say little about
/// confidence; with twenty, they are trusted twice as much.
float trust(double examples_per_class) {
  return static_cast<float>(2 * examples_per_class / (examples_per_class + 2));
}

}  // namespace

void AllVotes::add(float similarity, uint32_t class_index) {
  votes_[class_index] += double{std::exp((similarity - nearest_) / kTemperature)};
}

Prediction combine(std::vector<Neighbour> neighbours, std::span<const double> votes,
                   std::span<const double> scores, std::span<const size_t> counts,
                   const PredictOptions& options) {
  Prediction prediction;
  prediction.confidences.resize(counts.size());
  std::vector<float>& logits = prediction.confidences;
  float highest = -INFINITY;
  double class_count = 0, example_count = 0;
  for (size_t c = 0; c < counts.size(); ++c) {
    if (counts[c] == 0) continue;
    const auto share = static_cast<float>(votes[c] / static_cast<double>(counts[c]));
    logits[c] =
        std::log(std::max(share, kLeastVotes)) + static_cast<float>(scores[c]) / kScoreTemperature;
    highest = std::max(highest, logits[c]);
    ++class_count;
    example_count += static_cast<double>(counts[c]);
  }
  for (const Neighbour& neighbour : neighbours) {
    prediction.class_index = neighbour.class_index;
    if (logits[neighbour.class_index] == highest) break;
  }
  // No neighbour is of the winning class when its examples are many and far.
  if (logits[prediction.class_index] != highest) {
    prediction.class_index = 0;
    while (counts[prediction.class_index] == 0 || logits[prediction.class_index] != highest) {
      ++prediction.class_index;
    }
  }
  const float sharpness = options.sharpness * trust(example_count / class_count);
  double sum = 0;
  for (size_t c = 0; c < counts.size(); ++c) {
    if (counts[c] == 0) continue;
    logits[c] = std::exp(sharpness * (logits[c] - highest));
    sum += double{logits[c]};
  }
  for (size_t c = 0; c < counts.size(); ++c) {
    if (counts[c] == 0) continue;
    prediction.confidences[c] = (1 - kDoubt) * static_cast<float>(logits[c] / sum) +
                                kDoubt / static_cast<float>(class_count);
  }
  const size_t compared = std::min<size_t>(2, neighbours.size());
  float similarity = 0;
  for (size_t i = 0; i < compared; ++i) similarity += neighbours[i].similarity;
  prediction.unknown = similarity / static_cast<float>(compared) < options.unknown_threshold;
  if (neighbours.size() > options.k) neighbours.resize(options.k);
  prediction.neighbours = std::move(neighbours);
  return prediction;
}

}  // namespace teachable
