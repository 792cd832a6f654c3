#include "image/decode.h"

#include <algorithm>
#include <climits>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "image/decode_memory.h"
#include "image/exif.h"
#include "image/missing_part.h"

namespace teachable {
namespace {

/// One run of stb_image, which has no parameters for what its allocations and reads need.
struct Decode {
  std::span<const uint8_t> rest;  ///< bytes that are not read yet
  PictureFormat format;
  PictureCost cost;
  DecodeMemory memory{};
  bool is_truncated = false;  ///< a byte beyond the end of the file was wanted
  int64_t block_count = 0;    ///< JPEG: blocks of the first scan that were begun before that
};

thread_local Decode* current = nullptr;

[[noreturn]] void throw_too_much_data() {
  throw RefusedPicture(
      {"The ", to_string(current->format),
       " file contains more compressed data than its pixels need. Save the picture again."});
}

void* grow_buffer(void* old, size_t old_size, size_t size) {
  if (size > current->cost.max_buffer) throw_too_much_data();
  return current->memory.grow(old, old_size, size);
}

/// Called for each memset() of stb_image, which clears blocks of JPEG files before it fills them.
void count_cleared(size_t size) {
  if (current == nullptr) return;
  constexpr size_t kBlockBytes = 64 * sizeof(short);
  if (current->format == PictureFormat::Jpeg && size == kBlockBytes) {
    current->block_count += !current->is_truncated;
  }
  if (current->cost.max_tables == SIZE_MAX) return;
  if (current->cost.max_tables-- == 0) throw_too_much_data();
}

}  // namespace
}  // namespace teachable

// Compiles only the formats that decode_image() supports, private to this file.
#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_JPEG
#define STBI_ONLY_PNG
#define STBI_ONLY_BMP
#define STBI_NO_STDIO
#define STBI_NO_LINEAR
#define STBI_NO_HDR
#define STBI_FAILURE_USERMSG
#define STBI_MALLOC(size) teachable::current->memory.allocate(size)
#define STBI_REALLOC_SIZED(old, old_size, size) teachable::grow_buffer(old, old_size, size)
#define STBI_FREE(old) teachable::current->memory.free(old)
#if defined(__wasm_simd128__) && defined(__SSE2__)
// Emscripten implements SSE2 intrinsics with SIMD128, which makes JPEG decoding twice as fast.
#define STBI__X64_TARGET
#endif
// stb_image clears each table of codes with memset() before it fills it, and has no other place
// where the number of tables could be limited.
#define memset(to, value, size) (teachable::count_cleared(size), std::memset(to, value, size))
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#include <stb_image.h>
#pragma GCC diagnostic pop
#undef memset

namespace teachable {
namespace {

/// Copies the next bytes of the file. A JPEG file without its end gets an end-of-image marker, or
/// stb_image would not compute the pixels of a progressive picture.
int read(void* /*user*/, char* to, int size) {
  std::span<const uint8_t>& rest = current->rest;
  if (rest.empty()) {
    current->is_truncated = true;
    if (current->format != PictureFormat::Jpeg || size < 2) return 0;
    to[0] = '\xFF';
    to[1] = '\xD9';
    return 2;
  }
  const size_t count = std::min(rest.size(), static_cast<size_t>(size));
  std::memcpy(to, rest.data(), count);
  rest = rest.subspan(count);
  return static_cast<int>(count);
}

/// Skips bytes. Nothing is missing unless a later byte is read.
void skip(void* /*user*/, int size) {
  current->rest = current->rest.subspan(std::min(current->rest.size(), static_cast<size_t>(size)));
}

int is_at_end(void* /*user*/) {
  return current->rest.empty() && current->format != PictureFormat::Jpeg;
}

/// Returns the size from the header only; allocates at most a few kilobytes.
PictureSize read_size(std::span<const uint8_t> bytes, PictureFormat format) {
  if (bytes.size() > INT_MAX) {
    throw_bad_image(
        {"The picture file has ", bytes.size(), " bytes. Files must be smaller than 2 GB."});
  }
  Decode header{bytes, format, {}};
  current = &header;
  int width = 0, height = 0, channels = 0;
  const int found = stbi_info_from_memory(bytes.data(), static_cast<int>(bytes.size()), &width,
                                          &height, &channels);
  current = nullptr;
  if (found == 0) {
    throw_bad_image({"The header of the ", to_string(format),
                     " file is damaged or of an unsupported kind. Save the picture again as an "
                     "8-bit JPEG, a PNG "
                     "or an uncompressed BMP file."});
  }
  // A BMP file whose rows are stored from top to bottom has a negative height.
  return {width, std::abs(int64_t{height})};
}

Image decode_pixels(Decode& decode) {
  struct Use {
    explicit Use(Decode& used) { current = &used; }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    ~Use() { current = nullptr; }
  } use(decode);
  constexpr stbi_io_callbacks kCallbacks = {read, skip, is_at_end};
  Image image;
  int channels_in_file = 0;
  stbi_uc* const pixels = stbi_load_from_callbacks(&kCallbacks, nullptr, &image.width,
                                                   &image.height, &channels_in_file, 4);
  image.pixels.reset(static_cast<uint8_t*>(decode.memory.release(pixels)));
  if (image.pixels != nullptr) return image;

  const char* reason = stbi_failure_reason();
  const bool out_of_memory = reason != nullptr && std::string_view(reason) == "Out of memory";
  throw Error(out_of_memory ? ErrorCode::OutOfMemory : ErrorCode::BadImage,
              {"The ", to_string(decode.format),
               " file cannot be decoded: ", reason != nullptr ? reason : "unknown reason", "."});
}

}  // namespace

Image decode_image(std::span<const uint8_t> bytes, Truncated truncated) {
  const PictureFormat format = detect_format(bytes);
  const PictureSize size = read_size(bytes, format);
  Decode decode{bytes, format, check_cost(bytes, format, size)};
  Image image = decode_pixels(decode);
  if (image.width != size.width || image.height != size.height) {
    throw_bad_image(
        {"The ", to_string(format), " file is damaged: it declares two different sizes."});
  }
  if (decode.is_truncated && truncated == Truncated::Refuse) {
    throw RefusedPicture({"The ", to_string(format),
                          " file is truncated: its end is missing. Copy or download it again."});
  }
  if (format == PictureFormat::Bmp) return image;
  // The last of the blocks was not complete.
  if (format == PictureFormat::Jpeg && decode.is_truncated) {
    fill_missing_part(image, bytes, decode.block_count - 1);
  }
  return to_upright(std::move(image), read_orientation(bytes));
}

int64_t count_samples(std::span<const uint8_t> bytes) {
  const PictureFormat format = detect_format(bytes);
  return check_cost(bytes, format, read_size(bytes, format)).sample_count;
}

}  // namespace teachable
