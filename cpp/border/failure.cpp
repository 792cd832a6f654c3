#include "border/failure.h"

#include <exception>
#include <new>
#include <stdexcept>

#include "core/error.h"

namespace teachable {
namespace {

Failure out_of_memory() {
  return {.code = to_string(ErrorCode::OutOfMemory),
          .own_message = {},
          .fixed_message =
              "The module is out of memory. Dispose of classifiers that are no longer "
              "needed, use smaller pictures or fewer examples."};
}

}  // namespace

// A function of its own, because the fifty bound functions would otherwise each contain these
// handlers.
Failure current_failure() noexcept {
  try {
    try {
      throw;
    } catch (const Error& e) {
      return {to_string(e.code()), e.what()};
    } catch (const std::bad_alloc&) {
      return out_of_memory();
    } catch (const std::length_error&) {
      // Thrown for a vector that would exceed half of the address space.
      return out_of_memory();
    } catch (const std::exception& e) {
      return {to_string(ErrorCode::Internal), e.what()};
    }
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  }
}

}  // namespace teachable
