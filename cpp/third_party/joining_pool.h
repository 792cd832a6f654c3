// What joining_pool.c adds to pthreadpool's interface.
#pragma once

#include <pthreadpool.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Lets at most `threads_count` threads of the pool work, the calling one included; clamped to 1
/// and the pool's own number. Between two loops only. The others sleep.
void joining_pool_limit(pthreadpool_t pool, size_t threads_count);

#ifdef __cplusplus
}
#endif
