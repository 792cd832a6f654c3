// TensorFlow.js models as a page loads them: through the converter.
#pragma once

#include <cstddef>
#include <span>

#include "converter/convert.h"
#include "model/reader.h"

namespace teachable::testing {

inline Model read_converted(std::span<const std::byte> model_json,
                            std::span<const std::byte> weights,
                            PrecisionChoice choice = PrecisionChoice::Auto) {
  return read_model(convert_tfjs(model_json, weights).file.bytes, choice);
}

}  // namespace teachable::testing
