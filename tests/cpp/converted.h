// Reads TensorFlow.js models as a page does: through the converter.
#pragma once

#include <cstddef>
#include <span>

#include "converter/convert.h"
#include "model/reader.h"

namespace teachable::testing {

/// Converts a TensorFlow.js model to TensorFlow Lite and reads the result.
inline Model read_converted(std::span<const std::byte> model_json,
                            std::span<const std::byte> weights,
                            PrecisionChoice choice = PrecisionChoice::Auto) {
  return read_model(convert_tfjs(model_json, weights).file.bytes, choice);
}

}  // namespace teachable::testing
