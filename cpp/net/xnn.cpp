#include "net/xnn.h"

#include <atomic>
#include <cstdlib>

#include "core/error.h"

// Defined in XNNPACK's allocator.c. Its headers declare it for its own files only.
// NOLINTNEXTLINE(readability-identifier-naming): the name is XNNPACK's.
extern "C" const xnn_allocator xnn_default_allocator;

namespace teachable {
namespace {

const char* to_string(xnn_status status) {
  switch (status) {
    case xnn_status_success:
      return "success";
    case xnn_status_uninitialized:
      return "uninitialized";
    case xnn_status_invalid_parameter:
      return "invalid parameter";
    case xnn_status_invalid_state:
      return "invalid state";
    case xnn_status_unsupported_parameter:
      return "unsupported parameter";
    case xnn_status_unsupported_hardware:
      return "unsupported hardware";
    case xnn_status_out_of_memory:
      return "out of memory";
    case xnn_status_reallocation_required:
      return "reallocation required";
    case xnn_status_deprecated:
      return "deprecated";
  }
  return "unknown status";
}

ErrorCode to_code(xnn_status status) {
  switch (status) {
    case xnn_status_out_of_memory:
      return ErrorCode::OutOfMemory;
    case xnn_status_invalid_parameter:
    case xnn_status_unsupported_parameter:
    // The WebAssembly module also returns this status for operators that it does not contain
    // (third_party/xnnpack_absent.cmake).
    case xnn_status_unsupported_hardware:
      return ErrorCode::UnsupportedOp;
    default:
      return ErrorCode::Internal;
  }
}

/// Number of threads in which XNNPACK plans memory.
std::atomic<int> planning_count = 0;

/// XNNPACK's planner uses what it allocates without a check. An exception ends it instead; its few
/// kilobytes of notes are then lost. Elsewhere XNNPACK checks, and returns a status.
void* allocate(void*, size_t size) {
  void* memory = std::malloc(size);
  if (memory == nullptr && planning_count.load(std::memory_order_relaxed) > 0) {
    throw Error(ErrorCode::OutOfMemory, {"Planning the network's memory needs ", size, " bytes."});
  }
  return memory;
}

const xnn_allocator* checking_allocator() {
  static const xnn_allocator kAllocator = [] {
    xnn_allocator copy = xnn_default_allocator;
    copy.allocate = allocate;
    return copy;
  }();
  return &kAllocator;
}

}  // namespace

void check(xnn_status status, const Text& what) {
  if (status == xnn_status_success) return;
  throw Error(to_code(status), {what, ": XNNPACK says ", to_string(status)});
}

void initialize_xnnpack() { check(xnn_initialize(checking_allocator()), "starting XNNPACK"); }

void plan_memory(xnn_runtime_t runtime) {
  struct Planning {
    Planning() { planning_count.fetch_add(1, std::memory_order_relaxed); }
    Planning(const Planning&) = delete;
    Planning(Planning&&) = delete;
    Planning& operator=(const Planning&) = delete;
    Planning& operator=(Planning&&) = delete;
    ~Planning() { planning_count.fetch_sub(1, std::memory_order_relaxed); }
  };
  const Planning planning;
  check(xnn_reshape_runtime(runtime), "planning the network's memory");
}

Threadpool make_threadpool(size_t thread_count) {
  if (thread_count <= 1 || !has_threads()) return nullptr;
  Threadpool pool(pthreadpool_create(thread_count));
  if (pool == nullptr) {
    throw Error(ErrorCode::OutOfMemory,
                {"Starting ", thread_count, " threads failed. Ask for fewer threads."});
  }
  return pool;
}

void parallel_for(pthreadpool_t pool, size_t count, const std::function<void(size_t index)>& body) {
  if (pool == nullptr) {
    for (size_t i = 0; i < count; ++i) body(i);
    return;
  }
  const auto run = [](void* context, size_t index) {
    (*static_cast<const std::function<void(size_t)>*>(context))(index);
  };
  // Without this flag, threads spin after the work, in case more work comes soon.
  pthreadpool_parallelize_1d(pool, run, const_cast<std::function<void(size_t)>*>(&body), count,
                             PTHREADPOOL_FLAG_YIELD_WORKERS);
}

}  // namespace teachable
