// The thread pool of an XNNPACK runtime, which XNNPACK has no function to change.
#pragma once

#include <pthreadpool.h>
#include <xnnpack.h>

namespace teachable {

/// Makes a runtime compute with another thread pool, which is borrowed and may be null. The runtime
/// divided its work among the old threads. Reshape it and set it up again before it runs.
void set_threadpool(xnn_runtime_t runtime, pthreadpool_t pool);

}  // namespace teachable
