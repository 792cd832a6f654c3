#include "knn/review.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "core/error.h"
#include "knn/smoothing.h"

namespace teachable {
namespace {

using Vector = std::vector<float>;

constexpr size_t kDimension = 12;

/// Returns two classes of random points: "a" around the first axis, "b" around the second.
Knn two_clouds(int count_per_class, float spread) {
  std::mt19937 random(5);
  std::normal_distribution<float> normal(0, spread);
  Knn knn;
  for (int i = 0; i < count_per_class; ++i) {
    for (size_t axis : {0, 1}) {
      Vector vector(kDimension);
      for (float& value : vector) value = normal(random);
      vector[axis] += 1;
      knn.add(vector, axis == 0 ? "a" : "b");
    }
  }
  return knn;
}

TEST(Review, CountsThePredictionsOfAllExamples) {
  const Review result = review(two_clouds(30, 0.1f), {});
  EXPECT_EQ(result.tested, 60u);
  EXPECT_EQ(result.correct, 60u);
  ASSERT_EQ(result.predictions.size(), 3 * 60u);
  for (size_t i = 0; i < 60; ++i) {
    EXPECT_EQ(result.predictions[3 * i], i);
    EXPECT_EQ(result.predictions[3 * i + 1], i % 2);
    EXPECT_EQ(result.predictions[3 * i + 2], i % 2);
  }
  EXPECT_FALSE(result.most_confusable);
  EXPECT_TRUE(result.outliers.empty());
  EXPECT_TRUE(result.duplicates.empty());
}

TEST(Review, FindsAWrongLabelAndADuplicate) {
  Knn knn = two_clouds(20, 0.1f);
  Vector on_axis(kDimension);
  on_axis[0] = 1;
  const ExampleId wrong = knn.add(on_axis, "b");
  const ExampleId copy = knn.add(knn.embedding(3), "b");
  const Review result = review(knn, {});
  ASSERT_EQ(result.outliers.size(), 1u);
  EXPECT_EQ(result.outliers[0].id, wrong);
  EXPECT_EQ(result.outliers[0].suggested_class, 0u);
  EXPECT_FLOAT_EQ(result.outliers[0].confidence, 1);
  for (size_t i = 0; i < result.predictions.size(); i += 3) {
    const ExampleId id = result.predictions[i];
    EXPECT_EQ(result.predictions[i + 1], knn.class_of(id));
    EXPECT_EQ(result.predictions[i + 2], id == wrong ? 0 : knn.class_of(id));
  }
  ASSERT_EQ(result.duplicates.size(), 1u);
  EXPECT_EQ(result.duplicates[0].id, copy);
  EXPECT_EQ(result.duplicates[0].of, 3u);
  ASSERT_TRUE(result.most_confusable);
  EXPECT_EQ(result.most_confusable->class_a, 0u);
  EXPECT_EQ(result.most_confusable->class_b, 1u);
  EXPECT_EQ(result.most_confusable->confusions, 1u);
}

TEST(Review, SuggestsAHigherTemperatureForOverlappingClasses) {
  ReviewOptions options;
  options.predict.k = 20;
  const float apart = review(two_clouds(100, 0.05f), options).temperature;
  const float mixed = review(two_clouds(100, 0.8f), options).temperature;
  EXPECT_LT(apart, mixed);
}

TEST(Review, TestsAtMostTheGivenNumberOfExamples) {
  ReviewOptions options;
  options.max_examples = 10;
  EXPECT_EQ(review(two_clouds(50, 0.1f), options).tested, 10u);
}

TEST(Review, TestsNothingWithFewerThanTwoExamples) {
  Knn knn;
  EXPECT_EQ(review(knn, {}).tested, 0u);
  knn.add(Vector{1, 0}, "a");
  EXPECT_EQ(review(knn, {}).tested, 0u);
  knn.add(Vector{0, 1}, "b");
  EXPECT_EQ(review(knn, {}).tested, 2u);
  knn.enable("b", false);
  EXPECT_EQ(review(knn, {}).tested, 0u);
  ReviewOptions options;
  options.predict.k = 0;
  EXPECT_THROW(review(knn, options), Error);
}

TEST(Smoothing, StartsAtTheFirstFrameAndFollowsLaterOnes) {
  Smoothing smoothing(1);
  EXPECT_FLOAT_EQ(smoothing.add(Vector{1, 0})[0], 1);
  EXPECT_FLOAT_EQ(smoothing.add(Vector{0, 1})[0], 1.0f / 3);
  float sum = 0;
  for (float each : smoothing.add(Vector{0.25f, 0.75f})) sum += each;
  EXPECT_FLOAT_EQ(sum, 1);
  for (int i = 0; i < 50; ++i) smoothing.add(Vector{0, 1});
  EXPECT_LT(smoothing.add(Vector{0, 1})[0], 1e-6f);
  EXPECT_FLOAT_EQ(smoothing.add(Vector{1, 0, 0})[0], 1) << "another number of classes";
  smoothing.reset();
  EXPECT_FLOAT_EQ(smoothing.add(Vector{0, 0, 1})[2], 1);
}

TEST(Smoothing, ReturnsEachFrameUnchangedWithAHalfLifeOfZero) {
  Smoothing smoothing(0);
  smoothing.add(Vector{1, 0});
  EXPECT_FLOAT_EQ(smoothing.add(Vector{0, 1})[0], 0);
  for (double bad : {-1.0, std::nan(""), std::numeric_limits<double>::infinity()}) {
    EXPECT_THROW(Smoothing{bad}, Error);
  }
}

}  // namespace
}  // namespace teachable
