#include "knn/smoothing.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/error.h"
#include "core/text.h"

namespace teachable {

namespace {

/// With a longer half-life, a frame's weight would be lost in the rounding of keep_.
constexpr double kLongestHalfLife = 1e9;

}  // namespace

Smoothing::Smoothing(double half_life)
    : keep_(half_life > 0 ? std::exp2(-1 / std::min(half_life, kLongestHalfLife)) : 0) {
  if (!(half_life >= 0) || !std::isfinite(half_life)) {
    throw Error(ErrorCode::BadArgument,
                {"The half-life is ", half_life, " frames. It must be finite and at least 0."});
  }
}

std::span<const float> Smoothing::add(std::span<const float> confidences) {
  if (mean_.size() != confidences.size()) {
    std::vector<float> result(confidences.size());
    mean_.assign(confidences.size(), 0);
    result_.swap(result);
    weight_ = 0;
  }
  // Bias correction: the weights of all frames so far sum to 1, so the mean starts at the first
  // frame and not at 0.
  weight_ = keep_ * weight_ + (1 - keep_);
  for (size_t i = 0; i < mean_.size(); ++i) {
    mean_[i] += (confidences[i] - mean_[i]) * (1 - keep_) / weight_;
    result_[i] = static_cast<float>(mean_[i]);
  }
  return result_;
}

}  // namespace teachable
