#include "net/kernels/xnn_threadpool.h"

#include "xnnpack/subgraph.h"

namespace teachable {

void set_threadpool(xnn_runtime_t runtime, pthreadpool_t pool) { runtime->threadpool = pool; }

}  // namespace teachable
