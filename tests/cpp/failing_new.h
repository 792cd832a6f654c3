// An operator new that can run out of memory on command, and counts. Natively, so does the
// aligned_alloc() of PaddedBuffer.
#pragma once

#include <cstddef>

namespace teachable::testing {

/// From here on this many allocations succeed and the next ones throw std::bad_alloc.
void fail_after_allocations(int count);
/// All succeed again.
void stop_failing_allocations();
/// Of operator new, that have not been deleted.
std::ptrdiff_t live_allocations();

}  // namespace teachable::testing
