// The thread pool of an XNNPACK runtime, which XNNPACK has no function to change.
#pragma once

#include <pthreadpool.h>
#include <xnnpack.h>

namespace teachable {

/// Makes a runtime compute with another thread pool, which is borrowed and may be null. The runtime
/// has divided its work for the threads that it had, so reshape and set it up before it runs.
void set_threadpool(xnn_runtime_t runtime, pthreadpool_t pool);

}  // namespace teachable
