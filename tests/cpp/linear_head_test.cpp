// Compares predictions with Rule::Combined with a naive implementation in double precision: also
// after thousands of random edits, and for data that leave nothing to learn.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "core/error.h"
#include "knn/knn.h"
#include "knn/review.h"
#include "test_seed.h"

namespace teachable {
namespace {

using Vector = std::vector<float>;
constexpr PredictOptions kCombined{.rule = Rule::Combined};

/// An example as the naive implementation sees it.
struct Example {
  ExampleId id = 0;
  size_t class_index = 0;
  std::vector<double> row;
};

std::vector<double> unit(const Vector& values) {
  double square = 0;
  for (const float value : values) square += double{value} * value;
  std::vector<double> row;
  for (const float value : values) row.push_back(value / std::sqrt(square));
  return row;
}

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

/// Solves matrix * x = right by Gaussian elimination with pivots.
std::vector<double> solve(std::vector<std::vector<double>> matrix, std::vector<double> right) {
  const size_t n = right.size();
  for (size_t column = 0; column < n; ++column) {
    size_t pivot = column;
    for (size_t row = column; row < n; ++row) {
      if (std::abs(matrix[row][column]) > std::abs(matrix[pivot][column])) pivot = row;
    }
    std::swap(matrix[pivot], matrix[column]);
    std::swap(right[pivot], right[column]);
    for (size_t row = column + 1; row < n; ++row) {
      const double factor = matrix[row][column] / matrix[column][column];
      for (size_t i = column; i < n; ++i) matrix[row][i] -= factor * matrix[column][i];
      right[row] -= factor * right[column];
    }
  }
  for (size_t row = n; row-- > 0;) {
    for (size_t i = row + 1; i < n; ++i) right[row] -= matrix[row][i] * right[i];
    right[row] /= matrix[row][row];
  }
  return right;
}

/// Returns the confidences [class_count] of the formula in combine.h, for examples that all fit
/// into the factor. Classes that are not enabled get 0.
std::vector<double> naive_confidences(const std::vector<Example>& examples,
                                      const std::vector<bool>& enabled, const Vector& query) {
  const std::vector<double> q = unit(query);
  const size_t n = examples.size(), class_count = enabled.size();
  std::vector<std::vector<double>> products(n, std::vector<double>(n));
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < n; ++j) products[i][j] = dot(examples[i].row, examples[j].row);
    products[i][i] += LinearHead::kRidge;
  }
  std::vector<double> similarities;
  for (const Example& each : examples) similarities.push_back(dot(each.row, q));
  const std::vector<double> solution = solve(products, similarities);
  std::vector<double> counts(class_count), scores(class_count), votes(class_count);
  double nearest = -1;
  for (size_t i = 0; i < n; ++i) {
    if (enabled[examples[i].class_index]) nearest = std::max(nearest, similarities[i]);
  }
  for (size_t i = 0; i < n; ++i) {
    const size_t c = examples[i].class_index;
    ++counts[c];
    scores[c] += solution[i];
    votes[c] += std::exp((similarities[i] - nearest) / 0.05);
  }
  const double non_empty = static_cast<double>(
      std::count_if(counts.begin(), counts.end(), [](double c) { return c > 0; }));
  std::vector<double> logits(class_count, -INFINITY);
  double voting_classes = 0, voting_examples = 0, highest = -INFINITY;
  for (size_t c = 0; c < class_count; ++c) {
    if (counts[c] == 0 || !enabled[c]) continue;
    logits[c] = std::log(std::max(votes[c] / counts[c], 1e-30)) +
                scores[c] * static_cast<double>(n) / non_empty / counts[c] / 0.4;
    highest = std::max(highest, logits[c]);
    ++voting_classes;
    voting_examples += counts[c];
  }
  const double per_class = voting_examples / voting_classes;
  double sum = 0;
  for (double& each : logits) {
    each = std::exp(2 * per_class / (per_class + 2) * (each - highest));
    sum += each;
  }
  for (size_t c = 0; c < class_count; ++c) {
    const bool votes_here = counts[c] > 0 && enabled[c];
    logits[c] = votes_here ? 0.92 * logits[c] / sum + 0.08 / voting_classes : 0;
  }
  return logits;
}

/// The state of a Knn, read through its public methods.
std::vector<Example> examples_of(const Knn& knn) {
  std::vector<Example> examples;
  for (const ExampleId id : knn.ids()) {
    examples.push_back({id, knn.class_of(id), unit(knn.embedding(id))});
  }
  return examples;
}

void expect_naive(const Knn& knn, const Vector& query, const char* when) {
  std::vector<bool> enabled;
  for (size_t c = 0; c < knn.class_count(); ++c) enabled.push_back(knn.enabled(c));
  const std::vector<double> expected = naive_confidences(examples_of(knn), enabled, query);
  const Prediction prediction = knn.predict(query, kCombined);
  double sum = 0;
  for (size_t c = 0; c < expected.size(); ++c) {
    // Votes use the similarities of the scan, which are exact to about 0.005 for such short rows.
    ASSERT_NEAR(prediction.confidences[c], expected[c], 0.06) << when << ", class " << c;
    sum += double{prediction.confidences[c]};
  }
  ASSERT_NEAR(sum, 1, 1e-5) << when;
  const double best = *std::max_element(expected.begin(), expected.end());
  ASSERT_GE(expected[prediction.class_index], best - 0.06) << when;
  ASSERT_TRUE(knn.enabled(prediction.class_index)) << when;
}

class LinearHeadTest : public ::testing::Test {
 protected:
  Vector random_vector(size_t dimension) {
    Vector values(dimension);
    for (float& value : values) value = static_cast<float>(normal_(random_));
    return values;
  }
  /// A vector near the centre of a class.
  Vector random_member(size_t class_index, size_t dimension) {
    std::mt19937 centre(static_cast<unsigned>(class_index) + 7);
    Vector values = random_vector(dimension);
    for (float& value : values) {
      value += 1.5f * static_cast<float>(std::normal_distribution<double>()(centre));
    }
    return values;
  }
  size_t below(size_t limit) {
    return std::uniform_int_distribution<size_t>(0, limit - 1)(random_);
  }

  std::mt19937 random_{testing::test_seed()};
  std::normal_distribution<double> normal_;
};

TEST_F(LinearHeadTest, EqualsTheNaiveFormulaAfterRandomEdits) {
  constexpr size_t kDimension = 24;
  const std::vector<std::string> labels = {"a", "b", "c", "d", "e"};
  Knn knn(Storage::F32);
  for (size_t step = 0; step < 1500; ++step) {
    knn.prepare(kCombined);
    const std::vector<ExampleId> ids = knn.ids();
    const size_t choice = below(ids.size() > 60 ? 30 : 24);
    const auto label = [&] { return labels[below(labels.size())]; };
    const auto known = [&] { return knn.labels()[below(knn.class_count())]; };
    const char* what = "add";
    if (ids.empty() || choice < 12) {
      const size_t c = below(labels.size());
      knn.add(random_member(c, kDimension), labels[c]);
    } else if (choice < 15 || choice >= 24) {
      what = "remove";
      knn.remove(ids[below(ids.size())]);
    } else if (choice < 17) {
      what = "move";
      knn.move_to(ids[below(ids.size())], label());
    } else if (choice < 20) {
      what = "undo";
      knn.undo();
    } else if (choice == 20) {
      what = "enable";
      knn.enable(known(), below(3) > 0);
    } else if (choice == 21 && step % 5 == 0) {
      what = "clear a class";
      knn.clear(known());
    } else if (choice == 22 && knn.class_count() > 2 && step % 5 == 0) {
      what = "merge";
      knn.merge(knn.labels()[0], knn.labels()[1]);
    } else if (choice == 23 && step % 50 == 0) {
      what = "clear";
      knn.clear();
    }
    const std::vector<size_t> voting = knn.voting_counts();
    if (std::ranges::all_of(voting, [](size_t count) { return count == 0; })) continue;
    if (step % 3 == 0) expect_naive(knn, random_member(below(5), kDimension), what);
    if (HasFatalFailure()) return;
  }
}

TEST_F(LinearHeadTest, DoesNotDriftInTenThousandEdits) {
  constexpr size_t kDimension = 32;
  Knn knn(Storage::F32);
  for (size_t i = 0; i < 40; ++i) knn.add(random_member(i % 4, kDimension), std::to_string(i % 4));
  knn.prepare(kCombined);
  for (size_t edit = 0; edit < 5000; ++edit) {
    const std::vector<ExampleId> ids = knn.ids();
    knn.remove(ids[below(ids.size())]);
    const size_t c = below(4);
    knn.add(random_member(c, kDimension), std::to_string(c));
  }
  // A fresh copy of the same examples has a head that was never edited.
  Knn fresh(Storage::F32);
  for (const std::string& label : knn.labels()) fresh.add_class(label);
  for (const ExampleId id : knn.ids()) fresh.add(knn.embedding(id), knn.labels()[knn.class_of(id)]);
  for (size_t i = 0; i < 20; ++i) {
    const Vector query = random_member(i % 4, kDimension);
    const Prediction kept = knn.predict(query, kCombined), built = fresh.predict(query, kCombined);
    for (size_t c = 0; c < 4; ++c) ASSERT_NEAR(kept.confidences[c], built.confidences[c], 1e-3);
  }
}

TEST_F(LinearHeadTest, KeepsABalancedFactorBeyondItsLimit) {
  constexpr size_t kDimension = 16, kPerClass = 400;
  Knn edited(Storage::F32), built(Storage::F32);
  edited.add(random_member(0, kDimension), "0");
  edited.prepare(kCombined);
  for (size_t i = 0; i < 3 * kPerClass; ++i) {
    edited.add(random_member(i / kPerClass, kDimension), std::to_string(i / kPerClass));
  }
  for (const ExampleId id : edited.ids()) {
    built.add(edited.embedding(id), edited.labels()[edited.class_of(id)]);
  }
  built.prepare(kCombined);
  size_t equal = 0;
  for (size_t i = 0; i < 300; ++i) {
    const Vector query = random_member(i % 3, kDimension);
    const Prediction a = edited.predict(query, kCombined), b = built.predict(query, kCombined);
    equal += a.class_index == b.class_index ? 1 : 0;
  }
  // The two factors hold different examples, so predictions between classes may differ.
  EXPECT_GE(equal, 290u);
  for (const ExampleId id : edited.ids("0")) {
    if (edited.ids("0").size() > 2) edited.remove(id);
  }
  const Vector query = random_member(1, kDimension);
  EXPECT_EQ(edited.labels()[edited.predict(query, kCombined).class_index], "1");
}

TEST_F(LinearHeadTest, AnswersWhenThereIsNothingToLearn) {
  Knn one;
  one.add(Vector{1, 2, 3}, "only");
  one.prepare(kCombined);
  EXPECT_FLOAT_EQ(one.predict(Vector{-3, 1, 0}, kCombined).confidences[0], 1);

  Knn equal;
  for (int i = 0; i < 20; ++i) equal.add(Vector{1, 1, 1}, i % 2 == 0 ? "a" : "b");
  equal.prepare(kCombined);
  const Prediction undecided = equal.predict(Vector{1, 1, 1}, kCombined);
  EXPECT_NEAR(undecided.confidences[0], 0.5f, 1e-3);
  EXPECT_NEAR(undecided.confidences[1], 0.5f, 1e-3);
  for (const ExampleId id : equal.ids()) equal.remove(id);
  EXPECT_THROW(equal.predict(Vector{1, 1, 1}, kCombined), Error);
  equal.add(Vector{1, 0}, "a");
  EXPECT_EQ(equal.predict(Vector{1, 0}, kCombined).class_index, 0u);

  Knn many;
  many.prepare(kCombined);
  for (size_t c = 0; c < 300; ++c) many.add(random_member(c, 40), std::to_string(c));
  many.prepare(kCombined);
  size_t right = 0;
  for (size_t c = 0; c < 300; ++c) {
    const Prediction prediction = many.predict(random_member(c, 40), kCombined);
    for (const float each : prediction.confidences) ASSERT_TRUE(std::isfinite(each));
    right += many.labels()[prediction.class_index] == std::to_string(c) ? 1 : 0;
  }
  EXPECT_GE(right, 150u);

  EXPECT_THROW(many.predict(Vector(40, NAN), kCombined), Error);
  EXPECT_THROW(many.predict(Vector(40, 0.0f), kCombined), Error);
}

TEST_F(LinearHeadTest, LetsOneExampleWinBesideTenThousand) {
  constexpr size_t kDimension = 16;
  Knn knn(Storage::I8);
  for (size_t i = 0; i < 10'000; ++i) knn.add(random_member(0, kDimension), "many");
  const Vector rare = random_member(5, kDimension);
  knn.add(rare, "one");
  knn.prepare(kCombined);
  EXPECT_EQ(knn.labels()[knn.predict(rare, kCombined).class_index], "one");
  EXPECT_EQ(knn.labels()[knn.predict(random_member(0, kDimension), kCombined).class_index], "many");
}

TEST_F(LinearHeadTest, ReviewsEachExampleWithoutItself) {
  constexpr size_t kDimension = 24;
  Knn knn(Storage::F32);
  for (size_t i = 0; i < 30; ++i) knn.add(random_member(i % 3, kDimension), std::to_string(i % 3));
  const Review result = review(knn, {.predict = kCombined});
  size_t correct = 0;
  for (const ExampleId id : knn.ids()) {
    Knn others(Storage::F32);
    for (const std::string& label : knn.labels()) others.add_class(label);
    for (const ExampleId other : knn.ids()) {
      if (other != id) others.add(knn.embedding(other), knn.labels()[knn.class_of(other)]);
    }
    const Prediction without = others.predict(knn.embedding(id), kCombined);
    correct += without.class_index == knn.class_of(id) ? 1 : 0;
    for (const Outlier& outlier : result.outliers) {
      if (outlier.id != id) continue;
      EXPECT_EQ(outlier.suggested_class, without.class_index);
      EXPECT_NEAR(outlier.confidence, without.confidences[without.class_index], 1e-3);
    }
  }
  EXPECT_EQ(result.tested, 30u);
  EXPECT_EQ(result.correct, correct);
}

TEST_F(LinearHeadTest, MarksTheUnlikeAsUnknown) {
  Knn knn;
  knn.add(Vector{1, 0, 0}, "x");
  knn.add(Vector{0, 1, 0}, "y");
  PredictOptions options = kCombined;
  options.unknown_threshold = 0.4f;
  EXPECT_FALSE(knn.predict(Vector{1, 0, 0}, options).unknown);  // mean similarity 0.5
  EXPECT_TRUE(knn.predict(Vector{0, 0, 1}, options).unknown);
  options.k = 1;
  EXPECT_EQ(knn.predict(Vector{1, 0, 0}, options).neighbours.size(), 1u);
}

}  // namespace
}  // namespace teachable
