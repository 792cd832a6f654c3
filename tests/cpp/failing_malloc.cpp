// Lets allocations of a WebAssembly module fail, for tests in Node. The linker passes all calls of
// the allocator to the functions here (--wrap), except those that JavaScript makes.
#include <emscripten/bind.h>
#include <emscripten/emscripten.h>

#include <cerrno>
#include <cstddef>

namespace {

int allocations_left = -1;  // negative: unlimited
int failure_count = 0;

bool should_fail() {
  if (allocations_left < 0) return false;
  if (allocations_left > 0) {
    --allocations_left;
    return false;
  }
  ++failure_count;
  return true;
}

/// Lets the next `count` allocations succeed and all later ones fail; a negative count lets all
/// succeed. Returns the number of failures since the last call.
int fail_after_allocations(int count) {
  allocations_left = count;
  const int failures = failure_count;
  failure_count = 0;
  return failures;
}

}  // namespace

extern "C" {

void* __real_malloc(size_t size);
void* __real_calloc(size_t count, size_t size);
void* __real_realloc(void* memory, size_t size);
void* __real_memalign(size_t alignment, size_t size);
int __real_posix_memalign(void** memory, size_t alignment, size_t size);
void* __real_aligned_alloc(size_t alignment, size_t size);

void* __wrap_malloc(size_t size) { return should_fail() ? nullptr : __real_malloc(size); }
void* __wrap_calloc(size_t count, size_t size) {
  return should_fail() ? nullptr : __real_calloc(count, size);
}
void* __wrap_realloc(void* memory, size_t size) {
  return should_fail() ? nullptr : __real_realloc(memory, size);
}
void* __wrap_memalign(size_t alignment, size_t size) {
  return should_fail() ? nullptr : __real_memalign(alignment, size);
}
int __wrap_posix_memalign(void** memory, size_t alignment, size_t size) {
  return should_fail() ? ENOMEM : __real_posix_memalign(memory, alignment, size);
}
void* __wrap_aligned_alloc(size_t alignment, size_t size) {
  return should_fail() ? nullptr : __real_aligned_alloc(alignment, size);
}

}  // extern "C"

EMSCRIPTEN_BINDINGS(failing_malloc) {
  emscripten::function("failAfterAllocations", &fail_after_allocations);
  // For tests that see the package, not its module.
  EM_ASM({ globalThis.failingModule = Module; });
}
