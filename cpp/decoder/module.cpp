// The decoder's border to JavaScript: who gives an encoded picture fetches it, and nobody else
// carries stb_image along. web/src/worker/picture-decoder.ts is the other half.
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "border/answer.h"
#include "image/decode.h"

namespace teachable {
namespace {

std::vector<std::byte> encoded;
Image decoded;

}  // namespace
}  // namespace teachable

extern "C" {

/// Memory for a JPEG, PNG or BMP file, to be filled before decode(); 0 when there isn't so much.
/// The picture before is freed.
[[clang::export_name("encodedBuffer")]] std::byte* encoded_buffer(size_t byte_count) {
  teachable::decoded = {};
  return teachable::lend(teachable::encoded, byte_count);
}

/// An Answer: no word, and the pixels, [height, width, 4]. Errors are those of decode_image(). The
/// file is freed.
[[clang::export_name("decode")]] const void* decode() {
  using namespace teachable;
  return answer_by([] {
    const std::vector<std::byte> file = std::exchange(encoded, {});
    decoded = decode_image({reinterpret_cast<const uint8_t*>(file.data()), file.size()});
    return success("", decoded.pixels.get(), decoded.byte_count());
  });
}

/// Of the picture that decode() made, in pixels.
[[clang::export_name("width")]] int width() { return teachable::decoded.width; }
[[clang::export_name("height")]] int height() { return teachable::decoded.height; }

}  // extern "C"
