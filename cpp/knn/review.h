// Leave-one-out evaluation of the stored examples: accuracy, confusion matrix, likely mistakes, and
// options that calibrate confidences.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "knn/knn.h"

namespace teachable {

/// Options of review().
struct ReviewOptions {
  /// Options of the predictions to evaluate.
  PredictOptions predict;
  /// Maximum number of examples that are predicted from all others. They are spread evenly over the
  /// ids. Time is proportional to this number times the number of stored examples.
  size_t max_examples = 2000;
  /// Minimum cosine similarity of two examples that are reported as duplicates, -1..1.
  float duplicate_similarity = 0.9999f;
  /// Maximum number of reported duplicates, and of reported outliers.
  size_t max_suggestions = 20;
};

/// Two examples that are almost the same.
struct Duplicate {
  ExampleId id = 0;      ///< the newer example
  ExampleId of = 0;      ///< the older example
  float similarity = 0;  ///< cosine similarity, -1..1
};

/// Example that is predicted to be of another class, so its label may be wrong.
struct Outlier {
  ExampleId id = 0;
  uint32_t class_index = 0;      ///< its own class
  uint32_t suggested_class = 0;  ///< the predicted class
  float confidence = 0;          ///< confidence of the predicted class, 0..1
};

/// Two classes that are confused with each other.
struct ConfusablePair {
  uint32_t class_a = 0, class_b = 0;  ///< class indices; class_a is the lower one
  size_t confusions = 0;  ///< number of examples of either that were predicted to be the other
};

/// Result of review(): each tested example was predicted from all other examples of enabled
/// classes.
struct Review {
  size_t tested = 0;  ///< number of tested examples
  size_t correct =
      0;  ///< number predicted correctly; correct / tested is the leave-one-out accuracy
  /// [tested, 3] id, own class index and predicted class index of each tested example, in the order
  /// of the ids. A dense confusion matrix of 10,000 classes would be too large.
  std::vector<uint32_t> predictions;
  /// Pair of classes with the most confusions; empty when there were none.
  std::optional<ConfusablePair> most_confusable;
  std::vector<Duplicate> duplicates;  ///< most similar first
  std::vector<Outlier> outliers;      ///< highest confidence first
  /// Temperature for Weighting::Similarity that makes the examples' own classes most probable.
  float temperature = PredictOptions().temperature;
  /// Values for PredictOptions that calibrate confidences: about 8 of 10 predictions with
  /// confidence 0.8 are right. They are valid for the other options of this review, and when future
  /// queries resemble the examples and examples are not copies of each other. Defaults of
  /// PredictOptions when fewer than two classes have examples or a class has fewer than 3, and with
  /// Rule::Combined, whose confidences need no calibration.
  float prior = PredictOptions().prior, sharpness = PredictOptions().sharpness;
};

/// Evaluates the examples of enabled classes by leave-one-out prediction. Tests nothing when there
/// are fewer than two of them. Throws Error{BadArgument} when an option is out of range.
Review review(const Knn& knn, const ReviewOptions& options);

}  // namespace teachable
