#include "knn/review.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string>
#include <utility>

#include "core/error.h"
#include "core/heap_sort.h"
#include "core/text.h"
#include "knn/calibration.h"

namespace teachable {
namespace {

constexpr std::array<float, 13> kTemperatures = {
    0.002f, 0.004f, 0.008f, 0.015f, 0.03f, 0.05f, 0.08f, 0.12f, 0.2f, 0.3f, 0.5f, 1.0f, 2.0f};

/// Evenly spread examples of enabled classes.
std::vector<ExampleId> choose(const Knn& knn, size_t most) {
  std::vector<ExampleId> ids = knn.ids();
  std::erase_if(ids, [&](ExampleId id) { return !knn.enabled(knn.class_of(id)); });
  if (ids.size() <= most) return ids;
  std::vector<ExampleId> chosen(most);
  for (size_t i = 0; i < most; ++i) {
    chosen[i] = ids[static_cast<size_t>(static_cast<double>(i) * static_cast<double>(ids.size()) /
                                        static_cast<double>(most))];
  }
  return chosen;
}

/// Own class and what it was taken for -> how often. 10,000 classes have too many pairs for a
/// matrix.
using Cells = std::map<std::pair<uint32_t, uint32_t>, size_t>;

std::optional<ConfusablePair> most_confusable(const Cells& cells) {
  std::optional<ConfusablePair> most;
  for (const auto& [classes, count] : cells) {
    const auto [a, b] = classes;
    if (a == b) continue;
    const auto back = cells.find({b, a});
    const size_t confusions = count + (back == cells.end() ? 0 : back->second);
    if (confusions > (most ? most->confusions : 0)) {
      most = {std::min(a, b), std::max(a, b), confusions};
    }
  }
  return most;
}

}  // namespace

Review review(const Knn& knn, const ReviewOptions& options) {
  check(options.predict);
  if (!(options.duplicate_similarity >= -1 && options.duplicate_similarity <= 1)) {
    throw Error(ErrorCode::BadArgument, {"the similarity of duplicates is ",
                                         options.duplicate_similarity, "; it has to be -1 to 1"});
  }
  Review result;
  Cells cells;
  std::vector<size_t> counts = knn.voting_counts();
  const size_t empty = static_cast<size_t>(std::count(counts.begin(), counts.end(), 0u));
  std::optional<Calibration> calibration;
  if (counts.size() - empty >= 2) calibration.emplace(options.predict, counts.size() - empty);
  std::array<double, kTemperatures.size()> losses{};
  for (ExampleId id : choose(knn, options.most_examples)) {
    std::vector<Neighbour> neighbours = knn.neighbours_of(id, options.predict.k);
    if (neighbours.empty()) break;  // it is the only one
    const uint32_t own = knn.class_of(id);
    // The example itself isn't among those that could vote.
    --counts[own];
    const Neighbour& first = neighbours.front();
    if (first.similarity >= options.duplicate_similarity) {
      // Of a pair, each finds the other; of three and more, one that is still nearer.
      const Duplicate pair{std::max(id, first.id), std::min(id, first.id), first.similarity};
      const auto same = [&](const Duplicate& each) {
        return each.id == pair.id && each.of == pair.of;
      };
      if (std::none_of(result.duplicates.begin(), result.duplicates.end(), same)) {
        result.duplicates.push_back(pair);
      }
    }
    if (calibration) calibration->add(neighbours, own, counts);
    for (size_t t = 0; t < kTemperatures.size(); ++t) {
      PredictOptions trial = options.predict;
      trial.weighting = Weighting::Similarity;
      trial.temperature = kTemperatures[t];
      trial.prior = 0;
      trial.sharpness = 1;
      // A class without a vote must not be impossible: one vote in a hundred goes to all alike.
      const double own_share = vote(neighbours, counts, trial).confidences[own];
      const double likelihood = 0.99 * own_share + 0.01 / static_cast<double>(counts.size());
      losses[t] -= std::log(static_cast<float>(likelihood));  // of doubles it has tables of 4 KB
    }
    const Prediction prediction = vote(std::move(neighbours), counts, options.predict);
    ++counts[own];
    const auto taken_for = static_cast<uint32_t>(prediction.class_index);
    ++result.tested;
    ++cells[{own, taken_for}];
    if (taken_for == own) {
      ++result.correct;
    } else {
      result.outliers.push_back({id, own, taken_for, prediction.confidences[taken_for]});
    }
  }
  result.most_confusable = most_confusable(cells);
  for (const auto& [pair, count] : cells) {
    result.confusion.push_back({pair.first, pair.second, count});
  }
  if (calibration && result.tested > 0) {
    const auto best = std::min_element(losses.begin(), losses.end());
    result.temperature = kTemperatures[static_cast<size_t>(best - losses.begin())];
    const auto [prior, sharpness] = calibration->best();
    result.prior = prior;
    result.sharpness = sharpness;
  }
  heap_sort(result.duplicates, [](const Duplicate& a, const Duplicate& b) {
    return a.similarity != b.similarity ? a.similarity > b.similarity : a.id < b.id;
  });
  heap_sort(result.outliers, [](const Outlier& a, const Outlier& b) {
    return a.confidence != b.confidence ? a.confidence > b.confidence : a.id < b.id;
  });
  result.duplicates.resize(std::min(result.duplicates.size(), options.most_suggestions));
  result.outliers.resize(std::min(result.outliers.size(), options.most_suggestions));
  return result;
}

}  // namespace teachable
