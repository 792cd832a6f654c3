// Replacement of operator new that counts allocations and can fail on demand. In native builds, it
// also replaces aligned_alloc(), which PaddedBuffer uses.
#pragma once

#include <cstddef>

namespace teachable::testing {

/// Lets the next `count` allocations succeed and all later ones throw std::bad_alloc.
void fail_after_allocations(int count);
/// Lets all allocations succeed again.
void stop_failing_allocations();
/// Returns the number of allocations by operator new that have not been deleted.
std::ptrdiff_t live_allocations();

}  // namespace teachable::testing
