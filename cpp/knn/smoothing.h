// Smoothing of predictions over the frames of a video.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace teachable {

/// Exponential moving average of confidences. The weight of a frame halves every `half_life`
/// frames.
class Smoothing {
 public:
  /// `half_life` is a number of frames, finite and >= 0; 0 turns smoothing off. More than a billion
  /// count as a billion, where all frames have the same weight. Throws Error{BadArgument} for other
  /// values.
  explicit Smoothing(double half_life);

  /// Adds the confidences of a frame, [class_count], and returns the average so far, [class_count].
  /// The result is valid until the next call. A different number of classes starts a new average.
  /// When the number stays the same but the classes change, the caller must call reset().
  std::span<const float> add(std::span<const float> confidences);
  /// Starts a new average, for another video or other classes.
  void reset() noexcept { mean_.clear(); }

 private:
  double keep_;        ///< share of the average that each frame keeps, 0..1
  double weight_ = 0;  ///< sum of the weights of all frames so far
  std::vector<double> mean_;
  std::vector<float> result_;
};

}  // namespace teachable
