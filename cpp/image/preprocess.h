// Converts a frame of any size to the network's input in one pass: crop, resize, and mapping of
// pixel values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/float4.h"
#include "image/image.h"

namespace teachable {

/// Part of the frame that the network sees.
enum class Crop {
  Squash,  ///< the whole frame; the aspect ratio is not kept (as in tfjs-models/mobilenet)
  Center,  ///< the largest centred rectangle with the aspect ratio of the input ("cover"). Its
           ///< cropped side is rounded to whole pixels; when the rest is odd, one pixel more is cut
           ///< at the right or bottom
};

/// Source of output pixel i of n along an axis with m source pixels. m counts the pixels of the
/// crop; pixels outside of it are never read. HalfPixel and AlignCorners are positions: values are
/// interpolated linearly between the two nearest pixels, without antialiasing, as in TensorFlow.
enum class ResizeRule {
  HalfPixel,     ///< (i + 0.5) * m / n - 0.5, clamped: TensorFlow 2
  AlignCorners,  ///< i * (m - 1) / (n - 1), 0 when n is 1: tfjs-models/mobilenet
  Area,          ///< the mean from i * m / n to (i + 1) * m / n if m >= 2 * n, as OpenCV's
                 ///< INTER_AREA; HalfPixel for a smaller m, which leaves no pixel out
};

/// Colour, sRGB.
struct Rgb {
  uint8_t red = 0, green = 0, blue = 0;
};

/// Real values of a channel at 0 and at 255, finite.
struct Levels {
  float low, high;
};

/// Preprocessing settings. They are a property of the model, which the caller may override.
struct Preprocess {
  Crop crop = Crop::Center;
  ResizeRule resize = ResizeRule::Area;
  bool mirror = false;   ///< true flips the result horizontally
  float range_low = -1;  ///< real value of a channel value of 0, finite
  float range_high = 1;  ///< real value of a channel value of 255, finite
  /// Colour behind transparent pixels, which are blended before the resize. Without one, alpha is
  /// ignored, as in TensorFlow.js.
  std::optional<Rgb> background{};
  /// Ranges of the channels R, G and B, if they differ. `range_low` and `range_high` then don't
  /// count.
  std::optional<std::array<Levels, 3>> channel_ranges{};
  bool grey = false;  ///< true writes one channel, 0.299 R + 0.587 G + 0.114 B, in the range of R
};

/// Writes frames into a network's input. Keeps its tables between calls: while size and settings
/// stay the same, only the first call allocates memory.
///
/// Every run() throws Error{BadImage} for a frame with a side of 0 or above kMaxSide, or with fewer
/// bytes than its size needs. It throws Error{BadArgument} for an output with a side of 0 or above
/// kMaxSide, a wrong output length, or a value range that is not finite. In these cases nothing is
/// written.
class Preprocessor {
 public:
  /// Some rows of a frame that is too large to be in memory as a whole, and the rows of the output
  /// that are made of them.
  struct Part {
    int first_row = 0, row_count = 0;      ///< of the frame
    int output_begin = 0, output_end = 0;  ///< of the output
  };

  /// Returns the part for the output rows from `output_begin` on. It has at most `max_bytes` of
  /// pixels, unless a single output row needs more. Throws as run().
  Part part_from(int output_begin, int frame_width, int frame_height, const Preprocess& how,
                 int width, int height, size_t max_bytes);

  /// Writes the input of a float network: [height, width, 3] values R, G, B in
  /// range_low..range_high, up to float rounding; or [height, width, 1] grey values. `output` must
  /// have width * height * 3 elements, or width * height.
  ///
  /// A `part` limits frame.pixels to its rows, and the writing to its output rows. Parts in
  /// the order of their rows write what the whole frame writes.
  void run(const RgbaView& frame, const Preprocess& how, int width, int height,
           std::span<float> output, const Part* part = nullptr);

  /// Writes the input of a quantized network: q = clamp(round(real / scale) + zero_point), where
  /// round() rounds ties to even. `scale` must be finite and > 0, and `zero_point` a value of the
  /// element type; otherwise throws Error{BadArgument}.
  void run(const RgbaView& frame, const Preprocess& how, int width, int height, float scale,
           int zero_point, std::span<uint8_t> output, const Part* part = nullptr);
  void run(const RgbaView& frame, const Preprocess& how, int width, int height, float scale,
           int zero_point, std::span<int8_t> output, const Part* part = nullptr);

 private:
  /// Source of one output column or row: `count` pixels, with a weight for the first one, for each
  /// inner one, and for the last one. The weights sum to 1.
  struct Tap {
    uint32_t first = 0, count = 2;
    float first_weight = 1, inner_weight = 0, last_weight = 0;
  };

  /// Sizes and settings for which the tables were computed.
  struct Geometry {
    int frame_width = 0, frame_height = 0, width = 0, height = 0;
    Crop crop = Crop::Squash;
    ResizeRule resize = ResizeRule::HalfPixel;
    bool mirror = false;
    bool grey = false;

    bool operator==(const Geometry&) const = default;
  };

  /// Validates the sizes and recomputes the tables if needed.
  void prepare(int frame_width, int frame_height, const Preprocess& how, int width, int height,
               size_t length);
  /// Also validates the number of pixels.
  void prepare(const RgbaView& frame, const Preprocess& how, int width, int height, size_t length,
               const Part* part);
  template <typename Q>
  void run_quantized(const RgbaView& frame, const Preprocess& how, int width, int height,
                     float scale, int zero_point, std::span<Q> output, const Part* part);
  template <typename Store, typename T>
  void resample(const uint8_t* pixels, const std::optional<Rgb>& background, const Store& store,
                T* output, const Part* part);
  /// Computes one output row: [width, 4] floats in 0..255, in output_row_. `source` is the first
  /// row of the tap. Returns the lowest value of each channel. One copy serves all outputs.
  [[gnu::noinline]] Float4 make_row(const uint8_t* source, const Tap& row);
  Float4 interpolate_row(const uint8_t* source, const Tap& row);
  Float4 average_row(const uint8_t* source, const Tap& row);
  /// Returns a copy of the tap's rows, blended over the background. Their alpha is 255.
  [[gnu::noinline]] const uint8_t* blend_rows(const uint8_t* source, const Tap& row,
                                              Rgb background);

  static std::vector<Tap> make_taps(int source_first, int source_count, int count, ResizeRule rule);

  Geometry geometry_;
  std::vector<Tap> columns_, rows_;
  /// Distance in bytes from the pixel of a tap to the next one; 0 when the source is one pixel wide
  /// or high.
  size_t column_step_ = 0, row_step_ = 0;
  bool averages_ = false;                   ///< true if an axis takes means of its pixels
  size_t mean_begin_ = 0, mean_width_ = 0;  ///< columns of the crop
  std::vector<int16_t> row_weights_;        ///< of the rows of a tap
  std::vector<float> row_sums_;             ///< [mean_width_, 4], the weighted sums of these rows
  std::vector<float> output_row_;           ///< [width, 4], 0..255
  std::vector<uint8_t> blended_;            ///< the blended rows of a tap
};

}  // namespace teachable
