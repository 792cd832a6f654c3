// Compares random sequences of all operations of a Knn with a naive implementation in double
// precision.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "core/error.h"
#include "knn/knn.h"
#include "test_seed.h"

namespace teachable {
namespace {

using Vector = std::vector<float>;

/// Naive implementation of the documented behaviour.
struct NaiveKnn {
  struct Example {
    ExampleId id;
    std::string label;
    Vector stored;    ///< embedding as stored
    Vector original;  ///< embedding as added
  };
  std::vector<Example> examples;    ///< in ascending order of ids
  std::vector<std::string> labels;  ///< in the order of class indices
  std::map<std::string, bool> enabled;

  size_t count(const std::string& label) const {
    return static_cast<size_t>(
        std::count_if(examples.begin(), examples.end(),
                      [&](const Example& example) { return example.label == label; }));
  }
  Example& at(ExampleId id) {
    return *std::find_if(examples.begin(), examples.end(),
                         [&](const Example& example) { return example.id == id; });
  }
  void add_class(const std::string& label) {
    if (std::find(labels.begin(), labels.end(), label) != labels.end()) return;
    labels.push_back(label);
    enabled[label] = true;
  }
  void erase_class(const std::string& label) {
    std::erase(labels, label);
    enabled.erase(label);
  }
};

double dot(const Vector& a, const Vector& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += double{a[i]} * b[i];
  return sum;
}

double cosine(const Vector& a, const Vector& b) {
  return dot(a, b) / std::sqrt(dot(a, a)) / std::sqrt(dot(b, b));
}

/// Returns the maximum error of a similarity due to the storage format.
double storage_error(Storage storage, const Vector& vector) {
  if (storage == Storage::F32) return 1e-6;
  const auto [low, high] = std::minmax_element(vector.begin(), vector.end());
  const double range = (double{*high} - *low) / std::sqrt(dot(vector, vector));
  const double steps = storage == Storage::I16 ? 65'024 : 254;
  return 1.1 * range / steps * std::sqrt(static_cast<double>(vector.size())) + 1e-6;
}

void expect_same(const NaiveKnn& naive, const Knn& knn, const Vector& query,
                 const PredictOptions& options) {
  constexpr double kTolerance = 2e-7;  // rounding of floats and of L2-normalized rows
  std::vector<double> cosines;
  std::vector<const NaiveKnn::Example*> examples;
  for (const NaiveKnn::Example& example : naive.examples) {
    if (!naive.enabled.at(example.label)) continue;
    examples.push_back(&example);
    cosines.push_back(cosine(example.stored, query));
    ASSERT_NEAR(cosines.back(), cosine(example.original, query),
                storage_error(knn.storage(), example.original));
  }
  if (examples.empty()) {
    ASSERT_THROW(knn.predict(query, options), Error);
    return;
  }
  std::vector<size_t> ranking(examples.size());
  for (size_t i = 0; i < ranking.size(); ++i) ranking[i] = i;
  std::sort(ranking.begin(), ranking.end(), [&](size_t a, size_t b) {
    return cosines[a] != cosines[b] ? cosines[a] > cosines[b] : a < b;
  });

  const Prediction prediction = knn.predict(query, options);
  const size_t used = std::min(options.k, examples.size());
  ASSERT_EQ(prediction.neighbours.size(), used);
  std::map<std::string, double> votes;
  for (size_t rank = 0; rank < used; ++rank) {
    const Neighbour& neighbour = prediction.neighbours[rank];
    const auto found =
        std::find_if(examples.begin(), examples.end(),
                     [&](const NaiveKnn::Example* each) { return each->id == neighbour.id; });
    ASSERT_NE(found, examples.end());
    const size_t index = static_cast<size_t>(found - examples.begin());
    ASSERT_EQ(knn.labels()[neighbour.class_index], examples[index]->label);
    ASSERT_NEAR(neighbour.similarity, cosines[index], kTolerance);
    // The expected example, or one whose similarity differs only by rounding.
    ASSERT_NEAR(cosines[index], cosines[ranking[rank]], kTolerance);
    if (rank > 0) {
      const Neighbour& before = prediction.neighbours[rank - 1];
      ASSERT_TRUE(before.similarity > neighbour.similarity ||
                  (before.similarity == neighbour.similarity && before.id < neighbour.id));
    }
    const double nearness = double{neighbour.similarity} - prediction.neighbours[0].similarity;
    votes[examples[index]->label] +=
        options.weighting == Weighting::Votes ? 1 : std::exp(nearness / options.temperature);
  }
  // Equal examples are in the order of their ids, including at the end of the list.
  for (size_t a = 0; a < examples.size(); ++a) {
    for (size_t b = a + 1; b < examples.size(); ++b) {
      if (examples[a]->stored != examples[b]->stored) continue;
      const auto place = [&](ExampleId id) {
        return std::find_if(prediction.neighbours.begin(), prediction.neighbours.end(),
                            [&](const Neighbour& each) { return each.id == id; });
      };
      ASSERT_LE(place(examples[a]->id), place(examples[b]->id));
    }
  }
  double sum = 0, max_votes = 0;
  for (auto& [label, weight] : votes) {
    if (options.balanced) weight /= static_cast<double>(naive.count(label));
    sum += weight;
    max_votes = std::max(max_votes, weight);
  }
  float total = 0;
  for (size_t c = 0; c < naive.labels.size(); ++c) {
    ASSERT_NEAR(prediction.confidences[c], votes[naive.labels[c]] / sum, 1e-6);
    total += prediction.confidences[c];
  }
  ASSERT_NEAR(total, 1, 1e-5);
  // Votes by similarity are rounded to floats, so classes whose sums differ only by rounding may be
  // swapped.
  ASSERT_NEAR(votes[naive.labels[prediction.class_index]], max_votes,
              options.weighting == Weighting::Votes ? 1e-12 : 1e-6 * max_votes);
  ASSERT_EQ(prediction.unknown, prediction.neighbours[0].similarity < options.unknown_threshold);
}

class KnnProperty : public ::testing::TestWithParam<Storage> {};

TEST_P(KnnProperty, AgreesWithANaiveDoublePrecisionImplementation) {
  const uint32_t seed = testing::test_seed();
  SCOPED_TRACE("TEACHABLE_SEED=" + std::to_string(seed));
  std::mt19937 random(seed);
  const auto below = [&](size_t limit) { return static_cast<size_t>(random() % limit); };
  const auto random_label = [&] { return std::to_string(below(6)); };
  for (int round = 0; round < 40; ++round) {
    const size_t dimension = 1 + below(round % 2 == 0 ? 5 : 150);
    // Kinds: small integers, with ties and duplicates; normally distributed values, without; values
    // around 100, which are all similar, so that many rows are re-ranked.
    const size_t kind = below(3);
    const auto random_vector = [&] {
      std::normal_distribution<float> normal(kind == 2 ? 100.0f : 0.0f, 3);
      Vector vector(dimension);
      do {
        for (float& value : vector) {
          value = kind == 0 ? static_cast<float>(below(3)) - 1 : normal(random);
        }
      } while (std::all_of(vector.begin(), vector.end(), [](float value) { return value == 0; }));
      return vector;
    };
    Knn knn(GetParam());
    if (round % 3 == 0) {
      knn.set_parallel_for([](size_t count, const std::function<void(size_t)>& body) {
        for (size_t i = count; i-- > 0;) body(i);
      });
    }
    NaiveKnn naive;
    std::vector<NaiveKnn> past{naive};  // states that undo() restores, oldest first
    ExampleId next_id = 0;
    const auto added = [&](ExampleId id, const std::string& label, const Vector& vector) {
      ASSERT_EQ(id, next_id++);
      naive.add_class(label);
      naive.examples.push_back({id, label, knn.embedding(id), vector});
      past.push_back(naive);
    };
    const auto new_vector = [&] {
      return !naive.examples.empty() && below(4) == 0
                 ? naive.examples[below(naive.examples.size())].original
                 : random_vector();
    };
    const size_t steps = 60 + below(150);
    for (size_t step = 0; step < steps; ++step) {
      const size_t action = naive.examples.size() < 20 ? below(40) : below(60);
      const bool has_examples = !naive.examples.empty();
      const ExampleId id = has_examples ? naive.examples[below(naive.examples.size())].id : 0;
      const std::string label =
          naive.labels.empty() ? "" : naive.labels[below(naive.labels.size())];
      if (action < 32) {
        const Vector vector = new_vector();
        const std::string to = random_label();
        ASSERT_NO_FATAL_FAILURE(added(knn.add(vector, to), to, vector));
      } else if (action < 35) {
        Vector batch;
        std::vector<std::string> to(below(5));
        for (std::string& each : to) {
          each = random_label();
          const Vector vector = new_vector();
          batch.insert(batch.end(), vector.begin(), vector.end());
        }
        const std::vector<ExampleId> ids = knn.add_batch(batch, dimension, to);
        ASSERT_EQ(ids.size(), to.size());
        for (size_t i = 0; i < ids.size(); ++i) {
          const auto begin = batch.begin() + static_cast<std::ptrdiff_t>(i * dimension);
          ASSERT_NO_FATAL_FAILURE(
              added(ids[i], to[i], Vector(begin, begin + static_cast<std::ptrdiff_t>(dimension))));
        }
      } else if (action < 42 && has_examples) {
        knn.remove(id);
        std::erase_if(naive.examples, [&](const auto& example) { return example.id == id; });
        past.push_back(naive);
      } else if (action < 45 && has_examples) {
        const std::string to = random_label();
        const bool moves = naive.at(id).label != to;
        knn.move_to(id, to);
        naive.add_class(to);
        naive.at(id).label = to;
        if (moves) past.push_back(naive);
      } else if (action < 53) {
        ASSERT_EQ(knn.undo(), past.size() > 1);
        if (past.size() > 1) {
          past.pop_back();
          naive = past.back();
        }
      } else if (action < 55 && has_examples) {
        knn.clear(label);
        std::erase_if(naive.examples, [&](const auto& each) { return each.label == label; });
        naive.erase_class(label);
        past = {naive};
      } else if (action < 57 && naive.labels.size() > 1) {
        const std::string into = naive.labels[0] == label ? naive.labels[1] : naive.labels[0];
        knn.merge(label, into);
        for (auto& example : naive.examples) {
          if (example.label == label) example.label = into;
        }
        naive.erase_class(label);
        past = {naive};
      } else if (!naive.labels.empty()) {
        const bool enabled = below(3) > 0;
        knn.enable(label, enabled);
        for (NaiveKnn& each : past) {
          if (each.enabled.contains(label)) each.enabled[label] = enabled;
        }
        naive.enabled[label] = enabled;
      }
      while (past.size() > Knn::kMaxHistory + 1) past.erase(past.begin());

      ASSERT_EQ(knn.labels(), naive.labels);
      ASSERT_EQ(knn.example_count(), naive.examples.size());
      for (size_t c = 0; c < naive.labels.size(); ++c) {
        ASSERT_EQ(knn.counts()[c], naive.count(naive.labels[c]));
        ASSERT_EQ(knn.enabled(c), naive.enabled.at(naive.labels[c]));
      }
      if (step % 8 != 0) continue;
      const PredictOptions options = {
          .k = below(5) == 0 ? naive.examples.size() + 1 : 1 + below(20),
          .weighting = below(2) == 0 ? Weighting::Votes : Weighting::Similarity,
          .temperature = 0.01f + 0.1f * static_cast<float>(below(5)),
          .balanced = below(2) == 0,
          .unknown_threshold = static_cast<float>(below(20)) / 10 - 1};
      ASSERT_NO_FATAL_FAILURE(expect_same(naive, knn, new_vector(), options));
    }
  }
}

/// The scan of bytes with re-ranking must find the same neighbours as an exact scan.
TEST_P(KnnProperty, FindsTheSameTopTenAsAnExactScan) {
  const uint32_t seed = testing::test_seed();
  SCOPED_TRACE("TEACHABLE_SEED=" + std::to_string(seed));
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  constexpr size_t kDimension = 200, kCount = 3000, kQueries = 24;
  Vector all((kCount + kQueries) * kDimension);
  for (float& value : all) value = std::max(0.0f, normal(random));  // like embeddings after a ReLU
  const std::vector<std::string> labels(kCount, "a");
  Knn knn(GetParam());
  knn.add_batch(std::span(all).first(kCount * kDimension), kDimension, labels);
  const std::span<const float> queries = std::span(all).last(kQueries * kDimension);
  const std::vector<Prediction> batch = knn.predict_batch(queries, kDimension, {.k = 10});
  // With k equal to the number of examples, all rows are re-ranked exactly.
  const std::vector<Prediction> exact = knn.predict_batch(queries, kDimension, {.k = kCount});
  for (size_t q = 0; q < kQueries; ++q) {
    const auto single = knn.predict(queries.subspan(q * kDimension, kDimension), 10);
    EXPECT_EQ(single.neighbours, batch[q].neighbours);
    EXPECT_TRUE(std::equal(batch[q].neighbours.begin(), batch[q].neighbours.end(),
                           exact[q].neighbours.begin()));
  }
}

INSTANTIATE_TEST_SUITE_P(Storages, KnnProperty,
                         ::testing::Values(Storage::F32, Storage::I16, Storage::I8),
                         [](const auto& storage) {
                           return std::string(
                               std::vector{"F32", "I16", "I8"}[static_cast<size_t>(storage.param)]);
                         });

}  // namespace
}  // namespace teachable
