// Steadier predictions for video.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace teachable {

/// An exponential mean of confidences over frames. What a frame says counts half after `half_life`
/// further frames.
class Smoothing {
 public:
  /// Frames, finite, >= 0; 0 doesn't smooth. Throws Error{BadArgument} otherwise.
  explicit Smoothing(double half_life);

  /// Takes a frame's [class_count] confidences; returns the mean so far, borrowed until the next
  /// call. Another number of classes starts anew; whether the same number are the same classes,
  /// only the caller knows.
  std::span<const float> add(std::span<const float> confidences);
  /// Starts anew, for another video or other classes.
  void reset() noexcept { mean_.clear(); }

 private:
  double keep_;  ///< of the mean, at each frame
  double weight_ = 0;
  std::vector<double> mean_;
  std::vector<float> result_;
};

}  // namespace teachable
