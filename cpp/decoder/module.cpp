// Exports of the picture decoder to JavaScript. The decoder is a module of its own, which is
// fetched with the first picture file, so that pages with a webcam only do not download stb_image.
// web/src/worker/picture-decoder.ts calls these functions.
#include <cstddef>
#include <cstdint>
#include <exception>
#include <span>
#include <utility>
#include <vector>

#include "border/answer.h"
#include "image/decode.h"

namespace teachable {
namespace {

std::vector<std::byte> encoded;
Image decoded;
bool refused = false;

std::span<const uint8_t> as_file(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
}

}  // namespace
}  // namespace teachable

extern "C" {

/// Returns the address of [byte_count] bytes, into which JavaScript writes a JPEG, PNG or BMP file
/// before it calls decode(). Returns 0 when there is not enough memory. Frees the previous picture.
[[clang::export_name("encodedBuffer")]] std::byte* encoded_buffer(size_t byte_count) {
  teachable::decoded = {};
  return teachable::lend(teachable::encoded, byte_count);
}

/// Returns PictureCost::sample_count of the file, which is proportional to the time that decode()
/// will take at most. Returns 0 for a file that decode() refuses.
[[clang::export_name("sampleCount")]] double sample_count() {
  using namespace teachable;
  try {
    return static_cast<double>(count_samples(as_file(encoded)));
  } catch (const std::exception&) {
    return 0;
  }
}

/// Decodes the file and frees it. Returns an Answer whose bytes are the pixels [height, width, 4]
/// and whose detail is empty. Errors are those of decode_image().
[[clang::export_name("decode")]] const void* decode(int refuses_truncated) {
  using namespace teachable;
  return answer_by([&] {
    const std::vector<std::byte> file = std::exchange(encoded, {});
    refused = false;
    try {
      decoded =
          decode_image(as_file(file), refuses_truncated ? Truncated::Refuse : Truncated::Fill);
    } catch (const RefusedPicture&) {
      refused = true;
      throw;
    }
    return success("", decoded.pixels.get(), decoded.byte_count());
  });
}

/// Returns 1 when the last decode() threw RefusedPicture, so no other decoder should be tried.
[[clang::export_name("isRefused")]] int is_refused() { return teachable::refused; }
/// Returns the width of the decoded picture, in pixels.
[[clang::export_name("width")]] int width() { return teachable::decoded.width; }
/// Returns the height of the decoded picture, in pixels.
[[clang::export_name("height")]] int height() { return teachable::decoded.height; }

}  // extern "C"
