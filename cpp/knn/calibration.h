// Finds the options that calibrate confidences, by leave-one-out prediction of the examples.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "knn/vote.h"

namespace teachable {

/// Grid search for `prior` and `sharpness` of PredictOptions. Minimizes the log loss of the
/// examples' own classes when each example is predicted from all others (leave-one-out).
///
/// One imaginary example, for which all votes were wrong, is part of the loss. It keeps confidences
/// below 1 when only a few examples were tested and all predictions were right.
class Calibration {
 public:
  /// `options` are those of later predictions; their `prior` and `sharpness` are ignored.
  /// `class_count` is the number of classes that share the prior, >= 2.
  Calibration(const PredictOptions& options, size_t class_count)
      : options_(options), class_count_(static_cast<double>(class_count)) {}

  /// Adds an example of the class `own_class`. `neighbours` are its nearest neighbours without the
  /// example itself, at least one, nearest first. `counts` [class_count] are those of vote(), also
  /// without the example. Throws std::bad_alloc.
  void add(std::span<const Neighbour> neighbours, uint32_t own_class,
           std::span<const size_t> counts);

  /// Values for PredictOptions.
  struct Best {
    float prior, sharpness;
  };
  /// Returns the values with the lowest loss. Requires at least one call of add().
  Best best() const;

 private:
  // The grid. The smallest prior leaves hardly any doubt, the largest hardly anything else.
  static constexpr std::array<float, 14> kPriors = {0.01f, 0.03f, 0.07f, 0.15f, 0.3f, 0.5f,  0.7f,
                                                    1.0f,  1.5f,  2.0f,  3.0f,  5.0f, 10.0f, 30.0f};
  static constexpr std::array<float, 12> kSharpnesses = {0.3f, 0.5f, 0.7f, 0.85f, 1.0f, 1.2f,
                                                         1.5f, 1.8f, 2.2f, 2.7f,  3.3f, 4.0f};

  PredictOptions options_;
  double class_count_;
  size_t tested_count_ = 0;
  double cast_votes_ = 0;  ///< sum of the votes of all tested examples
  /// [prior, sharpness] log loss of all tested examples.
  std::array<std::array<double, kSharpnesses.size()>, kPriors.size()> losses_{};
};

}  // namespace teachable
