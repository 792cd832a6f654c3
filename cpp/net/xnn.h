// Owners for XNNPACK's C handles, and Errors for its status codes.
#pragma once

#include <pthreadpool.h>
#include <xnnpack.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "core/buffer.h"
#include "core/text.h"

namespace teachable {

static_assert(kReadSlack >= XNN_EXTRA_BYTES,
              "XNNPACK may read further past the end than PaddedBuffer allows");

/// Throws Error unless `status` is success. The code is OutOfMemory, UnsupportedOp if XNNPACK does
/// not support the operator, or else Internal. `what` names the failed step, such as
/// "CONV_2D at node 12".
void check(xnn_status status, const Text& what);

/// Initializes XNNPACK. Calls after the first are cheap. Throws Error{Internal} on hardware that
/// XNNPACK does not support.
void initialize_xnnpack();

/// Plans the memory of all tensors of a runtime, before its inputs and outputs are set. Throws
/// Error{OutOfMemory} when there is too little for the plan itself.
void plan_memory(xnn_runtime_t runtime);

struct XnnDelete {
  void operator()(xnn_subgraph_t subgraph) const { xnn_delete_subgraph(subgraph); }
  void operator()(xnn_runtime_t runtime) const { xnn_delete_runtime(runtime); }
  void operator()(pthreadpool_t pool) const { pthreadpool_destroy(pool); }
};

using XnnSubgraph = std::unique_ptr<xnn_subgraph, XnnDelete>;
using XnnRuntime = std::unique_ptr<xnn_runtime, XnnDelete>;
using Threadpool = std::unique_ptr<pthreadpool, XnnDelete>;

/// Returns true if this program can start threads. Each WebAssembly module links threads.cpp or
/// no_threads.cpp. All other code is the same with and without threads.
bool has_threads();

/// Makes a pool of `thread_count` >= 1 threads, one of which is the calling thread. Returns null if
/// the count is 1 or the build has no threads. Null means that only the calling thread computes.
/// Throws Error{OutOfMemory} if threads cannot be started.
Threadpool make_threadpool(size_t thread_count);

/// Lets at most `count` >= 1 threads of the pool compute, the calling one included, until the next
/// call. Costs nothing, so that each frame may have another number. `pool` may be null.
void limit_threads(pthreadpool_t pool, size_t count);

/// Runs body(0) ... body(count - 1) on the pool's threads, or one after the other if `pool` is
/// null, and returns when all have ended. `body` must not throw.
void parallel_for(pthreadpool_t pool, size_t count, const std::function<void(size_t index)>& body);

}  // namespace teachable
