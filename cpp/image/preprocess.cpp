#include "image/preprocess.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>
#include <string>

#include "core/error.h"
#include "core/float4.h"
#include "core/text.h"
#include "image/sum_rows.h"

namespace teachable {
namespace {

using Int4 [[gnu::vector_size(16)]] = int32_t;
using Byte4 [[gnu::vector_size(4)]] = uint8_t;

std::string size_text(int width, int height) {
  return std::to_string(width) + "x" + std::to_string(height);
}

void check_size(int width, int height) {
  if (width < 1 || height < 1 || width > kMaxSide || height > kMaxSide) {
    throw Error(ErrorCode::BadImage, {"The frame has an invalid size: ", size_text(width, height),
                                      " pixels. Each side must be 1 to ", kMaxSide, " pixels."});
  }
}

/// `rows` is the number of rows that must be there.
void check_pixels(const RgbaView& frame, int rows) {
  const size_t needed = static_cast<size_t>(frame.width) * static_cast<size_t>(rows) * 4;
  if (frame.pixels.size() < needed) {
    throw Error(ErrorCode::BadImage,
                {"The frame of ", size_text(frame.width, rows), " pixels has ", frame.pixels.size(),
                 " bytes, but needs ", needed, " (4 bytes per pixel)."});
  }
}

void check_output(int width, int height, size_t channel_count, size_t length) {
  if (width < 1 || height < 1 || width > kMaxSide || height > kMaxSide) {
    throw Error(ErrorCode::BadArgument,
                {"The output has an invalid size: ", size_text(width, height),
                 " pixels. Each side must be 1 to ", kMaxSide, " pixels."});
  }
  const size_t needed = static_cast<size_t>(width) * static_cast<size_t>(height) * channel_count;
  if (length != needed) {
    throw Error(
        ErrorCode::BadArgument,
        {"The output has ", length, " elements, but ", size_text(width, height), " pixels of ",
         channel_count, channel_count == 1 ? " channel need " : " channels need ", needed, "."});
  }
}

/// Linear map of pixels to network input values, with a lane for each channel:
/// value = pixel * scale + offset.
struct Mapping {
  Float4 scale, offset;
};

[[clang::minsize]] Mapping make_mapping(const Preprocess& how, double unit) {
  Mapping mapping = {};
  for (size_t c = 0; c < 3; ++c) {
    const auto [range_low, range_high] =
        how.channel_ranges ? (*how.channel_ranges)[c] : Levels{how.range_low, how.range_high};
    const double low = range_low, high = range_high;
    const auto scale = static_cast<float>((high - low) / 255 / unit);
    const auto offset = static_cast<float>(low / unit);
    if (!std::isfinite(range_high - range_low) || !std::isfinite(scale) || !std::isfinite(offset)) {
      throw Error(ErrorCode::BadArgument,
                  {"The value range ", range_low, " to ", range_high, ", in quantization steps of ",
                   unit, ", is not finite. Pass finite range limits."});
    }
    mapping.scale[c] = scale;
    mapping.offset[c] = offset;
  }
  return mapping;
}

/// Returns pixels whose first channel is their grey value.
Float4 to_grey(Float4 pixel) {
  return splat4(0.299f * pixel[0] + 0.587f * pixel[1] + 0.114f * pixel[2]);
}

/// Stores three of four lanes as floats.
class FloatStore {
 public:
  explicit FloatStore(Mapping mapping) : scale_(mapping.scale), offset_(mapping.offset) {}

  /// Also writes a fourth element, which the next pixel overwrites.
  void store_wide(Float4 pixel, float* to) const { store4(to, pixel * scale_ + offset_); }
  void store(Float4 pixel, float* to) const {
    const Float4 value = pixel * scale_ + offset_;
    std::memcpy(to, &value, 3 * sizeof *to);
  }
  void store_grey(Float4 pixel, float* to) const { *to = (to_grey(pixel) * scale_ + offset_)[0]; }

 private:
  Float4 scale_, offset_;
};

/// Stores three of four lanes as quantized values.
template <typename Q>
class QuantizedStore {
 public:
  QuantizedStore(Mapping mapping, int zero_point)
      : scale_(mapping.scale),
        offset_(mapping.offset),
        low_(splat4(static_cast<float>(std::numeric_limits<Q>::min() - zero_point))),
        high_(splat4(static_cast<float>(std::numeric_limits<Q>::max() - zero_point))),
        bits_to_value_(Int4{} + (zero_point - std::bit_cast<int32_t>(kRounder))) {}

  void store_wide(Float4 pixel, Q* to) const {
    const Byte4 bytes = quantize(pixel);
    std::memcpy(to, &bytes, 4);
  }
  void store(Float4 pixel, Q* to) const {
    const Byte4 bytes = quantize(pixel);
    std::memcpy(to, &bytes, 3);
  }
  void store_grey(Float4 pixel, Q* to) const {
    const Byte4 bytes = quantize(to_grey(pixel));
    std::memcpy(to, &bytes, 1);
  }

 private:
  /// Adding this constant to a small float rounds it to the nearest integer, ties to even, because
  /// the sum has no bits for a fraction. The integer is in the lowest bits of the sum.
  static constexpr float kRounder = 0x1.8p23f;

  Byte4 quantize(Float4 pixel) const {
    Float4 value = pixel * scale_ + offset_;
    value = value < low_ ? low_ : value;
    value = value > high_ ? high_ : value;
    const Int4 bits = reinterpret_cast<Int4>(value + splat4(kRounder)) + bits_to_value_;
    return __builtin_convertvector(bits, Byte4);
  }

  Float4 scale_, offset_, low_, high_;
  Int4 bits_to_value_;
};

/// Mean of alpha above which a row of the output needs no blending. An opaque row that rounding
/// takes below it is blended too, which changes nothing.
constexpr float kOpaque = 254.99f;

/// Loads one source pixel as four floats, 0..255.
Float4 load_pixel(const uint8_t* from) {
  Byte4 bytes;
  std::memcpy(&bytes, from, sizeof bytes);
  // A byte in the lowest bits of the float 2^23 makes 2^23 + byte. A cast would become
  // WebAssembly's unsigned conversion, a single instruction that engines on x86 compile to many.
  constexpr float kTwoTo23 = 0x1p23f;
  const Int4 bits = __builtin_convertvector(bytes, Int4) | std::bit_cast<int32_t>(kTwoTo23);
  return reinterpret_cast<Float4>(bits) - splat4(kTwoTo23);
}

/// Sum of the weights of the rows of a mean, as integers. Their rounding changes a pixel by less
/// than 0.03 of 255 for a frame of 640 x 480.
constexpr float kWeightSum = 1 << 14;

struct Span1d {
  int first, count;
};

/// Returns the middle `count` of `available` pixels; the count is clamped to 1..available.
Span1d centered(int available, int64_t count) {
  const int clamped = static_cast<int>(std::clamp<int64_t>(count, 1, available));
  return {(available - clamped) / 2, clamped};
}

/// Returns true if output pixels are means along an axis, and false if they are interpolated.
bool averages(int source_count, int count, ResizeRule rule) {
  return rule == ResizeRule::Area && source_count >= 2 * count;
}

int64_t divide_rounded(int64_t dividend, int64_t divisor) {
  return (2 * dividend + divisor) / (2 * divisor);
}

}  // namespace

[[clang::minsize]] std::vector<Preprocessor::Tap> Preprocessor::make_taps(int source_first,
                                                                          int source_count,
                                                                          int count,
                                                                          ResizeRule rule) {
  std::vector<Tap> taps(static_cast<size_t>(count));
  const double last = source_count - 1;
  for (int i = 0; i < count; ++i) {
    Tap& tap = taps[static_cast<size_t>(i)];
    if (averages(source_count, count, rule)) {
      // Positions are in units of 1 / count pixels, in which all of them are whole numbers.
      const int64_t begin = int64_t{i} * source_count, end = begin + source_count;
      const int64_t first = begin / count, after = (end + count - 1) / count;
      const auto weight = [&](int64_t covered) {
        return static_cast<float>(static_cast<double>(covered) / source_count);
      };
      tap = {static_cast<uint32_t>(source_first + first), static_cast<uint32_t>(after - first),
             weight((first + 1) * count - begin), weight(count), weight(end - (after - 1) * count)};
      continue;
    }
    double position = 0;
    if (rule != ResizeRule::AlignCorners) {
      position = std::clamp((i + 0.5) * source_count / count - 0.5, 0.0, last);
    } else if (count > 1) {
      position = i * last / (count - 1);
    }
    // The last pixel is the second of a pair, with all the weight: so a pair is always there to
    // read.
    const int first = std::clamp(static_cast<int>(position), 0, std::max(source_count - 2, 0));
    tap.first = static_cast<uint32_t>(source_first + first);
    tap.last_weight = static_cast<float>(position - first);
    tap.first_weight = 1 - tap.last_weight;
  }
  return taps;
}

void Preprocessor::prepare(const RgbaView& frame, const Preprocess& how, int width, int height,
                           size_t length, const Part* part) {
  check_size(frame.width, frame.height);
  check_pixels(frame, part != nullptr ? part->row_count : frame.height);
  prepare(frame.width, frame.height, how, width, height, length);
}

[[clang::minsize]] void Preprocessor::prepare(int frame_width, int frame_height,
                                              const Preprocess& how, int width, int height,
                                              size_t length) {
  check_size(frame_width, frame_height);
  check_output(width, height, how.grey ? 1 : 3, length);
  const Geometry wanted{frame_width, frame_height, width,      height,
                        how.crop,    how.resize,   how.mirror, how.grey};
  if (wanted == geometry_) return;

  Span1d across{0, frame_width}, down{0, frame_height};
  if (how.crop == Crop::Center) {
    const int64_t wide = frame_width, high = frame_height;
    if (wide * height > high * width) {
      across = centered(frame_width, divide_rounded(high * width, height));
    } else {
      down = centered(frame_height, divide_rounded(wide * height, width));
    }
  }
  geometry_ = {};  // invalidates the tables, in case the allocations below throw
  columns_ = make_taps(across.first, across.count, width, how.resize);
  rows_ = make_taps(down.first, down.count, height, how.resize);
  if (how.mirror) std::reverse(columns_.begin(), columns_.end());
  averages_ = averages(across.count, width, how.resize) || averages(down.count, height, how.resize);
  if (averages_) {
    mean_begin_ = static_cast<size_t>(across.first);
    mean_width_ = static_cast<size_t>(across.count);
    row_sums_.resize(mean_width_ * 4);
    // A mean over a row of output covers one row more than a whole number, and a pair is even.
    row_weights_.resize(static_cast<size_t>(down.count / height) + 4);
    for (Tap& column : columns_) {
      for (float* weight : {&column.first_weight, &column.inner_weight, &column.last_weight})
        *weight /= kWeightSum;
    }
  }
  output_row_.resize(static_cast<size_t>(width) * 4);
  column_step_ = across.count > 1 ? 4 : 0;
  row_step_ = down.count > 1 ? static_cast<size_t>(frame_width) * 4 : 0;
  geometry_ = wanted;
}

[[clang::minsize]] Preprocessor::Part Preprocessor::part_from(int output_begin, int frame_width,
                                                              int frame_height,
                                                              const Preprocess& how, int width,
                                                              int height, size_t max_bytes) {
  prepare(frame_width, frame_height, how, width, height,
          static_cast<size_t>(width) * static_cast<size_t>(height) * (how.grey ? 1 : 3));
  const auto end_of = [&](const Tap& row) {
    return static_cast<int>(row.first + (row_step_ == 0 ? 1 : row.count));
  };
  const auto row_at = [&](int y) -> const Tap& { return rows_[static_cast<size_t>(y)]; };
  Part part{.first_row = static_cast<int>(row_at(output_begin).first),
            .output_begin = output_begin,
            .output_end = output_begin};
  const size_t stride = size_t{4} * static_cast<size_t>(frame_width);
  do {
    part.row_count = end_of(row_at(part.output_end)) - part.first_row;
    ++part.output_end;
  } while (part.output_end < height &&
           static_cast<size_t>(end_of(row_at(part.output_end)) - part.first_row) * stride <=
               max_bytes);
  return part;
}

Float4 Preprocessor::make_row(const uint8_t* source, const Tap& row) {
  return averages_ ? average_row(source, row) : interpolate_row(source, row);
}

const uint8_t* Preprocessor::blend_rows(const uint8_t* source, const Tap& row, Rgb background) {
  const size_t row_count = row_step_ == 0 ? 1 : row.count;
  blended_.resize(row_count * size_t{4} * static_cast<size_t>(geometry_.frame_width));
  const auto blend = [](unsigned colour, unsigned behind, unsigned alpha) {
    // The quotient by 255, rounded to nearest.
    const unsigned sum = colour * alpha + behind * (255 - alpha) + 128;
    return static_cast<uint8_t>((sum + (sum >> 8)) >> 8);
  };
  for (size_t i = 0; i < blended_.size(); i += 4) {
    const unsigned alpha = source[i + 3];
    blended_[i] = blend(source[i], background.red, alpha);
    blended_[i + 1] = blend(source[i + 1], background.green, alpha);
    blended_[i + 2] = blend(source[i + 2], background.blue, alpha);
    blended_[i + 3] = 255;
  }
  return blended_.data();
}

Float4 Preprocessor::interpolate_row(const uint8_t* source, const Tap& row) {
  const uint8_t* const upper = source;
  const uint8_t* const lower = upper + row_step_;
  const Float4 down = splat4(row.last_weight);
  float* output = output_row_.data();
  Float4 lowest = splat4(255);
  for (const Tap& column : columns_) {
    const size_t left = size_t{column.first} * 4, right = left + column_step_;
    const Float4 across = splat4(column.last_weight);
    const Float4 upper_left = load_pixel(upper + left), lower_left = load_pixel(lower + left);
    const Float4 above = upper_left + (load_pixel(upper + right) - upper_left) * across;
    const Float4 below = lower_left + (load_pixel(lower + right) - lower_left) * across;
    const Float4 mean = above + (below - above) * down;
    lowest = mean < lowest ? mean : lowest;
    store4(output, mean);
    output += 4;
  }
  return lowest;
}

Float4 Preprocessor::average_row(const uint8_t* source, const Tap& row) {
  // Rounding the sums instead of the weights keeps the total exact.
  double sum = 0, rounded = 0;
  for (uint32_t i = 0; i < row.count; ++i) {
    sum += i == 0 ? row.first_weight : i + 1 < row.count ? row.inner_weight : row.last_weight;
    const double next = std::nearbyint(sum * kWeightSum);
    row_weights_[i] = static_cast<int16_t>(next - rounded);
    rounded = next;
  }
  row_weights_[row.count] = 0;
  const size_t stride = size_t{4} * static_cast<size_t>(geometry_.frame_width);
  // A frame of one row has no second one to read.
  const size_t row_count = row_step_ == 0 ? 1 : row.count;
  sum_rows(source + mean_begin_ * 4, stride, row_count, row_weights_.data(), mean_width_ * 4,
           row_sums_.data());

  float* output = output_row_.data();
  Float4 lowest = splat4(255);
  for (const Tap& column : columns_) {
    const float* from = row_sums_.data() + (column.first - mean_begin_) * 4;
    const float* const last = from + (column_step_ == 0 ? 0 : (column.count - 1) * 4);
    Float4 mean =
        load4(from) * splat4(column.first_weight) + load4(last) * splat4(column.last_weight);
    Float4 inner = {};
    while ((from += 4) < last) inner += load4(from);
    mean += inner * splat4(column.inner_weight);
    lowest = mean < lowest ? mean : lowest;
    store4(output, mean);
    output += 4;
  }
  return lowest;
}

template <typename Store, typename T>
void Preprocessor::resample(const uint8_t* pixels, const std::optional<Rgb>& background,
                            const Store& store, T* output, const Part* part) {
  const size_t width = columns_.size();
  const size_t stride = size_t{4} * static_cast<size_t>(geometry_.frame_width);
  size_t y = 0, end = rows_.size(), first_row = 0;
  if (part != nullptr) {
    y = static_cast<size_t>(part->output_begin);
    end = static_cast<size_t>(part->output_end);
    first_row = static_cast<size_t>(part->first_row);
    output += y * width * (geometry_.grey ? 1 : 3);
  }
  for (; y < end; ++y) {
    const Tap& row = rows_[y];
    const uint8_t* const source = pixels + (row.first - first_row) * stride;
    const Float4 lowest = make_row(source, row);
    // The mean of alpha shows whether a pixel was transparent, so opaque frames are not searched.
    // Blending changes a mean of colours by at most what the mean of alpha is below 255.
    if (background && lowest[3] < kOpaque) make_row(blend_rows(source, row, *background), row);
    if (geometry_.grey) {
      for (const float* from = output_row_.data(); from < output_row_.data() + width * 4; from += 4)
        store.store_grey(load4(from), output++);
      continue;
    }
    // A wide store also writes to the next pixel, which the last pixel of the output does not have.
    const size_t wide_count = width - (y + 1 == rows_.size() ? 1 : 0);
    const float* from = output_row_.data();
    for (size_t x = 0; x < wide_count; ++x, output += 3, from += 4) {
      store.store_wide(load4(from), output);
    }
    if (wide_count < width) store.store(load4(from), output);
  }
}

void Preprocessor::run(const RgbaView& frame, const Preprocess& how, int width, int height,
                       std::span<float> output, const Part* part) {
  const Mapping mapping = make_mapping(how, 1);
  prepare(frame, how, width, height, output.size(), part);
  resample(frame.pixels.data(), how.background, FloatStore(mapping), output.data(), part);
}

template <typename Q>
void Preprocessor::run_quantized(const RgbaView& frame, const Preprocess& how, int width,
                                 int height, float scale, int zero_point, std::span<Q> output,
                                 const Part* part) {
  if (!std::isfinite(scale) || scale <= 0) {
    throw Error(ErrorCode::BadArgument, {"The quantization scale of the input is ", scale,
                                         ". It must be finite and greater than 0."});
  }
  constexpr int kLow = std::numeric_limits<Q>::min(), kHigh = std::numeric_limits<Q>::max();
  if (zero_point < kLow || zero_point > kHigh) {
    throw Error(ErrorCode::BadArgument, {"The zero point of the input is ", zero_point,
                                         ". It must be ", kLow, " to ", kHigh, "."});
  }
  const Mapping mapping = make_mapping(how, scale);
  prepare(frame, how, width, height, output.size(), part);
  resample(frame.pixels.data(), how.background, QuantizedStore<Q>(mapping, zero_point),
           output.data(), part);
}

void Preprocessor::run(const RgbaView& frame, const Preprocess& how, int width, int height,
                       float scale, int zero_point, std::span<uint8_t> output, const Part* part) {
  run_quantized(frame, how, width, height, scale, zero_point, output, part);
}

void Preprocessor::run(const RgbaView& frame, const Preprocess& how, int width, int height,
                       float scale, int zero_point, std::span<int8_t> output, const Part* part) {
  run_quantized(frame, how, width, height, scale, zero_point, output, part);
}

}  // namespace teachable
