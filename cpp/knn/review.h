// What the examples say about themselves: how well they predict each other, and which look wrong.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "knn/knn.h"

namespace teachable {

struct ReviewOptions {
  PredictOptions predict;  ///< as will be predicted with; k >= 1
  /// Examples that are predicted from all others, spread evenly over the ids. All of n take O(n²).
  size_t most_examples = 2000;
  /// Cosine from which two examples count as the same picture, -1..1.
  float duplicate_similarity = 0.9999f;
  size_t most_suggestions = 20;  ///< of each kind
};

/// Two examples that are all but the same.
struct Duplicate {
  ExampleId id = 0, of = 0;  ///< `of` is the older
  float similarity = 0;
};

/// An example whose neighbours are of another class.
struct Outlier {
  ExampleId id = 0;
  uint32_t class_index = 0;
  uint32_t suggested_class = 0;  ///< the neighbours'
  float confidence = 0;          ///< 0-1, theirs in the suggested class
};

/// A cell of the confusion matrix.
struct Confusion {
  uint32_t class_index = 0;  ///< the examples' own
  uint32_t taken_for = 0;    ///< what they were predicted to be
  size_t count = 0;
};

struct ConfusablePair {
  uint32_t class_a = 0, class_b = 0;
  size_t confusions = 0;  ///< examples of either that were taken for the other
};

/// Each tested example, predicted from all others of enabled classes.
struct Review {
  size_t tested = 0;
  size_t correct = 0;                ///< correct / tested is the leave-one-out accuracy
  std::vector<Confusion> confusion;  ///< the cells of the matrix that are not 0, by class indices
  std::optional<ConfusablePair> most_confusable;  ///< none when nothing was confused
  std::vector<Duplicate> duplicates;              ///< most similar first
  std::vector<Outlier> outliers;                  ///< most confident first
  /// Of Similarity: that under which the examples' own classes were most probable.
  float temperature = PredictOptions().temperature;
  /// With both, confidences of PredictOptions that are otherwise the same are calibrated: of
  /// predictions with 0.8, about 8 of 10 are right, if what comes is like the examples and these
  /// aren't copies of each other. Those of PredictOptions where there are no two classes.
  float prior = PredictOptions().prior, sharpness = PredictOptions().sharpness;
};

/// Throws Error{BadArgument} for options out of range. Without two examples of enabled classes,
/// nothing is tested.
Review review(const Knn& knn, const ReviewOptions& options);

}  // namespace teachable
