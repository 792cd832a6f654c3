#include "border/failure.h"

#include <exception>
#include <new>
#include <stdexcept>

#include "core/error.h"

namespace teachable {
namespace {

Failure memory_used_up() {
  return {std::string(to_string(ErrorCode::OutOfMemory)),
          "the module's memory is used up; dispose of what isn't needed, use smaller pictures or "
          "fewer examples"};
}

}  // namespace

// One function, because the fifty that are bound would each repeat its handlers.
Failure current_failure() {
  try {
    throw;
  } catch (const Error& e) {
    return {std::string(to_string(e.code())), e.what()};
  } catch (const std::bad_alloc&) {
    return memory_used_up();
  } catch (const std::length_error&) {
    // A vector longer than half the address space.
    return memory_used_up();
  } catch (const std::exception& e) {
    return {std::string(to_string(ErrorCode::Internal)), e.what()};
  }
}

}  // namespace teachable
