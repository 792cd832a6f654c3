// A frame of any size to a network's input, in one pass: crop, bilinear resize, value mapping.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "image/image.h"

namespace teachable {

/// Which part of the frame is looked at.
enum class Crop {
  Squash,  ///< all of it; the aspect ratio isn't kept (as tfjs-models/mobilenet does)
  Center,  ///< the largest centred rectangle of the input's aspect ratio ("cover"), in whole
           ///< pixels: the cut side is rounded to nearest, an odd remainder stays at the right or
           ///< bottom
};

/// Where output pixel i of n samples an axis of m source pixels (m: of the crop, so no pixel
/// outside the crop is ever looked at). Bilinear between the two nearest pixels, without
/// antialiasing, as TensorFlow does.
enum class ResizeRule {
  HalfPixel,     ///< (i + 0.5) * m / n - 0.5, clamped: TensorFlow 2, OpenCV, browsers
  AlignCorners,  ///< i * (m - 1) / (n - 1), 0 when n is 1: tfjs-models/mobilenet
};

/// How a frame becomes the network's input. A property of the model, which the caller may override.
struct Preprocess {
  Crop crop = Crop::Center;
  ResizeRule resize = ResizeRule::HalfPixel;
  bool mirror = false;   ///< flip the result left and right
  float range_low = -1;  ///< the real value of a channel at 0
  float range_high = 1;  ///< the real value of a channel at 255
};

/// Writes a network's input. Keeps its tables between calls: frames of the same size after the
/// first allocate nothing.
///
/// All run()s throw Error{BadImage} for a frame with a side of 0 or above kMaxSide or with fewer
/// bytes than its size needs, Error{BadArgument} for an output of 0x0 or with a side above
/// kMaxSide, a wrong output length, or a range that isn't finite. Nothing is written then.
class Preprocessor {
 public:
  /// Writes [height, width, 3] floats, R G B, range_low..range_high (to float rounding).
  /// `output` has width * height * 3 elements.
  void run(const RgbaView& frame, const Preprocess& how, int width, int height,
           std::span<float> output);

  /// As above into a quantised input: q = clamp(round(real / scale) + zero_point), half to even.
  /// Throws Error{BadArgument} unless `scale` > 0 and finite and `zero_point` is a value of the
  /// type.
  void run(const RgbaView& frame, const Preprocess& how, int width, int height, float scale,
           int zero_point, std::span<uint8_t> output);
  void run(const RgbaView& frame, const Preprocess& how, int width, int height, float scale,
           int zero_point, std::span<int8_t> output);

 private:
  /// Where one output column or row reads: a source pixel, how much of the next one is mixed in.
  struct Tap {
    uint32_t first = 0;
    float weight = 0;  ///< of the next pixel, 0-1; 0 when there is none
  };

  /// What the tables were made for.
  struct Geometry {
    int frame_width = 0, frame_height = 0, width = 0, height = 0;
    Crop crop = Crop::Squash;
    ResizeRule resize = ResizeRule::HalfPixel;
    bool mirror = false;

    bool operator==(const Geometry&) const = default;
  };

  /// Checks the sizes and makes the tables fit.
  void prepare(const RgbaView& frame, const Preprocess& how, int width, int height, size_t length);
  template <typename Q>
  void run_quantized(const RgbaView& frame, const Preprocess& how, int width, int height,
                     float scale, int zero_point, std::span<Q> output);
  template <typename Store, typename T>
  void resample(const uint8_t* pixels, const Store& store, T* output) const;

  static std::vector<Tap> make_taps(int source_first, int source_count, int count, ResizeRule rule);

  Geometry geometry_;
  std::vector<Tap> columns_, rows_;
  /// Bytes from a tap's pixel to the next; 0 when the source is one pixel wide or high.
  size_t column_step_ = 0, row_step_ = 0;
};

}  // namespace teachable
