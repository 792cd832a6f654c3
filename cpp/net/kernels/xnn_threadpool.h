// What XNNPACK has no function for.
#pragma once

#include <pthreadpool.h>
#include <xnnpack.h>

namespace teachable {

/// Makes a runtime compute with other threads; `pool` is borrowed, may be null. Its work is cut for
/// the threads that there were, so it must be reshaped and set up before it runs.
void set_threadpool(xnn_runtime_t runtime, pthreadpool_t pool);

}  // namespace teachable
