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
#include "knn/combine.h"

namespace teachable {
namespace {

constexpr std::array<float, 13> kTemperatures = {
    0.002f, 0.004f, 0.008f, 0.015f, 0.03f, 0.05f, 0.08f, 0.12f, 0.2f, 0.3f, 0.5f, 1.0f, 2.0f};

/// Least number of examples in each class with which confidences are calibrated. With 3 and with 5
/// the calibration made confidences worse (tests/bench/README.md).
constexpr size_t kLeastToCalibrate = 10;

/// Returns the ids of at most `max_count` examples of enabled classes, evenly spread over all of
/// them.
std::vector<ExampleId> choose_examples(const Knn& knn, size_t max_count) {
  std::vector<ExampleId> ids = knn.ids();
  std::erase_if(ids, [&](ExampleId id) { return !knn.enabled(knn.class_of(id)); });
  if (ids.size() <= max_count) return ids;
  std::vector<ExampleId> chosen(max_count);
  for (size_t i = 0; i < max_count; ++i) {
    chosen[i] = ids[static_cast<size_t>(static_cast<double>(i) * static_cast<double>(ids.size()) /
                                        static_cast<double>(max_count))];
  }
  return chosen;
}

/// Confusion matrix: (own class, predicted class) -> number of examples. It is sparse, because
/// 10,000 classes have too many pairs for a dense matrix.
using Cells = std::map<std::pair<uint32_t, uint32_t>, size_t>;

std::optional<ConfusablePair> find_most_confusable(const Cells& cells) {
  std::optional<ConfusablePair> worst;
  for (const auto& [classes, count] : cells) {
    const auto [a, b] = classes;
    if (a == b) continue;
    const auto reverse = cells.find({b, a});
    const size_t confusions = count + (reverse == cells.end() ? 0 : reverse->second);
    if (confusions > (worst ? worst->confusions : 0)) {
      worst = {std::min(a, b), std::max(a, b), confusions};
    }
  }
  return worst;
}

/// Adds the log loss of an example with each of kTemperatures to `losses`.
void add_losses(const std::vector<Neighbour>& neighbours, uint32_t own_class,
                std::span<const size_t> counts, const PredictOptions& options,
                std::array<double, kTemperatures.size()>& losses) {
  for (size_t t = 0; t < kTemperatures.size(); ++t) {
    PredictOptions trial = options;
    trial.weighting = Weighting::Similarity;
    trial.temperature = kTemperatures[t];
    trial.prior = 0;
    trial.sharpness = 1;
    // One percent of the votes is divided evenly among all classes, because a probability of 0
    // would make the loss infinite.
    const double own_share = vote(neighbours, counts, trial).confidences[own_class];
    const double likelihood = 0.99 * own_share + 0.01 / static_cast<double>(counts.size());
    losses[t] -= std::log(static_cast<float>(likelihood));  // log(double) links tables of 4 KB
  }
}

}  // namespace

Review review(const Knn& knn, const ReviewOptions& options) {
  check(options.predict);
  if (!(options.duplicate_similarity >= -1 && options.duplicate_similarity <= 1)) {
    throw Error(ErrorCode::BadArgument, {"The duplicate similarity is ",
                                         options.duplicate_similarity, ". It must be -1 to 1."});
  }
  Review result;
  Cells cells;
  std::vector<size_t> counts = knn.voting_counts();
  const size_t empty_count = static_cast<size_t>(std::count(counts.begin(), counts.end(), 0u));
  const bool combined = options.predict.rule == Rule::Combined;
  std::optional<LinearHead> head;
  if (combined && knn.example_count() > 0) head.emplace(knn.make_head());
  std::vector<double> scores(counts.size());
  // Of one example without itself nothing is left, so nothing can be learned from it.
  const bool few = std::any_of(counts.begin(), counts.end(),
                               [](size_t count) { return count > 0 && count < kLeastToCalibrate; });
  std::optional<Calibration> calibration;
  if (!combined && !few && counts.size() - empty_count >= 2) {
    calibration.emplace(options.predict, counts.size() - empty_count);
  }
  std::array<double, kTemperatures.size()> losses{};
  for (ExampleId id : choose_examples(knn, options.max_examples)) {
    // Only the combined rule needs the votes of all examples, and a second neighbour to tell what
    // is unknown.
    auto [neighbours, votes] =
        combined ? knn.votes_without(id, std::max<size_t>(options.predict.k, 2))
                 : Knn::Votes{.neighbours = knn.neighbours_of(id, options.predict.k), .votes = {}};
    if (neighbours.empty()) break;  // there is no other example
    const uint32_t own_class = knn.class_of(id);
    // Leave-one-out: the example itself does not vote.
    --counts[own_class];
    const Neighbour& first = neighbours.front();
    if (first.similarity >= options.duplicate_similarity) {
      // Each of two duplicates finds the other one, so a pair may be found twice.
      const Duplicate pair{std::max(id, first.id), std::min(id, first.id), first.similarity};
      const auto same = [&](const Duplicate& each) {
        return each.id == pair.id && each.of == pair.of;
      };
      if (std::none_of(result.duplicates.begin(), result.duplicates.end(), same)) {
        result.duplicates.push_back(pair);
      }
    }
    Prediction prediction;
    if (combined) {
      const std::vector<float> embedding = knn.embedding(id);
      std::copy(embedding.begin(), embedding.end(), head->row_buffer());
      head->scores_without(head->row_buffer(), id, own_class, scores);
      prediction = combine(std::move(neighbours), votes, scores, counts, options.predict);
    } else {
      if (calibration) calibration->add(neighbours, own_class, counts);
      add_losses(neighbours, own_class, counts, options.predict, losses);
      prediction = vote(std::move(neighbours), counts, options.predict);
    }
    ++counts[own_class];
    const auto predicted_class = static_cast<uint32_t>(prediction.class_index);
    ++result.tested;
    ++cells[{own_class, predicted_class}];
    for (const uint32_t each : {id, own_class, predicted_class}) {
      result.predictions.push_back(each);
    }
    if (predicted_class == own_class) {
      ++result.correct;
    } else {
      result.outliers.push_back(
          {id, own_class, predicted_class, prediction.confidences[predicted_class]});
    }
  }
  result.most_confusable = find_most_confusable(cells);
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
  result.duplicates.resize(std::min(result.duplicates.size(), options.max_suggestions));
  result.outliers.resize(std::min(result.outliers.size(), options.max_suggestions));
  return result;
}

}  // namespace teachable
