#include "failing_new.h"

#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

int allocations_left = -1;  // below 0: no end

}  // namespace

namespace teachable::testing {

void fail_after_allocations(int count) { allocations_left = count; }
void stop_failing_allocations() { allocations_left = -1; }

}  // namespace teachable::testing

void* operator new(std::size_t size) {
  if (allocations_left == 0) throw std::bad_alloc();
  if (allocations_left > 0) --allocations_left;
  if (void* memory = std::malloc(size > 0 ? size : 1)) return memory;
  throw std::bad_alloc();
}

void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
