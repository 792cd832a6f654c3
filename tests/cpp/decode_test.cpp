#include "image/decode.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <climits>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.h"
#include "data.h"
#include "image/exif.h"
#include "picture_files.h"

namespace teachable {
namespace {

using testing::Bytes;

Bytes pixels_of(const Image& image) {
  const RgbaView view = image.view();
  return {view.pixels.begin(), view.pixels.end()};
}

/// Decodes the file and returns the message of the Error that this throws. Checks its code.
std::string decode_error(const Bytes& file, ErrorCode code = ErrorCode::BadImage) {
  try {
    decode_image(file);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "no error";
  return "";
}

void expect_contains(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << text;
}

const Bytes kTwoByTwoBmp =
    testing::make_bmp(2, 2, 24, {}, {7, 8, 9, 10, 11, 12, 0, 0, 1, 2, 3, 4, 5, 6, 0, 0});
const Bytes kTwoByTwoPixels = {3, 2, 1, 255, 6, 5, 4, 255, 9, 8, 7, 255, 12, 11, 10, 255};

TEST(Decode, ReadsABottomUpBmpFile) {
  const Image image = decode_image(kTwoByTwoBmp);
  EXPECT_EQ(image.width, 2);
  EXPECT_EQ(image.height, 2);
  EXPECT_EQ(pixels_of(image), kTwoByTwoPixels);
}

TEST(Decode, ReadsATopDownBmpFile) {
  const Image image = decode_image(
      testing::make_bmp(2, -2, 24, {}, {1, 2, 3, 4, 5, 6, 0, 0, 7, 8, 9, 10, 11, 12, 0, 0}));
  EXPECT_EQ(image.height, 2);
  EXPECT_EQ(pixels_of(image), kTwoByTwoPixels);
}

TEST(Decode, ReadsAPaletteBmpFile) {
  Bytes palette;
  testing::append(palette, {0, 0, 0, 0, 30, 20, 10, 0});
  palette.resize(size_t{4} * 256);
  EXPECT_EQ(pixels_of(decode_image(testing::make_bmp(2, 1, 8, palette, {1, 0, 0, 0}))),
            (Bytes{10, 20, 30, 255, 0, 0, 0, 255}));
  palette.resize(size_t{4} * 2);
  EXPECT_EQ(pixels_of(decode_image(testing::make_bmp(2, 1, 1, palette, {0b10000000, 0, 0, 0}))),
            (Bytes{10, 20, 30, 255, 0, 0, 0, 255}));
}

TEST(Decode, TreatsABmpFileWhoseAlphaIsZeroAsOpaque) {
  EXPECT_EQ(pixels_of(decode_image(testing::make_bmp(1, 1, 32, {}, {1, 2, 3, 0}))),
            (Bytes{3, 2, 1, 255}));
}

TEST(Decode, ReadsEveryPixelFormatOfPng) {
  using testing::make_png;
  EXPECT_EQ(pixels_of(decode_image(make_png(2, 1, 8, 0, {0, 5, 250}))),
            (Bytes{5, 5, 5, 255, 250, 250, 250, 255}));
  EXPECT_EQ(pixels_of(decode_image(make_png(1, 1, 8, 4, {0, 5, 100}))), (Bytes{5, 5, 5, 100}));
  EXPECT_EQ(pixels_of(decode_image(make_png(1, 2, 8, 2, {0, 1, 2, 3, 2, 3, 3, 3}))),
            (Bytes{1, 2, 3, 255, 4, 5, 6, 255}))
      << "filter 2 adds the line above";
  EXPECT_EQ(pixels_of(decode_image(make_png(1, 1, 8, 6, {0, 1, 2, 3, 0}))), (Bytes{1, 2, 3, 0}))
      << "straight alpha: colours are kept where alpha is 0";
  EXPECT_EQ(pixels_of(decode_image(make_png(1, 1, 16, 2, {0, 1, 99, 2, 99, 3, 99}))),
            (Bytes{1, 2, 3, 255}));
  EXPECT_EQ(pixels_of(decode_image(make_png(2, 1, 1, 0, {0, 0b01000000}))),
            (Bytes{0, 0, 0, 255, 255, 255, 255, 255}));
  EXPECT_EQ(pixels_of(decode_image(make_png(2, 1, 8, 3, {0, 1, 0}, "PLTE", {9, 9, 9, 1, 2, 3}))),
            (Bytes{1, 2, 3, 255, 9, 9, 9, 255}));
}

TEST(Decode, ReadsGreyAndColourJpegFilesBaselineOrProgressive) {
  for (bool progressive : {false, true}) {
    const Image grey = decode_image(testing::make_jpeg(9, 1, {{10}, {200}}, {progressive}));
    ASSERT_EQ(grey.width, 9);
    ASSERT_EQ(grey.height, 1);
    EXPECT_EQ(Bytes(grey.pixels.get(), grey.pixels.get() + 4), (Bytes{10, 10, 10, 255}));
    EXPECT_EQ(Bytes(grey.pixels.get() + 32, grey.pixels.get() + 36), (Bytes{200, 200, 200, 255}));

    // Y 76, Cb 85, Cr 255 is pure red, up to a rounding error of 1.
    const Image red = decode_image(testing::make_jpeg(1, 1, {{76, 85, 255}}, {progressive}));
    ASSERT_EQ(red.byte_count(), 4u);
    EXPECT_NEAR(red.pixels[0], 254, 1);
    EXPECT_NEAR(red.pixels[1], 0, 1);
    EXPECT_NEAR(red.pixels[2], 0, 1);
    EXPECT_EQ(red.pixels[3], 255);
  }
}

TEST(Decode, ReadsACmykJpegFileWithInvertedValues) {
  // Adobe stores inverted values: 255 means no ink, so the fourth component is a factor.
  const Image image =
      decode_image(testing::make_jpeg(8, 8, {{200, 100, 50, 255}}, {.adobe_transform = 0}));
  EXPECT_EQ(Bytes(image.pixels.get(), image.pixels.get() + 4), (Bytes{200, 100, 50, 255}));
  const Image dark =
      decode_image(testing::make_jpeg(8, 8, {{200, 100, 50, 0}}, {.adobe_transform = 0}));
  EXPECT_EQ(Bytes(dark.pixels.get(), dark.pixels.get() + 4), (Bytes{0, 0, 0, 255}));
}

TEST(Decode, AppliesTheExifOrientationOfAJpegFile) {
  // Four blocks, 10 and 20 above 30 and 40; the last column is cropped to 4 pixels.
  const Bytes stored = testing::make_jpeg(12, 16, {{10}, {20}, {30}, {40}});
  const std::array<std::array<int, 4>, 9> corners = {{{},
                                                      {10, 20, 30, 40},
                                                      {20, 10, 40, 30},
                                                      {40, 30, 20, 10},
                                                      {30, 40, 10, 20},
                                                      {10, 30, 20, 40},
                                                      {30, 10, 40, 20},
                                                      {40, 20, 30, 10},
                                                      {20, 40, 10, 30}}};
  for (bool big_endian : {false, true}) {
    for (int orientation = 1; orientation <= 8; ++orientation) {
      SCOPED_TRACE(orientation);
      const Bytes file =
          testing::with_segment(stored, 0xE1, testing::make_exif(orientation, big_endian));
      const Image image = decode_image(file);
      ASSERT_EQ(image.width, orientation < 5 ? 12 : 16);
      ASSERT_EQ(image.height, orientation < 5 ? 16 : 12);
      const auto at = [&](int x, int y) { return image.pixels[(y * image.width + x) * 4]; };
      const auto& wanted = corners[orientation];
      EXPECT_EQ(at(0, 0), wanted[0]);
      EXPECT_EQ(at(image.width - 1, 0), wanted[1]);
      EXPECT_EQ(at(0, image.height - 1), wanted[2]);
      EXPECT_EQ(at(image.width - 1, image.height - 1), wanted[3]);
    }
  }
}

TEST(Exif, MovesEveryPixelOfAPictureLargerThanOneTile) {
  const int width = 67, height = 35;
  for (int value = 1; value <= 8; ++value) {
    SCOPED_TRACE(value);
    Image stored = make_image(width, height);
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        const Bytes pixel = {static_cast<uint8_t>(x), static_cast<uint8_t>(y), 3, 4};
        std::copy(pixel.begin(), pixel.end(), &stored.pixels[(y * width + x) * 4]);
      }
    }
    const Image upright = to_upright(std::move(stored), static_cast<Orientation>(value));
    int wrong = 0;
    for (int y = 0; y < upright.height; ++y) {
      for (int x = 0; x < upright.width; ++x) {
        // By the definition of EXIF: the sides at which row 0 and column 0 of the stored picture
        // are.
        const int right = upright.width - 1 - x, bottom = upright.height - 1 - y;
        const int column = std::array{0, x, right, right, x, y, y, bottom, bottom}[value];
        const int row = std::array{0, y, y, bottom, bottom, x, right, right, x}[value];
        const uint8_t* pixel = &upright.pixels[(y * upright.width + x) * 4];
        wrong += pixel[0] != column || pixel[1] != row || pixel[2] != 3 || pixel[3] != 4;
      }
    }
    EXPECT_EQ(wrong, 0);
  }
}

TEST(Exif, IgnoresInvalidOrientations) {
  const Bytes jpeg = testing::make_jpeg(8, 8, {{1}});
  for (int value : {0, 9, 255, 65535}) {
    EXPECT_EQ(read_orientation(testing::with_segment(jpeg, 0xE1, testing::make_exif(value, true))),
              Orientation::TopLeft);
  }
  EXPECT_EQ(read_orientation({}), Orientation::TopLeft);
  EXPECT_EQ(read_orientation(jpeg), Orientation::TopLeft);
}

TEST(Exif, IsFoundAfterOtherSegmentsAndFillBytes) {
  const Bytes jpeg = testing::make_jpeg(8, 8, {{1}});
  Bytes file = testing::with_segment(jpeg, 0xE1, testing::make_exif(6, true));
  file.insert(file.begin() + 2, {0xFF, 0xFF});
  file = testing::with_segment(file, 0xE1, {'h', 't', 't', 'p'});
  file = testing::with_segment(file, 0xE0, Bytes(70, 0));
  EXPECT_EQ(read_orientation(file), Orientation::RightTop);
}

TEST(Exif, IgnoresOffsetsOutsideOfTheSegment) {
  const Bytes jpeg = testing::make_jpeg(8, 8, {{1}});
  for (uint32_t offset : {0u, 7u, 38u, 39u, 40u, 1000u, 0x7FFFFFFFu, 0xFFFFFFFEu, 0xFFFFFFFFu}) {
    Bytes exif = testing::make_exif(6, true);
    for (int i = 0; i < 4; ++i) exif[10 + i] = static_cast<uint8_t>(offset >> (24 - 8 * i));
    EXPECT_EQ(read_orientation(testing::with_segment(jpeg, 0xE1, exif)), Orientation::TopLeft)
        << offset;
  }
  Bytes many_entries = testing::make_exif(6, true);
  many_entries[16] = many_entries[17] = 0xFF;
  many_entries[18 + 12] = 0x77;  // no orientation tag ends the search
  EXPECT_EQ(read_orientation(testing::with_segment(jpeg, 0xE1, many_entries)),
            Orientation::TopLeft);
}

TEST(Decode, ReportsWhyAFileIsInvalid) {
  expect_contains(decode_error({}), "0 bytes");
  expect_contains(decode_error({'G', 'I', 'F', '1', '9', 'a'}), "47 49 46 31");
  expect_contains(decode_error({'R'}), "begins with 52 (hex)");
  expect_contains(decode_error({'B', 'M'}), "The header of the BMP file");
  expect_contains(decode_error({0xFF, 0xD8, 0xFF}), "The header of the JPEG file");
  expect_contains(decode_error(testing::make_png(1, 1, 8, 2, {0, 1})),
                  "The PNG file cannot be decoded: ");
}

TEST(Decode, NamesFormatsThatAreNotSupported) {
  const auto box = [](std::string_view brand) {
    std::string text(
        "\0\0\0\x18"
        "ftyp",
        8);
    text += brand;
    return text + std::string(12, '\0');
  };
  const std::pair<std::string, const char*> kCases[] = {
      {box("heic"), "format of the file is HEIC"},
      {box("heix"), "format of the file is HEIC"},
      {box("hevc"), "format of the file is HEIC"},
      {box("mif1"), "format of the file is HEIF (HEIC or AVIF)"},
      {box("avif"), "format of the file is AVIF"},
      {box("avis"), "format of the file is AVIF"},
      {box("isom"), "format of the file is MP4 or QuickTime video"},
      {"GIF89a", "format of the file is GIF"},
      {std::string("RIFF\0\0\0\0WEBPVP8 ", 16), "format of the file is WebP"},
      {std::string("II*\0", 4), "format of the file is TIFF or raw"},
      {std::string("MM\0*", 4), "format of the file is TIFF or raw"},
      {"\xFF\x0A\xFA", "format of the file is JPEG XL"},
      {std::string("\0\0\0\x0CJXL \r\n\x87\n", 12), "format of the file is JPEG XL"},
      {"<svg xmlns='http://www.w3.org/2000/svg'/>",
       "format of the file is SVG. Supported: JPEG, PNG and BMP"},
      {"\xEF\xBB\xBF\n <?xml version='1.0'?><!-- -->\n<svg/>", "<img> element"},
      {"<!doctype html><html>", "HTML, a web page"},
      {"%PDF-1.4", "format of the file is PDF"},
  };
  for (const auto& [text, wanted] : kCases) {
    for (size_t length = 1; length < text.size(); ++length) {
      decode_error(Bytes(text.begin(), text.begin() + static_cast<ptrdiff_t>(length)));
    }
    expect_contains(decode_error(Bytes(text.begin(), text.end())), wanted);
  }
}

TEST(Decode, AppliesTheExifOrientationOfAPngFile) {
  const Bytes png = testing::make_png(2, 1, 8, 2, {0, 10, 10, 10, 20, 20, 20});
  const auto with_chunk = [&](Bytes payload, size_t length) {
    Bytes chunk{static_cast<uint8_t>(length >> 24), static_cast<uint8_t>(length >> 16),
                static_cast<uint8_t>(length >> 8), static_cast<uint8_t>(length)};
    chunk.insert(chunk.end(), {'e', 'X', 'I', 'f'});
    chunk.insert(chunk.end(), payload.begin(), payload.end());
    chunk.insert(chunk.end(), 4, 0);
    Bytes file = png;
    file.insert(file.begin() + 33, chunk.begin(), chunk.end());
    return file;
  };
  for (int orientation = 1; orientation <= 8; ++orientation) {
    Bytes tiff = testing::make_exif(orientation, true);
    tiff.erase(tiff.begin(), tiff.begin() + 6);
    const Image image = decode_image(with_chunk(tiff, tiff.size()));
    EXPECT_EQ(image.width, orientation < 5 ? 2 : 1) << orientation;
    const bool reversed = orientation == 2 || orientation == 3 || orientation >= 7;
    EXPECT_EQ(image.pixels[0], reversed ? 20 : 10) << orientation;
  }
  for (size_t length : {size_t{0xFFFFFFFF}, size_t{0x7FFFFFFF}, size_t{1000}}) {
    EXPECT_EQ(read_orientation(with_chunk({'M', 'M', 0, 42}, length)), Orientation::TopLeft);
  }
  EXPECT_EQ(read_orientation(Bytes(png.begin(), png.begin() + 8)), Orientation::TopLeft);
}

TEST(Decode, RejectsInvalidSizesFromTheHeaderAlone) {
  expect_contains(decode_error(testing::make_png(16385, 1, 8, 2, {0})), "has 16385x1 pixels");
  expect_contains(decode_error(testing::make_png(1, 0x00FFFFFF, 8, 2, {0})),
                  "has 1x16777215 pixels");
  expect_contains(decode_error(testing::make_png(16384, 16384, 8, 2, {0})),
                  "at most 128000000 pixels");
  expect_contains(decode_error(testing::make_jpeg(65535, 1, {{1}})), "has 65535x1 pixels");
  expect_contains(decode_error(testing::make_bmp(1, -20000, 24, {}, {})), "has 1x20000 pixels");
  decode_error(testing::make_bmp(0, 1, 24, {}, {}));
  decode_error(testing::make_bmp(1, 0, 24, {}, {}));
  decode_error(testing::make_bmp(1, INT_MIN, 24, {}, {}));
  decode_error(testing::make_bmp(-1, 1, 24, {}, {}));
  decode_error(testing::make_jpeg(0, 1, {{1}}));
}

TEST(Decode, FillsAJpegFileThatIsTruncatedAfterItsHeaderWithOneColour) {
  // The table has more codes than symbols, which also tests that the decoder does not read outside
  // of it.
  Bytes file = testing::make_jpeg(40, 40, std::vector<testing::JpegBlock>(25, {1, 2, 3}));
  const Bytes marker = {0xFF, 0xC4};
  const auto table =
      std::search(file.begin(), file.end(), marker.begin(), marker.end()) - file.begin();
  std::fill_n(file.begin() + table + 5, 16, uint8_t{255});
  const Bytes pixels = pixels_of(decode_image(file));
  for (size_t i = 0; i < pixels.size(); ++i) ASSERT_EQ(pixels[i], pixels[i % 4]) << i;
}

/// Expects a refusal that no other decoder may override. Returns its message.
std::string refusal(const Bytes& file, Truncated truncated = Truncated::Fill) {
  try {
    decode_image(file, truncated);
  } catch (const RefusedPicture& error) {
    EXPECT_EQ(error.code(), ErrorCode::BadImage);
    return error.what();
  } catch (const Error& error) {
    ADD_FAILURE() << "another error: " << error.what();
    return "";
  }
  ADD_FAILURE() << "no error";
  return "";
}

/// Returns a progressive JPEG file of one grey block colour with `count` further scans of nothing.
Bytes jpeg_with_scans(int width, int height, int count) {
  Bytes file = testing::make_jpeg(width, height, {{128}}, {.progressive = true});
  file.resize(file.size() - 2);
  file.back() = 0;  // The rest of the data has zero bits, which mean "as the block before".
  for (int i = 0; i < count; ++i) {
    testing::append(file, {0xFF, 0xDA, 0, 8, 1, 1, 0, 1, 63, 0, 0});
  }
  testing::append(file, {0xFF, 0xD9});
  return file;
}

TEST(Decode, BoundsThePassesOverAJpegPicture) {
  expect_contains(refusal(jpeg_with_scans(1000, 1000, 4000)), "up to 4001 passes over 1000x1000");
  // As many over a small picture take no time.
  const Image image = decode_image(jpeg_with_scans(16, 16, 4000));
  EXPECT_EQ(Bytes(image.pixels.get(), image.pixels.get() + 4), (Bytes{128, 128, 128, 255}));
  // The number of components of a scan counts.
  EXPECT_EQ(count_samples(testing::make_jpeg(8, 8, {{1, 2, 3}})), 39 * 39 * 3);
}

/// Returns a PNG file of 8-bit grey with this compressed data.
Bytes png_of(uint32_t width, uint32_t height, const Bytes& zlib, uint32_t declared_length) {
  Bytes file = testing::make_png(width, height, 8, 0, {0, 0});
  const Bytes name = {'I', 'D', 'A', 'T'};
  const auto at = std::search(file.begin(), file.end(), name.begin(), name.end());
  file.erase(at - 4, file.end());
  testing::append_u32_be(file, declared_length);
  testing::append(file, name);
  testing::append(file, zlib);
  testing::append_u32_be(file, 0);
  testing::append_png_chunk(file, "IEND", {});
  return file;
}

TEST(Decode, BoundsInflatedDataByTheSizeOfAPngPicture) {
  Bytes zlib = {0x78, 0x01};
  for (int block = 0; block < 16; ++block) {
    testing::append(zlib, {block == 15, 0xFF, 0xFF, 0, 0});
    zlib.resize(zlib.size() + 0xFFFF);
  }
  expect_contains(refusal(png_of(1, 1, zlib, static_cast<uint32_t>(zlib.size()))),
                  "more compressed data than its pixels need");
  // The same data is right for a larger picture.
  EXPECT_EQ(decode_image(png_of(1023, 1023, zlib, static_cast<uint32_t>(zlib.size()))).width, 1023);
  // A length that the file only claims allocates nothing.
  refusal(png_of(1, 1, {0x78, 0x01}, 1u << 30));
}

TEST(Decode, BoundsTheTablesOfCodesOfAPngFile) {
  // Blocks with fixed codes and without data: bits 0, 1, 0 and seven zeros, again and again.
  Bytes zlib = {0x78, 0x01};
  uint32_t bits = 0;
  int bit_count = 0;
  for (int block = 0; block < 400'000; ++block) {
    bits |= 2u << bit_count;
    for (bit_count += 10; bit_count >= 8; bit_count -= 8, bits >>= 8) {
      zlib.push_back(static_cast<uint8_t>(bits));
    }
  }
  expect_contains(refusal(png_of(1000, 1000, zlib, static_cast<uint32_t>(zlib.size()))),
                  "more compressed data than its pixels need");
}

TEST(Decode, BoundsMemoryByTheLengthOfTheFile) {
  expect_contains(refusal(testing::make_bmp(10000, 10000, 24, {}, {0, 0, 0, 0})),
                  "has 58 bytes, which is too little for most of its 10000x10000 pixels");
  refusal(testing::make_jpeg(10000, 10000, {{1, 2, 3}}));
  refusal(testing::make_png(10000, 10000, 16, 6, {0}));
  refusal(testing::make_png(10000, 10000, 1, 0, {0}));
  // Half of a black and white BMP picture is enough.
  Bytes palette(size_t{8}, 0);
  EXPECT_EQ(decode_image(testing::make_bmp(4000, 4000, 1, palette, Bytes(4000 * 500 / 2))).width,
            4000);
}

TEST(Decode, FillsMissingPaletteEntriesWithBlack) {
  const Bytes palette = {3, 2, 1, 0};
  EXPECT_EQ(pixels_of(decode_image(testing::make_bmp(4, 1, 8, palette, {0, 1, 77, 255}))),
            (Bytes{1, 2, 3, 255, 0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255}));
  EXPECT_EQ(pixels_of(decode_image(testing::make_bmp(2, 1, 4, palette, {0x0F, 0, 0, 0}))),
            (Bytes{1, 2, 3, 255, 0, 0, 0, 255}));
  EXPECT_EQ(pixels_of(decode_image(testing::make_png(2, 1, 8, 3, {0, 0, 200}, "PLTE", {1, 2, 3}))),
            (Bytes{1, 2, 3, 255, 0, 0, 0, 0}));
}

TEST(Decode, RefusesTruncatedFilesOnDemand) {
  const Bytes bmp = testing::make_bmp(5, 4, 24, {}, Bytes(64, 9));
  const Bytes jpeg = testing::make_jpeg(16, 13, {{1, 2, 3}, {250, 9, 8}, {77, 4, 99}, {5, 5, 5}});
  const Bytes progressive = testing::make_jpeg(8, 8, {{1}}, {.progressive = true});
  const Bytes png = testing::make_png(3, 1, 8, 0, {0, 1, 2, 3});
  for (const Bytes& file : {bmp, jpeg, progressive, png}) {
    EXPECT_EQ(pixels_of(decode_image(file, Truncated::Refuse)), pixels_of(decode_image(file)));
    // Bytes behind the end of a picture are ignored.
    Bytes longer = file;
    longer.resize(longer.size() + 3);
    decode_image(longer, Truncated::Refuse);
    // The padding of the last row of a BMP file is not part of the picture.
    const size_t padding = file == bmp ? 1 : 0;
    for (size_t size = 0; size + padding < file.size(); ++size) {
      EXPECT_THROW(decode_image(std::span(file).first(size), Truncated::Refuse), Error) << size;
    }
  }
  expect_contains(refusal({jpeg.begin(), jpeg.end() - 2}, Truncated::Refuse),
                  "The JPEG file is truncated: its end is missing");
}

TEST(Decode, KeepsWhatATruncatedProgressiveJpegFileHas) {
  const Bytes file = testing::make_jpeg(8, 8, {{200}}, {.progressive = true});
  const Bytes cut(file.begin(), file.end() - 2);
  EXPECT_EQ(pixels_of(decode_image(cut)), pixels_of(decode_image(file)));
}

/// Expects either a valid picture or an Error. Sanitizers detect invalid memory accesses.
void expect_picture_or_error(const Bytes& file) {
  try {
    const Image image = decode_image(file);
    ASSERT_GE(image.width, 1);
    ASSERT_GE(image.height, 1);
    ASSERT_EQ(image.view().pixels.size(), image.byte_count());
    ASSERT_EQ(pixels_of(image), pixels_of(decode_image(file))) << "not deterministic";
  } catch (const Error& error) {
    ASSERT_TRUE(error.code() == ErrorCode::BadImage || error.code() == ErrorCode::OutOfMemory);
  }
}

std::vector<Bytes> sample_files() {
  Bytes png_lines;
  for (int y = 0; y < 9; ++y) {
    png_lines.push_back(static_cast<uint8_t>(y % 5));
    for (int x = 0; x < 9 * 4; ++x) png_lines.push_back(static_cast<uint8_t>(x * y));
  }
  const std::vector<testing::JpegBlock> blocks = {{1, 2, 3}, {250, 9, 8}, {77, 4, 99}, {5, 5, 5}};
  const Bytes jpeg = testing::make_jpeg(16, 13, blocks);
  return {
      kTwoByTwoBmp,
      testing::make_png(9, 9, 8, 6, png_lines),
      testing::make_png(2, 1, 8, 3, {0, 1, 0}, "PLTE", {9, 9, 9, 1, 2, 3}),
      testing::with_segment(jpeg, 0xE1, testing::make_exif(6, false)),
      testing::make_jpeg(16, 13, blocks, {.progressive = true}),
      testing::make_jpeg(16, 13, {{1, 2, 3, 4}, {5, 6, 7, 8}, {9, 9, 9, 9}, {0, 0, 0, 0}},
                         {.adobe_transform = 2}),
  };
}

TEST(Decode, HandlesFilesTruncatedAtEveryByte) {
  for (const Bytes& file : sample_files()) {
    for (size_t size = 0; size < file.size(); ++size) {
      expect_picture_or_error({file.begin(), file.begin() + static_cast<ptrdiff_t>(size)});
    }
  }
}

TEST(Decode, HandlesFilesWithChangedBytes) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (const Bytes& file : sample_files()) {
    for (int round = 0; round < 2000; ++round) {
      Bytes damaged = file;
      const auto flips = 1 + random() % 4;
      for (unsigned i = 0; i < flips; ++i) {
        damaged[random() % damaged.size()] = static_cast<uint8_t>(random());
      }
      // Truncating most damaged JPEG files keeps this fast: a damaged size can mean 100 megapixels.
      if (damaged.size() > 200 && damaged[0] == 0xFF && (random() & 3) != 0) damaged.resize(200);
      expect_picture_or_error(damaged);
    }
  }
}

TEST(Decode, ReadsRealPhotos) {
  struct Photo {
    const char* name;
    int width, height;
  };
  const Photo photos[] = {{"bird.bmp", 512, 343},    {"cat.bmp", 512, 341},
                          {"coffee.jpg", 800, 800},  {"grace_hopper.bmp", 512, 600},
                          {"hot_dog.jpg", 512, 384}, {"owl.jpg", 512, 384},
                          {"pets.jpg", 512, 430}};
  for (const Photo& photo : photos) {
    READ_DATA_OR_SKIP(data, std::string("images/") + photo.name);
    SCOPED_TRACE(photo.name);
    const auto* begin = reinterpret_cast<const uint8_t*>(data.data());
    const Bytes file(begin, begin + data.size());
    const Image image = decode_image(file);
    EXPECT_EQ(image.width, photo.width);
    EXPECT_EQ(image.height, photo.height);
    for (size_t size = 0; size < file.size(); size += file.size() / 7 + 1) {
      expect_picture_or_error({file.begin(), file.begin() + static_cast<ptrdiff_t>(size)});
    }
  }
}

}  // namespace
}  // namespace teachable
