// pthreadpool's threads spin a million rounds, milliseconds, before they sleep. Where others want
// the cores too, that takes time from the very thread that is waited for. Measured on 2 cores in
// Chromium, MobileNet v2 int8, 2 threads: with 50,000 rounds as fast as with a million on idle
// cores (10 ms), and 27 instead of 66 ms on cores with four times their load; 5,000 cost a fifth on
// idle cores.
#include "threadpool-common.h"
#undef PTHREADPOOL_SPIN_WAIT_ITERATIONS
#define PTHREADPOOL_SPIN_WAIT_ITERATIONS 50000
#include "pthreads.c"
