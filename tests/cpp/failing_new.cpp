#include "failing_new.h"

#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

int allocations_left = -1;  // negative: unlimited
std::ptrdiff_t live_count = 0;

bool should_fail() {
  if (allocations_left == 0) return true;
  if (allocations_left > 0) --allocations_left;
  return false;
}

}  // namespace

namespace teachable::testing {

void fail_after_allocations(int count) { allocations_left = count; }
void stop_failing_allocations() { allocations_left = -1; }
std::ptrdiff_t live_allocations() { return live_count; }

}  // namespace teachable::testing

void* operator new(std::size_t size) {
  if (should_fail()) throw std::bad_alloc();
  void* memory = std::malloc(size > 0 ? size : 1);
  if (memory == nullptr) throw std::bad_alloc();
  ++live_count;
  return memory;
}

void operator delete(void* memory) noexcept {
  if (memory != nullptr) --live_count;
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }

#if !defined(__EMSCRIPTEN__)
extern "C" void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  if (should_fail()) return nullptr;
  void* memory = nullptr;
  return posix_memalign(&memory, alignment, size) == 0 ? memory : nullptr;
}
#endif
