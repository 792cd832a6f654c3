// Finds confidences that can be believed, from what examples say of each other.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "knn/vote.h"

namespace teachable {

/// The prior and the sharpness of PredictOptions under which the examples' own classes are most
/// probable when each is predicted from all others. Of few examples that are all right, confidences
/// say that they were few: one imaginary example counts beside them, which all others were wrong
/// about.
class Calibration {
 public:
  /// `options`: as will be predicted with; its own prior and sharpness don't matter.
  /// `class_count`: classes that share the prior, >= 2.
  Calibration(const PredictOptions& options, size_t class_count)
      : options_(options), class_count_(static_cast<double>(class_count)) {}

  /// Takes an example of the class `own`: its neighbours without itself, at least one, nearest
  /// first, and the `counts` of vote() without it. Throws std::bad_alloc.
  void add(std::span<const Neighbour> neighbours, uint32_t own, std::span<const size_t> counts);

  struct Best {
    float prior, sharpness;
  };
  /// After at least one add().
  Best best() const;

 private:
  /// From hardly any doubt to hardly anything else.
  static constexpr std::array<float, 14> kPriors = {0.01f, 0.03f, 0.07f, 0.15f, 0.3f, 0.5f,  0.7f,
                                                    1.0f,  1.5f,  2.0f,  3.0f,  5.0f, 10.0f, 30.0f};
  static constexpr std::array<float, 12> kSharpnesses = {0.3f, 0.5f, 0.7f, 0.85f, 1.0f, 1.2f,
                                                         1.5f, 1.8f, 2.2f, 2.7f,  3.3f, 4.0f};

  PredictOptions options_;
  double class_count_;
  size_t tested_ = 0;
  double cast_ = 0;  ///< votes of all that were tested
  std::array<std::array<double, kSharpnesses.size()>, kPriors.size()> losses_{};
};

}  // namespace teachable
