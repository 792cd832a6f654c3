#include "image/preprocess.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "core/error.h"
#include "test_seed.h"

namespace teachable {
namespace {

constexpr ResizeRule kRules[] = {ResizeRule::HalfPixel, ResizeRule::AlignCorners, ResizeRule::Area};
constexpr const char* kRuleNames[] = {" half-pixel", " align-corners", " area"};

struct Frame {
  std::vector<uint8_t> pixels;
  int width, height;

  RgbaView view() const { return {pixels, width, height}; }
  double at(int x, int y, int channel) const {
    return pixels[(static_cast<size_t>(y) * width + x) * 4 + channel];
  }
};

Frame random_frame(int width, int height, std::mt19937& random) {
  Frame frame{std::vector<uint8_t>(static_cast<size_t>(width) * height * 4), width, height};
  for (uint8_t& byte : frame.pixels) byte = static_cast<uint8_t>(random());
  return frame;
}

/// Returns a frame whose red channel is `red(x, y)`; other channels are 0.
Frame red_frame(int width, int height, const std::function<int(int, int)>& red) {
  Frame frame{std::vector<uint8_t>(static_cast<size_t>(width) * height * 4), width, height};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      frame.pixels[(static_cast<size_t>(y) * width + x) * 4] = static_cast<uint8_t>(red(x, y));
    }
  }
  return frame;
}

double source_position(ResizeRule rule, int i, int n, int m) {
  if (rule == ResizeRule::AlignCorners)
    return n == 1 ? 0 : static_cast<double>(i) * (m - 1) / (n - 1);
  return std::min(std::max((i + 0.5) * m / n - 0.5, 0.0), m - 1.0);
}

/// Returns the share of each source pixel in output pixel i of n, of m source pixels.
std::vector<double> shares(ResizeRule rule, int i, int n, int m) {
  std::vector<double> result(static_cast<size_t>(m));
  if (rule == ResizeRule::Area && m >= 2 * n) {
    const double begin = static_cast<double>(i) * m / n, end = (i + 1.0) * m / n;
    for (int x = 0; x < m; ++x) {
      const double covered = std::min(end, x + 1.0) - std::max(begin, static_cast<double>(x));
      result[static_cast<size_t>(x)] = std::max(covered, 0.0) * n / m;
    }
    return result;
  }
  const double position = source_position(rule, i, n, m);
  const int first = static_cast<int>(position);
  result[static_cast<size_t>(std::min(first + 1, m - 1))] = position - first;
  result[static_cast<size_t>(first)] += 1 - (position - first);
  return result;
}

/// Reference implementation in double precision, one output value at a time.
std::vector<double> reference(const Frame& frame, const Preprocess& how, int width, int height) {
  int x0 = 0, y0 = 0, crop_width = frame.width, crop_height = frame.height;
  if (how.crop == Crop::Center) {
    // A single division of exact products, so that halves round correctly.
    const double fitting_width = static_cast<double>(frame.height) * width / height;
    const double fitting_height = static_cast<double>(frame.width) * height / width;
    if (frame.width > fitting_width) {
      crop_width = std::max(1, static_cast<int>(std::floor(fitting_width + 0.5)));
    } else {
      crop_height = std::max(1, static_cast<int>(std::floor(fitting_height + 0.5)));
    }
    x0 = (frame.width - crop_width) / 2;
    y0 = (frame.height - crop_height) / 2;
  }
  std::vector<double> values;
  for (int y = 0; y < height; ++y) {
    const std::vector<double> down = shares(how.resize, y, height, crop_height);
    for (int x = 0; x < width; ++x) {
      const std::vector<double> across =
          shares(how.resize, how.mirror ? width - 1 - x : x, width, crop_width);
      double sums[3] = {};
      for (int v = 0; v < crop_height; ++v) {
        if (down[static_cast<size_t>(v)] == 0) continue;
        for (int u = 0; u < crop_width; ++u) {
          const double share = down[static_cast<size_t>(v)] * across[static_cast<size_t>(u)];
          if (share == 0) continue;
          for (int c = 0; c < 3; ++c) sums[c] += share * frame.at(x0 + u, y0 + v, c);
        }
      }
      for (double sum : sums) {
        values.push_back(how.range_low + sum / 255 * (double{how.range_high} - how.range_low));
      }
    }
  }
  return values;
}

std::vector<float> run(const Frame& frame, const Preprocess& how, int width, int height) {
  std::vector<float> output(static_cast<size_t>(width) * height * (how.grey ? 1 : 3));
  Preprocessor().run(frame.view(), how, width, height, output);
  return output;
}

std::vector<float> reds(const std::vector<float>& values) {
  std::vector<float> result;
  for (size_t i = 0; i < values.size(); i += 3) result.push_back(values[i]);
  return result;
}

/// Returns settings with which output values equal pixel values.
Preprocess raw(Crop crop, ResizeRule rule, bool mirror = false) {
  return {.crop = crop, .resize = rule, .mirror = mirror, .range_low = 0, .range_high = 255};
}

TEST(Preprocess, MapsPixelsOfAFrameOfTheSameSizeAndIgnoresAlphaWithoutABackground) {
  const Frame frame{{0, 51, 102, 7, 153, 204, 255, 0}, 2, 1};
  for (ResizeRule rule : {ResizeRule::HalfPixel, ResizeRule::AlignCorners}) {
    const std::vector<float> output = run(frame, {.resize = rule}, 2, 1);
    const float wanted[] = {-1, -0.6f, -0.2f, 0.2f, 0.6f, 1};
    for (int i = 0; i < 6; ++i) EXPECT_NEAR(output[i], wanted[i], 1e-6);
  }
}

TEST(Preprocess, SamplesByTheHalfPixelRule) {
  const Frame frame = red_frame(4, 1, [](int x, int) { return 40 * x; });
  EXPECT_EQ(reds(run(frame, raw(Crop::Squash, ResizeRule::HalfPixel), 2, 1)),
            (std::vector<float>{20, 100}));
  EXPECT_EQ(reds(run(frame, raw(Crop::Squash, ResizeRule::HalfPixel), 8, 1)),
            (std::vector<float>{0, 10, 30, 50, 70, 90, 110, 120}));
}

TEST(Preprocess, SamplesByTheAlignCornersRule) {
  const Frame frame = red_frame(4, 1, [](int x, int) { return 40 * x; });
  EXPECT_EQ(reds(run(frame, raw(Crop::Squash, ResizeRule::AlignCorners), 2, 1)),
            (std::vector<float>{0, 120}));
  EXPECT_EQ(reds(run(frame, raw(Crop::Squash, ResizeRule::AlignCorners), 7, 1)),
            (std::vector<float>{0, 20, 40, 60, 80, 100, 120}));
  EXPECT_EQ(reds(run(frame, raw(Crop::Squash, ResizeRule::AlignCorners), 1, 1)),
            (std::vector<float>{0}));
}

TEST(Preprocess, TakesTheMeanOfAllPixelsOfALargeFrame) {
  const Frame frame = red_frame(8, 4, [](int x, int y) { return 10 * x + y; });
  EXPECT_EQ(reds(run(frame, raw(Crop::Squash, ResizeRule::Area), 2, 2)),
            (std::vector<float>{15.5, 55.5, 17.5, 57.5}));
  // Half of the middle pixel belongs to each side.
  const Frame odd = red_frame(5, 1, [](int x, int) { return 20 * x; });
  EXPECT_EQ(reds(run(odd, raw(Crop::Squash, ResizeRule::Area), 2, 1)),
            (std::vector<float>{16, 64}));
}

TEST(Preprocess, InterpolatesAlongASideThatIsNotTwiceAsLarge) {
  std::mt19937 random(4);
  const Frame frame = random_frame(19, 19, random);
  EXPECT_EQ(run(frame, raw(Crop::Squash, ResizeRule::Area), 10, 10),
            run(frame, raw(Crop::Squash, ResizeRule::HalfPixel), 10, 10));
  EXPECT_NE(run(frame, raw(Crop::Squash, ResizeRule::Area), 9, 10),
            run(frame, raw(Crop::Squash, ResizeRule::HalfPixel), 9, 10));
}

TEST(Preprocess, AThinLineMovesSmoothlyOverALargeFrame) {
  // Interpolation between two pixels loses a line that lies between its samples.
  for (int at = 0; at < 40; ++at) {
    const Frame frame = red_frame(40, 40, [&](int x, int) { return x == at ? 200 : 0; });
    double sum = 0;
    for (float value : reds(run(frame, raw(Crop::Squash, ResizeRule::Area), 4, 4))) sum += value;
    EXPECT_NEAR(sum, 200 / 10.0 * 4, 1e-3) << at;
  }
}

TEST(Preprocess, SumsOfManyBrightRowsDoNotOverflow) {
  for (int height : {256, 257, 258, 259, 260, 515, 517, 5000}) {
    const Frame frame = red_frame(9, height, [](int, int) { return 255; });
    for (float value : reds(run(frame, raw(Crop::Squash, ResizeRule::Area), 2, 1)))
      EXPECT_NEAR(value, 255, 1e-3) << height;
  }
}

TEST(Preprocess, CropsTheCentreOfWideAndHighFrames) {
  const auto number = [](int x, int y) { return 10 * y + x; };
  for (ResizeRule rule : {ResizeRule::HalfPixel, ResizeRule::AlignCorners}) {
    EXPECT_EQ(reds(run(red_frame(5, 2, number), raw(Crop::Center, rule), 2, 2)),
              (std::vector<float>{1, 2, 11, 12}));
    EXPECT_EQ(reds(run(red_frame(2, 4, number), raw(Crop::Center, rule), 2, 2)),
              (std::vector<float>{10, 11, 20, 21}));
    EXPECT_EQ(reds(run(red_frame(4, 4, number), raw(Crop::Center, rule), 4, 2)),
              (std::vector<float>{10, 11, 12, 13, 20, 21, 22, 23}));
  }
}

TEST(Preprocess, MirrorsTheCrop) {
  const Frame frame = red_frame(5, 2, [](int x, int y) { return 10 * y + x; });
  EXPECT_EQ(reds(run(frame, raw(Crop::Center, ResizeRule::HalfPixel, true), 2, 2)),
            (std::vector<float>{2, 1, 12, 11}));
}

TEST(Preprocess, ReadsNoPixelOutsideOfTheCrop) {
  Frame frame = red_frame(30, 10, [](int x, int) { return x < 10 || x >= 20 ? 255 : 7; });
  for (ResizeRule rule : kRules) {
    for (int side : {1, 3, 10, 64}) {
      for (float value : reds(run(frame, raw(Crop::Center, rule), side, side)))
        EXPECT_NEAR(value, 7, 1e-5);
    }
  }
}

/// Returns a frame blended over a colour, in whole numbers.
Frame blended(const Frame& frame, Rgb over) {
  Frame result = frame;
  for (size_t i = 0; i < result.pixels.size(); i += 4) {
    const double alpha = result.pixels[i + 3] / 255.0;
    const uint8_t behind[] = {over.red, over.green, over.blue};
    for (size_t c = 0; c < 3; ++c) {
      uint8_t& value = result.pixels[i + c];
      value = static_cast<uint8_t>(std::lround(value * alpha + behind[c] * (1 - alpha)));
    }
    result.pixels[i + 3] = 255;
  }
  return result;
}

TEST(Preprocess, BlendsTransparentPixelsBeforeTheResize) {
  std::mt19937 random(testing::test_seed());
  constexpr Rgb kBackground{250, 120, 3};
  for (int n = 0; n < 60; ++n) {
    Frame frame = random_frame(1 + static_cast<int>(random() % 90),
                               1 + static_cast<int>(random() % 90), random);
    // Most rows are opaque, some pixels are invisible, and one kind of frame is opaque but for one.
    for (size_t i = 3; i < frame.pixels.size(); i += 4) {
      const auto chance = random() % 8;
      if (n % 3 == 0 || chance > 1) frame.pixels[i] = 255;
      if (chance == 0 && n % 3 == 1) frame.pixels[i] = 0;
    }
    if (n % 3 == 0) frame.pixels[random() % (frame.pixels.size() / 4) * 4 + 3] = 0;
    for (ResizeRule rule : kRules) {
      Preprocess how = raw(n % 2 == 0 ? Crop::Squash : Crop::Center, rule);
      const std::vector<float> wanted = run(blended(frame, kBackground), how, 20, 20);
      const std::vector<float> ignored = run(frame, how, 20, 20);
      how.background = kBackground;
      const std::vector<float> output = run(frame, how, 20, 20);
      for (size_t i = 0; i < wanted.size(); ++i) {
        ASSERT_NEAR(output[i], wanted[i], 0.02) << n << kRuleNames[static_cast<size_t>(rule)];
      }
      if (n % 3 == 2) {
        EXPECT_NE(output, ignored);
      }
    }
  }
}

TEST(Preprocess, AnOpaqueFrameIsTheSameWithAndWithoutABackground) {
  std::mt19937 random(testing::test_seed());
  Frame frame = random_frame(640, 480, random);
  for (size_t i = 3; i < frame.pixels.size(); i += 4) frame.pixels[i] = 255;
  for (ResizeRule rule : kRules) {
    Preprocess how = raw(Crop::Center, rule);
    const std::vector<float> wanted = run(frame, how, 224, 224);
    how.background = Rgb{255, 255, 255};
    EXPECT_EQ(run(frame, how, 224, 224), wanted);
  }
}

TEST(Preprocess, AFrameInPartsGivesTheSameAsTheWholeFrame) {
  std::mt19937 random(testing::test_seed());
  for (int n = 0; n < 60; ++n) {
    const Frame frame = random_frame(1 + static_cast<int>(random() % 200),
                                     1 + static_cast<int>(random() % 200), random);
    const int width = 1 + static_cast<int>(random() % 40);
    const int height = 1 + static_cast<int>(random() % 40);
    const size_t max_bytes = random() % 20'000;
    for (ResizeRule rule : kRules) {
      Preprocess how = raw(n % 2 == 0 ? Crop::Squash : Crop::Center, rule, n % 5 == 0);
      how.background = Rgb{255, 0, 9};
      how.grey = n % 3 == 0;
      const std::vector<float> wanted = run(frame, how, width, height);
      std::vector<float> output(wanted.size());
      Preprocessor preprocessor;
      const size_t stride = size_t{4} * static_cast<size_t>(frame.width);
      for (int y = 0; y < height;) {
        const Preprocessor::Part part =
            preprocessor.part_from(y, frame.width, frame.height, how, width, height, max_bytes);
        ASSERT_EQ(part.output_begin, y);
        ASSERT_GT(part.output_end, y);
        EXPECT_TRUE(part.output_end == y + 1 || part.row_count * stride <= max_bytes);
        ASSERT_LE(part.first_row + part.row_count, frame.height);
        // A copy of the rows alone, so that the sanitizer sees reads beyond them.
        const auto first = frame.pixels.begin() + static_cast<ptrdiff_t>(part.first_row * stride);
        const std::vector<uint8_t> rows(first,
                                        first + static_cast<ptrdiff_t>(part.row_count * stride));
        preprocessor.run({rows, frame.width, frame.height}, how, width, height, output, &part);
        y = part.output_end;
      }
      EXPECT_EQ(output, wanted) << n << kRuleNames[static_cast<size_t>(rule)];
    }
  }
}

struct Case {
  Frame frame;
  Preprocess how;
  int width, height;
};

Case random_case(std::mt19937& random) {
  const auto side = [&random](int limit) {
    switch (random() % 4) {
      case 0:
        return 1 + static_cast<int>(random() % 3);
      default:
        return 1 + static_cast<int>(random() % limit);
    }
  };
  Case c{random_frame(side(200), side(200), random), {}, side(60), side(60)};
  c.how.crop = random() % 2 == 0 ? Crop::Squash : Crop::Center;
  c.how.resize = kRules[random() % std::size(kRules)];
  c.how.mirror = random() % 2 == 0;
  c.how.range_low = std::uniform_real_distribution<float>(-3, 3)(random);
  c.how.range_high = std::uniform_real_distribution<float>(-3, 3)(random);
  return c;
}

std::string describe(const Case& c) {
  return std::to_string(c.frame.width) + "x" + std::to_string(c.frame.height) + " to " +
         std::to_string(c.width) + "x" + std::to_string(c.height) +
         (c.how.crop == Crop::Center ? " centre" : " squash") +
         kRuleNames[static_cast<size_t>(c.how.resize)] + (c.how.mirror ? " mirrored" : "");
}

/// Returns the allowed error of real values. The weights of the rows of a mean are rounded to
/// multiples of 2^-14, each sum of them by half of that.
double tolerance(const Case& c) {
  constexpr double kFloatRounding = 5e-6;
  if (c.how.resize != ResizeRule::Area) return kFloatRounding;
  const double rows = static_cast<double>(c.frame.height) / c.height + 2;
  const double range = std::abs(double{c.how.range_high} - c.how.range_low);
  return kFloatRounding + range * rows * 0.5 / (1 << 14);
}

TEST(Preprocess, AgreesWithADoublePrecisionReference) {
  const uint32_t seed = testing::test_seed();
  std::mt19937 random(seed);
  Preprocessor preprocessor;
  for (int round = 0; round < 300; ++round) {
    const Case c = random_case(random);
    SCOPED_TRACE("seed " + std::to_string(seed) + ", " + describe(c));
    std::vector<float> output(static_cast<size_t>(c.width) * c.height * 3);
    preprocessor.run(c.frame.view(), c.how, c.width, c.height, output);
    const std::vector<double> wanted = reference(c.frame, c.how, c.width, c.height);
    ASSERT_EQ(output.size(), wanted.size());
    for (size_t i = 0; i < output.size(); ++i) ASSERT_NEAR(output[i], wanted[i], tolerance(c)) << i;
  }
}

template <typename Q>
void expect_quantized_reference() {
  const uint32_t seed = testing::test_seed();
  std::mt19937 random(seed);
  Preprocessor preprocessor;
  const double low = std::numeric_limits<Q>::min(), high = std::numeric_limits<Q>::max();
  for (int round = 0; round < 300; ++round) {
    const Case c = random_case(random);
    const float scale = std::uniform_real_distribution<float>(0.001f, 0.05f)(random);
    const int zero_point = static_cast<int>(low) + static_cast<int>(random() % 256);
    SCOPED_TRACE("seed " + std::to_string(seed) + ", " + describe(c) + ", scale " +
                 std::to_string(scale) + ", zero point " + std::to_string(zero_point));
    std::vector<Q> output(static_cast<size_t>(c.width) * c.height * 3);
    preprocessor.run(c.frame.view(), c.how, c.width, c.height, scale, zero_point, output);
    const std::vector<double> real = reference(c.frame, c.how, c.width, c.height);
    for (size_t i = 0; i < output.size(); ++i) {
      const double exact = std::clamp(real[i] / scale + zero_point, low, high);
      ASSERT_LE(std::abs(output[i] - exact), 0.5 + tolerance(c) / scale) << i << ": " << exact;
    }
  }
}

TEST(Preprocess, QuantizesToUint8LikeTheReference) { expect_quantized_reference<uint8_t>(); }
TEST(Preprocess, QuantizesToInt8LikeTheReference) { expect_quantized_reference<int8_t>(); }

TEST(Preprocess, KeepsPixelValuesWhenTheScaleMatchesTheRange) {
  Frame frame{std::vector<uint8_t>(1024), 256, 1};
  for (int x = 0; x < 256; ++x) frame.pixels[x * 4] = static_cast<uint8_t>(x);
  const Preprocess how{.crop = Crop::Squash, .range_low = 0, .range_high = 1};
  std::vector<uint8_t> unsigned_output(768);
  Preprocessor().run(frame.view(), how, 256, 1, 1.0f / 255, 0, unsigned_output);
  std::vector<int8_t> signed_output(768);
  Preprocessor().run(frame.view(), how, 256, 1, 1.0f / 255, -128, signed_output);
  for (int x = 0; x < 256; ++x) {
    ASSERT_EQ(unsigned_output[x * 3], x);
    ASSERT_EQ(signed_output[x * 3], x - 128);
  }
}

TEST(Preprocess, RoundsTiesToEvenAndSaturates) {
  const Frame frame{{1, 2, 3, 0, 5, 255, 0, 0}, 2, 1};
  const Preprocess how{.crop = Crop::Squash, .range_low = 0, .range_high = 255};
  std::vector<uint8_t> output(6);
  Preprocessor().run(frame.view(), how, 2, 1, 2, 200, output);
  EXPECT_EQ(output, (std::vector<uint8_t>{200, 201, 202, 202, 255, 200}));
  const Preprocess inverted{.crop = Crop::Squash, .range_low = 0, .range_high = -1e30f};
  std::vector<int8_t> saturated(6);
  Preprocessor().run(frame.view(), inverted, 2, 1, 1e-6f, 5, saturated);
  EXPECT_EQ(saturated, (std::vector<int8_t>{-128, -128, -128, -128, -128, 5}));
}

TEST(Preprocess, WritesOnlyToTheOutput) {
  std::mt19937 random(1);
  const Frame frame = random_frame(9, 7, random);
  for (int width : {1, 2, 5}) {
    for (int height : {1, 3}) {
      const size_t length = static_cast<size_t>(width) * height * 3;
      std::vector<float> floats(length + 8, 77);
      std::vector<uint8_t> bytes(length + 8, 77);
      Preprocessor().run(frame.view(), {}, width, height, std::span(floats).subspan(4, length));
      Preprocessor().run(frame.view(), {}, width, height, 0.01f, 0,
                         std::span(bytes).subspan(4, length));
      for (size_t i : {size_t{0}, size_t{3}, length + 4, length + 7}) {
        EXPECT_EQ(floats[i], 77);
        EXPECT_EQ(bytes[i], 77);
      }
    }
  }
}

TEST(Preprocess, ReactsToEveryChangeOfSizeAndSettings) {
  std::mt19937 random(2);
  Preprocessor reused;
  const Frame small = random_frame(20, 30, random), large = random_frame(50, 31, random);
  for (const Frame* frame : {&small, &large, &small}) {
    for (Crop crop : {Crop::Squash, Crop::Center}) {
      for (bool mirror : {false, true}) {
        for (ResizeRule rule : kRules) {
          const Preprocess how = raw(crop, rule, mirror);
          std::vector<float> output(12 * 11 * 3);
          reused.run(frame->view(), how, 12, 11, output);
          EXPECT_EQ(output, run(*frame, how, 12, 11));
        }
      }
    }
  }
}

TEST(Preprocess, AcceptsTheMaximumSides) {
  const Frame wide = red_frame(kMaxSide, 1, [](int x, int) { return x == kMaxSide - 1 ? 9 : 0; });
  EXPECT_EQ(reds(run(wide, raw(Crop::Squash, ResizeRule::AlignCorners), 2, 2)),
            (std::vector<float>{0, 9, 0, 9}));
  EXPECT_EQ(run(wide, raw(Crop::Center, ResizeRule::HalfPixel), 1, kMaxSide).size(),
            size_t{3} * kMaxSide);
}

/// Returns the message of the Error that a call throws. Checks its code.
std::string error_message(ErrorCode code, const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "no error";
  return "";
}

TEST(Preprocess, RejectsFramesWithAnInvalidSizeOrTooFewBytes) {
  const std::vector<uint8_t> pixels(64);
  std::vector<float> output(3);
  const auto message = [&](int width, int height) {
    return error_message(ErrorCode::BadImage,
                         [&] { Preprocessor().run({pixels, width, height}, {}, 1, 1, output); });
  };
  EXPECT_EQ(message(4, 5),
            "The frame of 4x5 pixels has 64 bytes, but needs 80 (4 bytes per pixel).");
  for (int side : {0, -1, kMaxSide + 1, std::numeric_limits<int>::min()}) {
    message(side, 1);
    message(1, side);
  }
  Preprocessor().run({pixels, 3, 5}, {}, 1, 1, output);  // more bytes than needed are allowed
}

TEST(Preprocess, RejectsInvalidOutputsRangesAndScales) {
  const std::vector<uint8_t> pixels(64);
  const RgbaView frame{pixels, 4, 4};
  std::vector<float> floats(3);
  std::vector<uint8_t> bytes(3);
  Preprocessor preprocessor;
  const auto bad_size = [&](int width, int height) {
    return error_message(ErrorCode::BadArgument,
                         [&] { preprocessor.run(frame, {}, width, height, floats); });
  };
  bad_size(0, 0);
  bad_size(-1, 1);
  bad_size(1, kMaxSide + 1);
  EXPECT_EQ(bad_size(2, 1), "The output has 3 elements, but 2x1 pixels of 3 channels need 6.");

  const float infinity = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float largest = std::numeric_limits<float>::max();
  for (float bad : {infinity, -infinity, nan}) {
    error_message(ErrorCode::BadArgument,
                  [&] { preprocessor.run(frame, {.range_low = bad}, 1, 1, floats); });
    error_message(ErrorCode::BadArgument,
                  [&] { preprocessor.run(frame, {.range_high = bad}, 1, 1, floats); });
    error_message(ErrorCode::BadArgument,
                  [&] { preprocessor.run(frame, {}, 1, 1, bad, 0, bytes); });
  }
  error_message(ErrorCode::BadArgument, [&] {
    preprocessor.run(frame, {.range_low = -largest, .range_high = largest}, 1, 1, floats);
  });
  for (float scale : {0.0f, -1.0f, std::numeric_limits<float>::denorm_min()}) {
    error_message(ErrorCode::BadArgument,
                  [&] { preprocessor.run(frame, {}, 1, 1, scale, 0, bytes); });
  }
  for (int zero_point : {-1, 256}) {
    error_message(ErrorCode::BadArgument,
                  [&] { preprocessor.run(frame, {}, 1, 1, 1, zero_point, bytes); });
  }
}

}  // namespace
}  // namespace teachable
