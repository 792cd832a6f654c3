// What the fuzzers of the readers have in common.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <span>

#include "core/error.h"
#include "model/reader.h"

namespace teachable::testing {

/// Any bytes are a model or an Error of the file; all else (another exception, a crash, a sanitizer's finding) ends the fuzzer.
inline void expect_error_or_model(std::span<const std::byte> model) {
  constexpr PrecisionChoice kChoices[] = {PrecisionChoice::Auto, PrecisionChoice::F32,
                                          PrecisionChoice::Exact};
  try {
    read_model(model, kChoices[model.size() % std::size(kChoices)]);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::BadModel && error.code() != ErrorCode::UnsupportedOp) std::abort();
  }
}

}  // namespace teachable::testing
