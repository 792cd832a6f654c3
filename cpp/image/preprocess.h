// A frame of any size to a network's input, in one pass: crop, bilinear resize, value mapping.
#pragma once

#include <cstdint>
#include <span>

#include "image/image.h"

namespace teachable {

/// Which part of the frame is looked at.
enum class Crop {
  Squash,  ///< all of it; the aspect ratio isn't kept (as tfjs-models/mobilenet does)
  Center,  ///< the largest centred rectangle of the input's aspect ratio ("cover")
};

/// Where output pixel i of n samples an axis of m source pixels.
enum class ResizeRule {
  HalfPixel,     ///< (i + 0.5) * m / n - 0.5, clamped: TensorFlow 2, OpenCV, browsers
  AlignCorners,  ///< i * (m - 1) / (n - 1), 0 when n is 1: tfjs-models/mobilenet
};

/// How a frame becomes the network's input. A property of the model, which the caller may override.
struct Preprocess {
  Crop crop = Crop::Center;
  ResizeRule resize = ResizeRule::HalfPixel;
  bool mirror = false;     ///< flip left and right
  float range_low = -1;    ///< the real value of a channel at 0
  float range_high = 1;    ///< the real value of a channel at 255
};

/// Writes [height, width, 3] floats, R G B, range_low..range_high.
/// `output` has width * height * 3 elements. Throws Error{BadImage} for a frame with a side of 0 or above kMaxSide or
/// with fewer bytes than its size needs, Error{BadArgument} for an output of 0x0, a wrong output length or a range that isn't finite.
/// A Preprocessor keeps its tables between calls: frames of the same size after the first allocate nothing.
class Preprocessor {
 public:
  void run(const RgbaView& frame, const Preprocess& how, int width, int height, std::span<float> output);

  /// As above into a quantised input: q = clamp(round(real / scale) + zero_point). `scale` > 0 and finite.
  void run(const RgbaView& frame, const Preprocess& how, int width, int height, float scale, int zero_point,
           std::span<uint8_t> output);
  void run(const RgbaView& frame, const Preprocess& how, int width, int height, float scale, int zero_point,
           std::span<int8_t> output);
};

}  // namespace teachable
