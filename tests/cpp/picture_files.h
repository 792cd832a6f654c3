// Writers of small picture files, byte by byte, so that tests know every value in them.
#pragma once

#include <array>
#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

namespace teachable::testing {

using Bytes = std::vector<uint8_t>;

inline void append(Bytes& to, std::initializer_list<int> bytes) {
  for (int byte : bytes) to.push_back(static_cast<uint8_t>(byte));
}
inline void append(Bytes& to, std::span<const uint8_t> bytes) {
  to.insert(to.end(), bytes.begin(), bytes.end());
}
inline void append_text(Bytes& to, std::string_view text) {
  to.insert(to.end(), text.begin(), text.end());
}
inline void append_u16_le(Bytes& to, uint32_t v) {
  append(to, {static_cast<int>(v & 255), static_cast<int>(v >> 8 & 255)});
}
inline void append_u32_le(Bytes& to, uint32_t v) {
  append_u16_le(to, v & 65535);
  append_u16_le(to, v >> 16);
}
inline void append_u16_be(Bytes& to, uint32_t v) {
  append(to, {static_cast<int>(v >> 8 & 255), static_cast<int>(v & 255)});
}
inline void append_u32_be(Bytes& to, uint32_t v) {
  append_u16_be(to, v >> 16);
  append_u16_be(to, v & 65535);
}

/// Returns an uncompressed BMP file. `rows` are the stored bytes, including padding. Palette
/// entries have 4 bytes: B, G, R, 0. With a negative height, rows are stored from top to bottom.
inline Bytes make_bmp(int width, int height, int bits, const Bytes& palette, const Bytes& rows) {
  Bytes file;
  const auto offset = static_cast<uint32_t>(54 + palette.size());
  append_text(file, "BM");
  append_u32_le(file, offset + static_cast<uint32_t>(rows.size()));
  append_u32_le(file, 0);
  append_u32_le(file, offset);
  append_u32_le(file, 40);
  append_u32_le(file, static_cast<uint32_t>(width));
  append_u32_le(file, static_cast<uint32_t>(height));
  append_u16_le(file, 1);
  append_u16_le(file, static_cast<uint32_t>(bits));
  for (int i = 0; i < 4; ++i) append_u32_le(file, 0);
  append_u32_le(file, static_cast<uint32_t>(palette.size() / 4));
  append_u32_le(file, 0);
  append(file, palette);
  append(file, rows);
  return file;
}

/// Appends a PNG chunk with its length and checksum.
inline void append_png_chunk(Bytes& file, std::string_view type, const Bytes& data) {
  Bytes body;
  append_text(body, type);
  append(body, data);
  uint32_t crc = 0xFFFFFFFF;
  for (uint8_t byte : body) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0u);
  }
  append_u32_be(file, static_cast<uint32_t>(data.size()));
  append(file, body);
  append_u32_be(file, ~crc);
}

/// Returns a PNG file with one stored (uncompressed) block. `lines` contains a filter byte and the
/// samples of each line. `extra` is the name of a chunk between header and pixels, such as a
/// palette; an empty name adds none.
inline Bytes make_png(uint32_t width, uint32_t height, int bits, int color_type, const Bytes& lines,
                      std::string_view extra = {}, const Bytes& extra_data = {}) {
  Bytes header;
  append_u32_be(header, width);
  append_u32_be(header, height);
  append(header, {bits, color_type, 0, 0, 0});

  Bytes zlib = {0x78, 0x01, 0x01};
  const auto size = static_cast<uint32_t>(lines.size());
  append_u16_le(zlib, size);
  append_u16_le(zlib, ~size);
  append(zlib, lines);
  uint32_t a = 1, b = 0;
  for (uint8_t byte : lines) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  append_u32_be(zlib, b << 16 | a);

  Bytes file = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  append_png_chunk(file, "IHDR", header);
  if (!extra.empty()) append_png_chunk(file, extra, extra_data);
  append_png_chunk(file, "IDAT", zlib);
  append_png_chunk(file, "IEND", {});
  return file;
}

/// Block of 8x8 pixels of one colour: the value of each component, 0..255.
using JpegBlock = std::vector<int>;

struct JpegOptions {
  bool progressive = false;
  int adobe_transform =
      -1;  ///< value in the Adobe segment (0: RGB or CMYK, 2: YCCK); -1: no segment
};

/// Returns a JPEG file of blocks of one colour each, so that decoding is exact: component value v
/// is the DC coefficient v - 128 with quantizer 8. Blocks run from left to right and top to bottom;
/// width and height may crop the last ones.
inline Bytes make_jpeg(int width, int height, const std::vector<JpegBlock>& blocks,
                       JpegOptions options = {}) {
  const int component_count = static_cast<int>(blocks.front().size());
  Bytes file = {0xFF, 0xD8};
  if (options.adobe_transform >= 0) {
    append(file, {0xFF, 0xEE, 0, 14});
    append_text(file, "Adobe");
    append(file, {0, 100, 0, 0, 0, 0, options.adobe_transform});
  }
  append(file, {0xFF, 0xDB, 0, 67, 0});
  for (int i = 0; i < 64; ++i) append(file, {8});
  append(file, {0xFF, options.progressive ? 0xC2 : 0xC0, 0, 8 + 3 * component_count, 8});
  append_u16_be(file, static_cast<uint32_t>(height));
  append_u16_be(file, static_cast<uint32_t>(width));
  append(file, {component_count});
  for (int c = 0; c < component_count; ++c) append(file, {c + 1, 0x11, 0});

  // DC table: twelve codes of four bits, so the code is the number of bits that follow. AC table:
  // one code, 0, which means "no more coefficients".
  append(file, {0xFF, 0xC4, 0, 19 + 12, 0x00, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
  for (int i = 0; i < 12; ++i) append(file, {i});
  append(file, {0xFF, 0xC4, 0, 19 + 1, 0x10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});

  append(file, {0xFF, 0xDA, 0, 6 + 2 * component_count, component_count});
  for (int c = 0; c < component_count; ++c) append(file, {c + 1, 0x00});
  append(file, {0, options.progressive ? 0 : 63, 0});

  uint32_t bits = 0;
  int bit_count = 0;
  const auto put = [&](uint32_t value, int count) {
    for (int i = count - 1; i >= 0; --i) {
      bits = bits << 1 | (value >> i & 1);
      if (++bit_count < 8) continue;
      append(file, {static_cast<int>(bits & 255)});
      if ((bits & 255) == 255) append(file, {0});
      bit_count = 0;
    }
  };
  std::vector<int> previous(blocks.front().size(), 128);
  for (const JpegBlock& block : blocks) {
    for (size_t c = 0; c < block.size(); ++c) {
      const int difference = block[c] - previous[c];
      previous[c] = block[c];
      int length = 0;
      while (std::abs(difference) >> length != 0) ++length;
      put(static_cast<uint32_t>(length), 4);
      put(static_cast<uint32_t>(difference < 0 ? difference + (1 << length) - 1 : difference),
          length);
      if (!options.progressive) put(0, 1);
    }
  }
  put(0x7F, (8 - bit_count) % 8);
  append(file, {0xFF, 0xD9});
  return file;
}

/// Returns the JPEG file with a further segment after the start-of-image marker.
inline Bytes with_segment(const Bytes& jpeg, int marker, const Bytes& payload) {
  Bytes file = {0xFF, 0xD8, 0xFF, static_cast<uint8_t>(marker)};
  append_u16_be(file, static_cast<uint32_t>(payload.size() + 2));
  append(file, payload);
  file.insert(file.end(), jpeg.begin() + 2, jpeg.end());
  return file;
}

/// Returns EXIF data with one other tag, followed by the orientation.
inline Bytes make_exif(int orientation, bool big_endian) {
  Bytes exif;
  append_text(exif, "Exif");
  append(exif, {0, 0});
  append_text(exif, big_endian ? "MM" : "II");
  const auto u16 = big_endian ? append_u16_be : append_u16_le;
  const auto u32 = big_endian ? append_u32_be : append_u32_le;
  u16(exif, 42);
  u32(exif, 10);
  u16(exif, 0);  // unused bytes: the directory may be anywhere
  u16(exif, 2);
  u16(exif, 0x0100), u16(exif, 4), u32(exif, 1), u32(exif, 3);
  u16(exif, 0x0112), u16(exif, 3), u32(exif, 1), u16(exif, static_cast<uint32_t>(orientation));
  u16(exif, 0);
  u32(exif, 0);
  return exif;
}

}  // namespace teachable::testing
