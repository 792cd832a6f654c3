// Tests calibration: of predictions with confidence 0.8 for unseen queries, 8 of 10 are right.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "core/error.h"
#include "knn/review.h"
#include "test_seed.h"

namespace teachable {
namespace {

using Vector = std::vector<float>;

constexpr size_t kDimension = 12;

struct Sample {
  Vector values;                    ///< [labels.size(), kDimension]
  std::vector<std::string> labels;  ///< true labels
};

/// Returns random points around one axis per class. With a spread of 0.6, the classes overlap.
Sample draw(size_t count, size_t class_count, float spread, std::mt19937& random) {
  std::normal_distribution<float> normal(0, spread);
  Sample sample{Vector(count * kDimension), {}};
  for (float& value : sample.values) value = normal(random);
  for (size_t i = 0; i < count; ++i) {
    const size_t own_class = random() % class_count;
    sample.values[i * kDimension + own_class] += 1;
    sample.labels.push_back(std::to_string(own_class));
  }
  return sample;
}

Knn teach(const Sample& sample) {
  Knn knn;
  knn.add_batch(sample.values, kDimension, sample.labels);
  return knn;
}

/// Returns the expected calibration error: the mean difference between confidence and accuracy in
/// ten bins of confidence.
double calibration_error(const std::vector<Prediction>& predictions, const Knn& knn,
                         const Sample& sample) {
  constexpr size_t kBins = 10;
  std::array<double, kBins> claimed{}, right{};
  for (size_t i = 0; i < predictions.size(); ++i) {
    const size_t winner = predictions[i].class_index;
    const double confidence = double{predictions[i].confidences[winner]};
    const size_t bin = std::min(static_cast<size_t>(confidence * kBins), kBins - 1);
    claimed[bin] += confidence;
    right[bin] += knn.labels()[winner] == sample.labels[i] ? 1 : 0;
  }
  double error = 0;
  for (size_t bin = 0; bin < kBins; ++bin) error += std::abs(claimed[bin] - right[bin]);
  return error / static_cast<double>(predictions.size());
}

TEST(Calibration, CalibratesConfidencesOfOverlappingClasses) {
  const uint32_t seed = testing::test_seed();
  SCOPED_TRACE("TEACHABLE_SEED=" + std::to_string(seed));
  std::mt19937 random(seed);
  for (const size_t class_count : {2, 5}) {
    const Knn knn = teach(draw(1000, class_count, 0.6f, random));
    const Sample held_out = draw(2000, class_count, 0.6f, random);
    double plain_sum = 0, calibrated_sum = 0;
    for (const size_t k : {1, 3, 10, 30}) {
      for (const Weighting weighting : {Weighting::Votes, Weighting::Similarity}) {
        SCOPED_TRACE(std::to_string(class_count) + " classes, k = " + std::to_string(k) +
                     (weighting == Weighting::Votes ? ", votes" : ", similarity"));
        PredictOptions options{.k = k, .weighting = weighting, .balanced = k == 10};
        const auto plain = knn.predict_batch(held_out.values, kDimension, options);
        const Review result = review(knn, {.predict = options});
        options.prior = result.prior;
        options.sharpness = result.sharpness;
        const auto calibrated = knn.predict_batch(held_out.values, kDimension, options);
        const double plain_error = calibration_error(plain, knn, held_out);
        const double error = calibration_error(calibrated, knn, held_out);
        plain_sum += plain_error;
        calibrated_sum += error;
        EXPECT_LT(error, 0.09) << "uncalibrated " << plain_error;
        if (k == 1) EXPECT_LT(error, plain_error / 2);
        for (size_t i = 0; i < plain.size(); ++i) {
          ASSERT_EQ(plain[i].class_index, calibrated[i].class_index) << "the same winner";
        }
      }
    }
    EXPECT_LT(calibrated_sum, plain_sum / 2);
  }
}

TEST(Calibration, FewExamplesGiveNoCertainty) {
  std::mt19937 random(3);
  float lowest_doubt = 1;
  for (const size_t count : {40, 100, 300}) {
    const Sample sample = draw(count, 2, 0.05f, random);
    const Knn knn = teach(sample);
    PredictOptions options{.k = 1};
    const Review result = review(knn, {.predict = options});
    ASSERT_EQ(result.correct, count);
    options.prior = result.prior;
    options.sharpness = result.sharpness;
    const Prediction prediction = knn.predict(std::span(sample.values).first(kDimension), options);
    const float doubt = 1 - prediction.confidences[prediction.class_index];
    EXPECT_LT(doubt, lowest_doubt) << count;
    EXPECT_GT(doubt, 0) << count;
    lowest_doubt = doubt;
  }
  EXPECT_LT(lowest_doubt, 0.02f);
}

TEST(Calibration, DividesThePriorAmongEnabledClassesWithExamples) {
  Knn knn;
  knn.add(Vector{1, 0}, "a");
  knn.add(Vector{1, 0.1f}, "a");
  knn.add(Vector{0, 1}, "b");
  knn.add(Vector{-1, 0}, "disabled");
  knn.enable("disabled", false);
  knn.add_class("empty");
  const PredictOptions options{.k = 2, .prior = 2};
  const Vector shares = knn.predict(Vector{1, 0}, options).confidences;
  EXPECT_FLOAT_EQ(shares[0], 0.75f);
  EXPECT_FLOAT_EQ(shares[1], 0.25f);
  EXPECT_EQ(shares[2] + shares[3], 0);
  const Vector sharp = knn.predict(Vector{1, 0}, {.k = 2, .prior = 2, .sharpness = 2}).confidences;
  EXPECT_FLOAT_EQ(sharp[0], 0.9f);
  EXPECT_FLOAT_EQ(sharp[1], 0.1f);
  EXPECT_EQ(knn.predict(Vector{1, 0}, {.k = 2}).confidences, (Vector{1, 0, 0, 0}));
  const PredictOptions extreme{.k = 2, .prior = 2, .sharpness = 1e30f};
  EXPECT_EQ(knn.predict(Vector{1, 0}, extreme).confidences, (Vector{1, 0, 0, 0}));
  const PredictOptions uniform{.k = 2, .prior = 1e38f};
  EXPECT_FLOAT_EQ(knn.predict(Vector{1, 0}, uniform).confidences[0], 0.5f);
}

TEST(Calibration, RejectsValuesOutOfRange) {
  Knn knn;
  knn.add(Vector{1, 0}, "a");
  const float infinity = std::numeric_limits<float>::infinity();
  for (const float bad : {-0.1f, infinity, std::nanf("")}) {
    EXPECT_THROW(knn.predict(Vector{1, 0}, {.k = 1, .prior = bad}), Error);
  }
  for (const float bad : {0.0f, -1.0f, infinity, std::nanf("")}) {
    EXPECT_THROW(knn.predict(Vector{1, 0}, {.k = 1, .sharpness = bad}), Error);
  }
}

}  // namespace
}  // namespace teachable
