// pthreadpool's threads spin a million rounds, several milliseconds, before they sleep. When other
// programs want the cores too, this takes time from the very thread that the pool waits for.
// Measured on 2 cores in Chromium with MobileNet v2 int8 and 2 threads: 50,000 rounds are as fast
// as a million on idle cores (10 ms), and take 27 instead of 66 ms on cores with four times their
// load. 5,000 rounds are a fifth slower on idle cores.
#include "threadpool-common.h"
#undef PTHREADPOOL_SPIN_WAIT_ITERATIONS
#define PTHREADPOOL_SPIN_WAIT_ITERATIONS 50000
#include "pthreads.c"
