#include "image/image.h"

#include <string>

#include "core/error.h"

namespace teachable {

Image make_image(int width, int height) {
  Image image{nullptr, width, height};
  image.pixels.reset(static_cast<uint8_t*>(std::malloc(image.byte_count())));
  if (image.pixels == nullptr) {
    throw Error(ErrorCode::OutOfMemory,
                {"There is not enough memory for a picture of ", width, "x", height,
                 " pixels, which needs ", image.byte_count(), " bytes. Use a smaller picture."});
  }
  return image;
}

}  // namespace teachable
