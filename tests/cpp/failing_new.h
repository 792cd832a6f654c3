// An operator new that can run out of memory on command.
#pragma once

namespace teachable::testing {

/// From here on this many allocations succeed and the next ones throw std::bad_alloc.
void fail_after_allocations(int count);
/// All succeed again.
void stop_failing_allocations();

}  // namespace teachable::testing
