#include "knn/knn.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <new>
#include <numeric>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "failing_new.h"

namespace teachable {
namespace {

using Vector = std::vector<float>;
using Labels = std::vector<std::string>;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

/// The message of the BadArgument that a call throws.
std::string refusal(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::BadArgument) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "no error";
  return "";
}

double exact_cosine(const Vector& a, const Vector& b) {
  double product = 0, a_square = 0, b_square = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    product += double{a[i]} * b[i];
    a_square += double{a[i]} * a[i];
    b_square += double{b[i]} * b[i];
  }
  return product / std::sqrt(a_square) / std::sqrt(b_square);
}

TEST(Knn, FindsNothingWhileItIsEmpty) {
  const Knn knn;
  EXPECT_EQ(knn.example_count(), 0u);
  EXPECT_EQ(knn.class_count(), 0u);
  EXPECT_EQ(knn.dimension(), 0u);
  EXPECT_EQ(refusal([&] { knn.predict(Vector{1}, 1); }),
            "there are no examples yet; a prediction needs at least 1");
}

TEST(Knn, SplitsTheVotesOfTwoExamplesEvenWhenMoreNeighboursAreAskedFor) {
  Knn knn;
  knn.add(Vector{1, 2}, "1");
  knn.add(Vector{2, 1}, "2");
  const Prediction prediction = knn.predict(Vector{3, 3}, 3);
  EXPECT_EQ(prediction.class_index, 0u);
  EXPECT_EQ(prediction.confidences, (Vector{0.5f, 0.5f}));
  EXPECT_EQ(prediction.neighbours, (std::vector<size_t>{0, 1}));
}

TEST(Knn, CountsLabelsInTheOrderOfTheirFirstExample) {
  Knn knn;
  EXPECT_EQ(knn.add(Vector{7, 7}, "7"), 0u);
  EXPECT_EQ(knn.add(Vector{5, 2}, "5"), 1u);
  EXPECT_EQ(knn.add(Vector{0, 9}, "9"), 2u);
  EXPECT_EQ(knn.add(Vector{5, 1}, "5"), 3u);
  EXPECT_EQ(knn.labels(), (Labels{"7", "5", "9"}));
  EXPECT_EQ(knn.counts(), (std::vector<size_t>{1, 2, 1}));
  EXPECT_EQ(knn.dimension(), 2u);
  const Prediction prediction = knn.predict(Vector{5, 1.5f}, 3);
  EXPECT_EQ(prediction.class_index, 1u);
  EXPECT_EQ(prediction.confidences, (Vector{1.0f / 3, 2.0f / 3, 0}));
}

TEST(Knn, AnswersWithTheCosineWhateverTheLengths) {
  Knn knn;
  knn.add(Vector{10, 10}, "far");
  knn.add(Vector{0.001f, 0}, "exact");
  knn.add(Vector{-5, 0}, "opposite");
  const Prediction prediction = knn.predict(Vector{1, 0}, 3);
  EXPECT_EQ(prediction.neighbours, (std::vector<size_t>{1, 0, 2}));
  EXPECT_FLOAT_EQ(prediction.similarities[0], 1);
  EXPECT_FLOAT_EQ(prediction.similarities[1], static_cast<float>(std::sqrt(0.5)));
  EXPECT_FLOAT_EQ(prediction.similarities[2], -1);
}

TEST(Knn, TakesTheEarlierOfEqualExamplesAndTheClassOfTheNearestAmongEqualVotes) {
  Knn knn;
  knn.add(Vector{0, 1}, "up");
  knn.add(Vector{1, 0}, "right");
  knn.add(Vector{2, 0}, "right again");
  EXPECT_EQ(knn.predict(Vector{3, 0}, 1).neighbours, (std::vector<size_t>{1}));
  EXPECT_EQ(knn.predict(Vector{3, 0}, 2).class_index, 1u);
  const Prediction all = knn.predict(Vector{1, 2}, 3);
  EXPECT_EQ(all.neighbours, (std::vector<size_t>{0, 1, 2}));
  EXPECT_EQ(all.class_index, 0u);
}

TEST(Knn, LetsTheVotesWinOverTheNearestExample) {
  Knn knn;
  knn.add(Vector{1, 0}, "nearest");
  knn.add(Vector{1, 0.1f}, "many");
  knn.add(Vector{1, -0.1f}, "many");
  EXPECT_EQ(knn.predict(Vector{1, 0}, 3).class_index, 1u);
  EXPECT_EQ(knn.predict(Vector{1, 0}, 1).class_index, 0u);
}

TEST(Knn, AcceptsAnyKFromOneOn) {
  Knn knn;
  knn.add(Vector{1, 0}, "a");
  knn.add(Vector{0, 1}, "b");
  EXPECT_EQ(refusal([&] { knn.predict(Vector{1, 0}, 0); }), "k is 0; it has to be at least 1");
  EXPECT_EQ(knn.predict(Vector{1, 0}, 1).confidences, (Vector{1, 0}));
  EXPECT_EQ(knn.predict(Vector{1, 0}, SIZE_MAX).confidences, (Vector{0.5f, 0.5f}));
}

TEST(Knn, TakesAnyTextAsALabel) {
  const Labels labels = {"",   "__proto__",   "constructor",          "toString", "1",
                         "01", "K\xC3\xA4se", std::string("a\0b", 3), "a",        "\xFF\xFE"};
  Knn knn;
  for (size_t i = 0; i < labels.size(); ++i) {
    Vector example(labels.size(), 0);
    example[i] = 1;
    knn.add(example, labels[i]);
    knn.add(example, labels[i]);
  }
  EXPECT_EQ(knn.labels(), labels);
  EXPECT_EQ(knn.counts(), std::vector<size_t>(labels.size(), 2));
  for (size_t i = 0; i < labels.size(); ++i) {
    Vector query(labels.size(), 0.1f);
    query[i] = 1;
    EXPECT_EQ(knn.predict(query, 2).class_index, i);
  }
}

TEST(Knn, RefusesVectorsWithoutADirection) {
  Knn knn;
  EXPECT_EQ(refusal([&] { knn.add(Vector{}, "a"); }),
            "the embedding has 0 values; it needs at least 1");
  EXPECT_EQ(refusal([&] {
              knn.add(Vector{0, -0.0f}, "a");
            }),
            "the embedding's 2 values are all 0; a direction is needed");
  EXPECT_EQ(refusal([&] {
              knn.add(Vector{1, 2, kInfinity}, "a");
            }),
            "value 2 of the embedding is inf; all have to be finite");
  refusal([&] { knn.add(Vector{kNan, 1, 2, 3, 4}, "a"); });
  refusal([&] { knn.add(Vector{1, 2, 3, 4, -kInfinity, kNan}, "a"); });
  EXPECT_EQ(knn.class_count(), 0u);
  EXPECT_EQ(knn.dimension(), 0u);

  knn.add(Vector{1, 2}, "a");
  for (const Vector& bad : {Vector{}, Vector{0, 0}, Vector{kNan, 1}, Vector{1, kInfinity}}) {
    refusal([&] { knn.add(bad, "b"); });
    refusal([&] { knn.predict(bad, 1); });
  }
  EXPECT_EQ(refusal([&] {
              knn.add(Vector{1, 2, 3}, "b");
            }),
            "the embedding has 3 values; the examples have 2");
  refusal([&] { knn.predict(Vector{1}, 1); });
  EXPECT_EQ(knn.labels(), Labels{"a"});
  EXPECT_EQ(knn.counts(), std::vector<size_t>{1});
}

TEST(Knn, NormalisesHugeAndDenormalVectors) {
  const float largest = std::numeric_limits<float>::max();
  const float smallest = std::numeric_limits<float>::denorm_min();
  Knn knn;
  knn.add(Vector(2000, largest), "huge");
  Vector tiny(2000, 0);
  tiny[7] = smallest;
  knn.add(tiny, "tiny");
  Vector mixed(2000, smallest);
  mixed[3] = -largest;
  knn.add(mixed, "mixed");
  for (size_t i = 0; i < 3; ++i) {
    const Prediction prediction =
        knn.predict(std::vector<Vector>{Vector(2000, smallest), tiny, mixed}[i], 1);
    EXPECT_EQ(prediction.class_index, i);
    EXPECT_FLOAT_EQ(prediction.similarities[0], 1);
  }
}

TEST(Knn, NeverReportsMoreThanOne) {
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  Knn knn;
  std::vector<Vector> vectors;
  for (int i = 0; i < 200; ++i) {
    Vector vector(100);
    for (float& value : vector) value = normal(random);
    knn.add(vector, "a");
    vectors.push_back(vector);
  }
  for (const Vector& vector : vectors) EXPECT_LE(knn.predict(vector, 1).similarities[0], 1);
}

TEST(Knn, ClearingAClassMovesLaterClassesAndExamplesUp) {
  Knn knn;
  knn.add(Vector{1, 0, 0}, "a");
  knn.add(Vector{0, 1, 0}, "b");
  knn.add(Vector{0, 0, 1}, "c");
  knn.add(Vector{1, 1, 0}, "b");
  knn.add(Vector{1, 0, 1}, "c");
  knn.clear(knn.labels()[1]);
  EXPECT_EQ(knn.labels(), (Labels{"a", "c"}));
  EXPECT_EQ(knn.counts(), (std::vector<size_t>{1, 2}));
  EXPECT_EQ(knn.example_count(), 3u);
  const Prediction prediction = knn.predict(Vector{0.1f, 0, 1}, 3);
  EXPECT_EQ(prediction.neighbours, (std::vector<size_t>{1, 2, 0}));
  EXPECT_EQ(prediction.class_index, 1u);

  knn.add(Vector{0, 1, 0}, "b");
  EXPECT_EQ(knn.labels(), (Labels{"a", "c", "b"}));
  EXPECT_EQ(knn.predict(Vector{0, 1, 0}, 1).class_index, 2u);
  knn.add(Vector{0, 0, 1}, "c");
  EXPECT_EQ(knn.counts(), (std::vector<size_t>{1, 3, 1}));
  EXPECT_EQ(refusal([&] { knn.clear("x"); }), "there is no class \"x\"");
}

TEST(Knn, IsFreeForAnotherDimensionOnceEverythingIsCleared) {
  Knn knn;
  knn.add(Vector{1, 2}, "a");
  knn.add(Vector{2, 1}, "b");
  knn.clear("a");
  refusal([&] { knn.add(Vector{1, 2, 3}, "c"); });
  knn.clear("b");
  EXPECT_EQ(knn.dimension(), 0u);
  EXPECT_EQ(knn.class_count(), 0u);
  knn.add(Vector{1, 2, 3}, "c");
  EXPECT_EQ(knn.dimension(), 3u);
  knn.clear();
  EXPECT_EQ(knn.example_count(), 0u);
  EXPECT_EQ(knn.add(Vector(100, 1), "d"), 0u);
  EXPECT_EQ(knn.labels(), Labels{"d"});
  EXPECT_EQ(knn.predict(Vector(100, 2), 1).class_index, 0u);
}

TEST(Knn, StaysAsItWasWhenMemoryRunsOut) {
  for (int allowed = 0;; ++allowed) {
    Knn knn;
    // As many as fill the first rooms, so that the next example wants more of everything.
    for (int i = 0; i < 16; ++i) {
      knn.add(Vector{1, static_cast<float>(i)},
              "a label too long to lie in its string " + std::to_string(i % 8));
    }
    const Labels labels = knn.labels();
    const std::string label = "another label too long to lie in its string";
    const Vector example = {-1, -1};
    bool failed = false;
    testing::fail_after_allocations(allowed);
    try {
      knn.add(example, label);
    } catch (const std::bad_alloc&) {
      failed = true;
    }
    testing::stop_failing_allocations();
    if (!failed) {
      EXPECT_GT(allowed, 3);
      EXPECT_EQ(knn.predict(example, 1).class_index, 8u);
      break;
    }
    EXPECT_EQ(knn.labels(), labels);
    EXPECT_EQ(knn.counts(), std::vector<size_t>(8, 2));
    EXPECT_EQ(knn.predict(example, 16).confidences, Vector(8, 0.125f));
    EXPECT_EQ(knn.add(example, label), 16u) << "works once there is memory again";
  }
}

/// What the header promises, example by example, in double precision.
struct NaiveKnn {
  std::vector<Vector> examples;
  Labels labels;

  Labels class_order() const {
    Labels order;
    for (const std::string& label : labels) {
      if (std::find(order.begin(), order.end(), label) == order.end()) order.push_back(label);
    }
    return order;
  }

  void clear(const std::string& label) {
    for (size_t i = labels.size(); i-- > 0;) {
      if (labels[i] != label) continue;
      examples.erase(examples.begin() + static_cast<std::ptrdiff_t>(i));
      labels.erase(labels.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }
};

void expect_same(const NaiveKnn& naive, const Knn& knn, const Vector& query, size_t k) {
  constexpr double kTolerance = 1e-6;
  const Labels order = naive.class_order();
  ASSERT_EQ(knn.labels(), order);
  ASSERT_EQ(knn.example_count(), naive.examples.size());
  const Prediction prediction = knn.predict(query, k);
  const size_t used = std::min(k, naive.examples.size());
  ASSERT_EQ(prediction.neighbours.size(), used);
  ASSERT_EQ(prediction.similarities.size(), used);

  std::vector<double> cosines;
  for (const Vector& example : naive.examples) cosines.push_back(exact_cosine(example, query));
  std::vector<size_t> ranking(cosines.size());
  std::iota(ranking.begin(), ranking.end(), size_t{0});
  std::sort(ranking.begin(), ranking.end(), [&](size_t a, size_t b) {
    return cosines[a] != cosines[b] ? cosines[a] > cosines[b] : a < b;
  });

  std::map<std::string, size_t> votes;
  for (size_t rank = 0; rank < used; ++rank) {
    const size_t index = prediction.neighbours[rank];
    ASSERT_LT(index, cosines.size());
    ASSERT_NEAR(prediction.similarities[rank], cosines[index], kTolerance);
    // The same example, or one that only rounding tells apart.
    ASSERT_NEAR(cosines[index], cosines[ranking[rank]], kTolerance);
    if (rank > 0) {
      const float before = prediction.similarities[rank - 1], here = prediction.similarities[rank];
      ASSERT_TRUE(before > here || (before == here && prediction.neighbours[rank - 1] < index));
    }
    ++votes[naive.labels[index]];
  }
  // Equal examples come in the order in which they were added, at the end of the list too.
  for (size_t a = 0; a < cosines.size(); ++a) {
    for (size_t b = a + 1; b < cosines.size(); ++b) {
      if (naive.examples[a] != naive.examples[b]) continue;
      const auto begin = prediction.neighbours.begin(), end = prediction.neighbours.end();
      const auto second = std::find(begin, end, b);
      ASSERT_TRUE(second == end || std::find(begin, second, a) != second);
    }
  }

  double sum = 0;
  size_t most = 0;
  for (size_t c = 0; c < order.size(); ++c) {
    const double confidence = static_cast<double>(votes[order[c]]) / static_cast<double>(used);
    ASSERT_FLOAT_EQ(prediction.confidences[c], static_cast<float>(confidence));
    sum += prediction.confidences[c];
    most = std::max(most, votes[order[c]]);
  }
  ASSERT_NEAR(sum, 1, 1e-5);
  const auto winner =
      std::find_if(prediction.neighbours.begin(), prediction.neighbours.end(),
                   [&](size_t index) { return votes[naive.labels[index]] == most; });
  ASSERT_EQ(order[prediction.class_index], naive.labels[*winner]);
}

TEST(Knn, AgreesWithANaiveDoublePrecisionKnn) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 60; ++round) {
    const size_t dimension = 1 + random() % (round % 2 == 0 ? 5 : 70);
    // Few small integers make ties and duplicates; the normal distribution makes neither.
    const bool small_integers = random() % 2 == 0;
    const auto random_vector = [&] {
      std::normal_distribution<float> normal(0, 3);
      Vector vector(dimension);
      do {
        for (float& value : vector) {
          value = small_integers ? static_cast<float>(random() % 3) - 1 : normal(random);
        }
      } while (std::all_of(vector.begin(), vector.end(), [](float value) { return value == 0; }));
      return vector;
    };
    Knn knn;
    NaiveKnn naive;
    const auto add = [&] {
      const Vector vector = !naive.examples.empty() && random() % 4 == 0
                                ? naive.examples[random() % naive.examples.size()]
                                : random_vector();
      const std::string label = std::to_string(random() % 6);
      ASSERT_EQ(knn.add(vector, label), naive.examples.size());
      naive.examples.push_back(vector);
      naive.labels.push_back(label);
    };
    const size_t count = 1 + random() % 150;
    for (size_t i = 0; i < count; ++i) add();
    for (int query = 0; query < 4; ++query) {
      ASSERT_NO_FATAL_FAILURE(expect_same(naive, knn, random_vector(), 1 + random() % 20));
      ASSERT_NO_FATAL_FAILURE(expect_same(naive, knn, random_vector(), count));
      if (query == 1) {
        const std::string gone = naive.labels[random() % naive.labels.size()];
        knn.clear(gone);
        naive.clear(gone);
        for (int i = 0; i < 5; ++i) add();
      }
    }
  }
}

}  // namespace
}  // namespace teachable
