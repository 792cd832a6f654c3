#include "image/missing_part.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace teachable {
namespace {

/// Group of blocks that a scan repeats: the blocks of all components for the same pixels.
struct Group {
  int width = 0, height = 0;  ///< pixels; 0 when the file's first scan has not all components
  int block_count = 0;
};

/// Reads the group from the header of a file that stb_image has decoded.
Group read_group(std::span<const uint8_t> jpeg) {
  constexpr uint8_t kStartOfScan = 0xDA;
  Group group;
  size_t component_count = 0;
  std::span<const uint8_t> rest = jpeg.subspan(std::min<size_t>(2, jpeg.size()));
  while (rest.size() >= 5 && rest[0] == 0xFF) {
    const uint8_t marker = rest[1];
    if (marker == 0xFF) {
      rest = rest.subspan(1);
      continue;
    }
    const size_t length = static_cast<size_t>(rest[2]) << 8 | rest[3];
    if (length < 2 || length > rest.size() - 2) return {};
    const std::span<const uint8_t> payload = rest.subspan(4, length - 2);
    if (marker == kStartOfScan) {
      return !payload.empty() && payload[0] == component_count ? group : Group{};
    }
    // Frame headers of baseline, extended and progressive files.
    if (marker >= 0xC0 && marker <= 0xC2 && payload.size() >= 6) {
      component_count = payload[5];
      if (payload.size() < 6 + 3 * component_count) return {};
      int across = 1, down = 1;
      group.block_count = 0;
      for (size_t i = 0; i < component_count; ++i) {
        const int h = payload[7 + 3 * i] >> 4, v = payload[7 + 3 * i] & 15;
        across = std::max(across, h);
        down = std::max(down, v);
        group.block_count += h * v;
      }
      // A single component has no groups: its blocks follow each other.
      if (component_count == 1) across = down = group.block_count = 1;
      group.width = 8 * across;
      group.height = 8 * down;
    }
    rest = rest.subspan(2 + length);
  }
  return {};
}

}  // namespace

void fill_missing_part(Image& image, std::span<const uint8_t> jpeg, int64_t block_count) {
  const Group group = read_group(jpeg);
  if (group.width == 0 || group.block_count == 0) return;
  const int64_t per_row = (image.width + group.width - 1) / group.width;
  const int64_t per_column = (image.height + group.height - 1) / group.height;
  // stb_image reads 4 bytes ahead, in which up to 16 blocks fit. So they may be complete, as in a
  // file that lacks nothing but its end marker.
  constexpr int64_t kReadAhead = 16;
  if (block_count + kReadAhead >= per_row * per_column * group.block_count) return;
  const int64_t whole = std::max<int64_t>(block_count, 0) / group.block_count;
  const int64_t first_y = whole / per_row * group.height;
  const int64_t first_x = whole % per_row * group.width;
  for (int64_t y = first_y; y < image.height; ++y) {
    constexpr uint8_t kGrey[] = {128, 128, 128, 255};
    for (int64_t x = y < first_y + group.height ? first_x : 0; x < image.width; ++x) {
      std::memcpy(&image.pixels[static_cast<size_t>(y * image.width + x) * 4], kGrey, 4);
    }
  }
}

}  // namespace teachable
