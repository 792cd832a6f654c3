// In place of joining_pool.c where pthreadpool starts threads by Grand Central Dispatch, which
// decides on their number by itself.
#include "joining_pool.h"

void joining_pool_limit(pthreadpool_t pool, size_t threads_count) {
  (void)pool;
  (void)threads_count;
}
