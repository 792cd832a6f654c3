// XNNPACK's C handles as owners, and its status codes as Errors.
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

static_assert(kReadSlack >= XNN_EXTRA_BYTES, "XNNPACK may read past what PaddedBuffer allows");

/// Throws Error when `status` isn't success: OutOfMemory, UnsupportedOp for what XNNPACK refuses,
/// else Internal. `what` says what was being done, such as "CONV_2D at node 12".
void check(xnn_status status, const Text& what);

/// Prepares XNNPACK; cheap after the first time. Throws Error{Internal} on hardware that it can't
/// use.
void initialize_xnnpack();

struct XnnDelete {
  void operator()(xnn_subgraph_t subgraph) const { xnn_delete_subgraph(subgraph); }
  void operator()(xnn_runtime_t runtime) const { xnn_delete_runtime(runtime); }
  void operator()(pthreadpool_t pool) const { pthreadpool_destroy(pool); }
};

using XnnSubgraph = std::unique_ptr<xnn_subgraph, XnnDelete>;
using XnnRuntime = std::unique_ptr<xnn_runtime, XnnDelete>;
using Threadpool = std::unique_ptr<pthreadpool, XnnDelete>;

/// Whether this build can start threads.
#if defined(__EMSCRIPTEN__) && !defined(__EMSCRIPTEN_PTHREADS__)
inline constexpr bool kHasThreads = false;
#else
inline constexpr bool kHasThreads = true;
#endif

/// A pool in which the calling thread is one of `thread_count` >= 1 threads. Null, which means "the
/// caller alone", for 1 and in a build without threads.
/// Throws Error{OutOfMemory} when threads can't be started.
Threadpool make_threadpool(size_t thread_count);

/// Runs body(0) ... body(count - 1) on the pool's threads, or in turn without one, and returns when
/// all have ended. The bodies must not throw.
void parallel_for(pthreadpool_t pool, size_t count, const std::function<void(size_t index)>& body);

}  // namespace teachable
