// The part of a picture that a truncated JPEG file has no data for.
#pragma once

#include <cstdint>
#include <span>

#include "image/image.h"

namespace teachable {

/// Makes the part grey that a truncated JPEG file has no data for. stb_image goes on with zeros,
/// which become stripes. `block_count` is the number of blocks of 8x8 samples that the file has
/// data for, in the order of its first scan. A picture whose scans have one component each stays as
/// it is.
void fill_missing_part(Image& image, std::span<const uint8_t> jpeg, int64_t block_count);

}  // namespace teachable
