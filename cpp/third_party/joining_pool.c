// The part of pthreadpool that starts, wakes and awaits threads, in place of its pthreads.c. Its
// parallel loops stay.
//
// pthreadpool waits at the end of each loop until all threads have taken part. A thread that has
// lost its core takes part late, and a network has some sixty loops. Here a thread joins a loop
// only while the calling thread still works on it, and the calling thread waits only for those that
// have joined: it takes the work of the others itself. The number of threads that may join can be
// lowered and raised between two loops.
//
// One word holds the state: the number of threads that have joined, whether the loop is open to
// more, and a number of the loop.
#include "joining_pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "threadpool-atomics.h"
#include "threadpool-common.h"
#include "threadpool-object.h"
#include "threadpool-utils.h"

#ifdef __EMSCRIPTEN__
#include <emscripten/threading.h>
#include <math.h>
#else
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

enum {
  kJoined = 0xff,  // Mask of the number of threads that have joined.
  kOpen = 0x100,
  kEnd = 0x200,
  kLoop = 0x400,  // One loop. Higher bits count loops.
};

// Rounds of waiting before a thread sleeps, some tens of microseconds. See tests/bench/README.md.
enum { kSpins = 4000 };

struct joining_pool {
  atomic_uint state;
  atomic_uint sleepers;       // Threads that sleep on `state`, or are about to.
  atomic_uint caller_sleeps;  // 1 while the calling thread sleeps on this word, or is about to.
  atomic_uint limit;  // Threads that may work, the calling one included. The others sleep on it.
  struct pthreadpool pool;  // Last, because its threads follow it.
};

static struct joining_pool* of(struct pthreadpool* pool) {
  return (struct joining_pool*)((char*)pool - offsetof(struct joining_pool, pool));
}

// Sleeps while the word has this value. It may also wake for no reason.
static void sleep_on(atomic_uint* word, unsigned value) {
#ifdef __EMSCRIPTEN__
  emscripten_futex_wait((volatile void*)word, value, INFINITY);
#else
  syscall(SYS_futex, word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, value, NULL);
#endif
}

static void wake(atomic_uint* word) {
#ifdef __EMSCRIPTEN__
  emscripten_futex_wake((volatile void*)word, INT32_MAX);
#else
  syscall(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, INT_MAX);
#endif
}

// Returns the state when there is a loop that this thread may join and hasn't joined, or the end of
// the pool.
static unsigned wait_for_loop(struct joining_pool* joining, size_t thread_number,
                              unsigned last_loop, bool spins) {
  for (unsigned round = 0;; ++round) {
    const unsigned limit = atomic_load(&joining->limit);
    const unsigned state = atomic_load(&joining->state);
    if (state & kEnd) return state;
    if (thread_number >= limit) {
      sleep_on(&joining->limit, limit);
      continue;
    }
    if ((state & kOpen) && (state & -kLoop) != last_loop) return state;
    if (spins && round < kSpins) {
      pthreadpool_yield();
      continue;
    }
    atomic_fetch_add(&joining->sleepers, 1);
    sleep_on(&joining->state, state);
    atomic_fetch_sub(&joining->sleepers, 1);
  }
}

static void leave(struct joining_pool* joining) {
  const unsigned before = atomic_fetch_sub(&joining->state, 1);
  if ((before & kOpen) || (before & kJoined) != 1) return;
  if (atomic_exchange(&joining->caller_sleeps, 0)) wake(&joining->caller_sleeps);
}

static void run_loop(struct pthreadpool* pool, struct thread_info* thread, uint32_t flags) {
  const thread_function_t function =
      (thread_function_t)pthreadpool_load_relaxed_void_p(&pool->thread_function);
  struct fpu_state saved = {0};
  if (flags & PTHREADPOOL_FLAG_DISABLE_DENORMALS) {
    saved = get_fpu_state();
    disable_fpu_denormals();
  }
  function(pool, thread);
  if (flags & PTHREADPOOL_FLAG_DISABLE_DENORMALS) set_fpu_state(saved);
}

static void* thread_main(void* argument) {
  struct thread_info* thread = argument;
  struct joining_pool* joining = of(thread->threadpool);
  unsigned last_loop = 0;
  bool spins = false;
  for (;;) {
    unsigned state = wait_for_loop(joining, thread->thread_number, last_loop, spins);
    if (state & kEnd) return NULL;
    last_loop = state & -kLoop;
    spins = true;
    // The loop may have ended meanwhile, and others join it too.
    while ((state & kOpen) && (state & -kLoop) == last_loop &&
           !atomic_compare_exchange_weak(&joining->state, &state, state + 1)) {
    }
    if (!(state & kOpen) || (state & -kLoop) != last_loop) continue;
    const uint32_t flags = pthreadpool_load_relaxed_uint32_t(&joining->pool.flags);
    run_loop(&joining->pool, thread, flags);
    spins = (flags & PTHREADPOOL_FLAG_YIELD_WORKERS) == 0;
    leave(joining);
  }
}

static void await_joined(struct joining_pool* joining) {
  unsigned state = atomic_fetch_and(&joining->state, ~(unsigned)kOpen);
  for (unsigned round = 0; state & kJoined; ++round, state = atomic_load(&joining->state)) {
    if (round < kSpins) {
      pthreadpool_yield();
      continue;
    }
    atomic_store(&joining->caller_sleeps, 1);
    if (atomic_load(&joining->state) & kJoined) sleep_on(&joining->caller_sleeps, 1);
    atomic_store(&joining->caller_sleeps, 0);
  }
}

PTHREADPOOL_INTERNAL void pthreadpool_parallelize(struct pthreadpool* pool,
                                                  thread_function_t function, const void* params,
                                                  size_t params_size, void* task, void* context,
                                                  size_t linear_range, uint32_t flags) {
  struct joining_pool* joining = of(pool);
  pthread_mutex_lock(&pool->execution_mutex);
  pthreadpool_store_relaxed_void_p(&pool->thread_function, (void*)function);
  pthreadpool_store_relaxed_void_p(&pool->task, task);
  pthreadpool_store_relaxed_void_p(&pool->argument, context);
  pthreadpool_store_relaxed_uint32_t(&pool->flags, flags);
  if (params_size != 0) memcpy(&pool->params, params, params_size);

  const size_t limit = atomic_load_explicit(&joining->limit, memory_order_relaxed);
  size_t start = 0;
  for (size_t i = 0; i < pool->threads_count.value; ++i) {
    struct thread_info* thread = &pool->threads[i];
    const size_t length = i < limit ? linear_range / limit + (i < linear_range % limit) : 0;
    pthreadpool_store_relaxed_size_t(&thread->range_start, start);
    pthreadpool_store_relaxed_size_t(&thread->range_end, start + length);
    pthreadpool_store_relaxed_size_t(&thread->range_length, length);
    start += length;
  }
  if (limit > 1) {
    // Nobody else changes the state of a closed loop without threads.
    const unsigned last = atomic_load_explicit(&joining->state, memory_order_relaxed) & -kLoop;
    atomic_store(&joining->state, (last + kLoop) | kOpen);
    if (atomic_load(&joining->sleepers) != 0) wake(&joining->state);
  }
  run_loop(pool, &pool->threads[0], flags);
  if (limit > 1) await_joined(joining);
  pthread_mutex_unlock(&pool->execution_mutex);
}

struct pthreadpool* pthreadpool_create(size_t threads_count) {
  const size_t size = sizeof(struct joining_pool) + threads_count * sizeof(struct thread_info);
  void* memory = NULL;
  if (threads_count == 0 || threads_count > kJoined ||
      posix_memalign(&memory, PTHREADPOOL_CACHELINE_SIZE, size) != 0) {
    return NULL;
  }
  memset(memory, 0, size);
  struct joining_pool* joining = memory;
  struct pthreadpool* pool = &joining->pool;
  pool->threads_count = fxdiv_init_size_t(threads_count);
  atomic_store(&joining->limit, (unsigned)threads_count);
  pthread_mutex_init(&pool->execution_mutex, NULL);
  for (size_t i = 0; i < threads_count; ++i) {
    struct thread_info* thread = &pool->threads[i];
    thread->thread_number = i;
    thread->threadpool = pool;
    if (i != 0 && pthread_create(&thread->thread_object, NULL, thread_main, thread) != 0) {
      pool->threads_count = fxdiv_init_size_t(i);
      pthreadpool_destroy(pool);
      return NULL;
    }
  }
  return pool;
}

void pthreadpool_destroy(struct pthreadpool* pool) {
  if (pool == NULL) return;
  struct joining_pool* joining = of(pool);
  atomic_store(&joining->state, kEnd);
  wake(&joining->state);
  // The change keeps threads awake that are about to sleep on this word.
  atomic_store(&joining->limit, 0);
  wake(&joining->limit);
  for (size_t i = 1; i < pool->threads_count.value; ++i) {
    pthread_join(pool->threads[i].thread_object, NULL);
  }
  pthread_mutex_destroy(&pool->execution_mutex);
  free(joining);
}

void joining_pool_limit(struct pthreadpool* pool, size_t threads_count) {
  const size_t all = pool->threads_count.value;
  const size_t limit = threads_count < 1 ? 1 : threads_count > all ? all : threads_count;
  if (atomic_exchange(&of(pool)->limit, (unsigned)limit) < limit) wake(&of(pool)->limit);
}
