// Loops on several threads: each index once, whatever the number of threads that may take part.
#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "net/xnn.h"
#include "test_seed.h"

namespace teachable::testing {
namespace {

/// Runs a loop and returns the threads that worked. Expects that each index came once.
std::set<std::thread::id> run_loop(pthreadpool_t pool, size_t count, uint32_t flags = 0) {
  struct Loop {
    std::vector<std::atomic<int>> visits;
    std::mutex mutex;
    std::set<std::thread::id> threads;
  } loop{std::vector<std::atomic<int>>(count), {}, {}};
  const auto visit = [](void* context, size_t index) {
    auto& loop = *static_cast<Loop*>(context);
    ++loop.visits[index];
    const std::lock_guard lock(loop.mutex);
    loop.threads.insert(std::this_thread::get_id());
  };
  pthreadpool_parallelize_1d(pool, visit, &loop, count, flags);
  for (const std::atomic<int>& visits : loop.visits) EXPECT_EQ(visits, 1);
  return loop.threads;
}

TEST(JoiningPool, VisitsEachIndexOnceWithAnyLimit) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE("TEACHABLE_SEED=" + std::to_string(seed));
  std::mt19937 random(seed);
  for (const size_t threads : {2, 3, 8}) {
    const Threadpool pool = make_threadpool(threads);
    for (int i = 0; i < 2000; ++i) {
      const size_t limit = 1 + random() % threads;
      limit_threads(pool.get(), limit);
      const uint32_t flags = random() % 4 == 0 ? PTHREADPOOL_FLAG_YIELD_WORKERS : 0;
      const size_t count = random() % 40;
      ASSERT_LE(run_loop(pool.get(), count, flags).size(), limit);
    }
  }
}

TEST(JoiningPool, KeepsToTheCallerWithALimitOfOne) {
  const Threadpool pool = make_threadpool(4);
  limit_threads(pool.get(), 1);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(run_loop(pool.get(), 100), std::set{std::this_thread::get_id()});
  }
}

TEST(JoiningPool, SharesTheWorkAfterALimitIsRaised) {
  const Threadpool pool = make_threadpool(2);
  limit_threads(pool.get(), 1);
  run_loop(pool.get(), 100);
  limit_threads(pool.get(), 2);
  // The other thread may be late for many loops, but not forever.
  std::set<std::thread::id> threads;
  while (threads.size() < 2) threads.merge(run_loop(pool.get(), 100));
}

TEST(JoiningPool, DoesNotWaitForThreadsThatAreStillBusy) {
  // More threads than any machine has processors: most of them come late for each loop.
  const Threadpool pool = make_threadpool(200);
  for (int i = 0; i < 200; ++i) run_loop(pool.get(), 300);
}

TEST(JoiningPool, EndsAtOnceAndWhileThreadsSleep) {
  for (int i = 0; i < 200; ++i) {
    const Threadpool pool = make_threadpool(4);
    if (i % 2 == 0) continue;
    run_loop(pool.get(), 50, PTHREADPOOL_FLAG_YIELD_WORKERS);
    if (i % 3 == 0) limit_threads(pool.get(), 2);
  }
}

TEST(JoiningPool, TakesTurnsBetweenCallers) {
  const Threadpool pool = make_threadpool(3);
  const auto loops = [&pool] {
    for (int i = 0; i < 300; ++i) run_loop(pool.get(), 20);
  };
  std::thread other(loops);
  loops();
  other.join();
}

}  // namespace
}  // namespace teachable::testing
