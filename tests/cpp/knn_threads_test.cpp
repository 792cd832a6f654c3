// Compares scans on several threads with scans on one.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <random>
#include <set>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "knn/knn.h"
#include "test_seed.h"

namespace teachable {
namespace {

constexpr size_t kThreads = 4;

/// Threads that took part in a scan, and the number of its parts.
struct Work {
  std::mutex mutex;
  std::set<std::thread::id> threads;
  size_t parts = 0;
};

ParallelFor on_threads(Work& work) {
  return [&work](size_t count, const std::function<void(size_t)>& body) {
    std::atomic<size_t> next = 0;
    std::atomic<size_t> arrived = 0;
    const auto run = [&] {
      // All threads start together, so that they run at the same time.
      ++arrived;
      while (arrived < kThreads) std::this_thread::yield();
      for (size_t i = next++; i < count; i = next++) {
        body(i);
        const std::lock_guard lock(work.mutex);
        work.threads.insert(std::this_thread::get_id());
        ++work.parts;
      }
    };
    std::vector<std::thread> threads;
    for (size_t i = 1; i < kThreads; ++i) threads.emplace_back(run);
    run();
    for (std::thread& each : threads) each.join();
  };
}

TEST(KnnThreads, FindTheSameNeighboursAsOneThread) {
  const uint32_t seed = testing::test_seed();
  SCOPED_TRACE("TEACHABLE_SEED=" + std::to_string(seed));
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  constexpr size_t kDimension = 70, kQueries = 20;
  for (const Storage storage : {Storage::F32, Storage::I16, Storage::I8}) {
    // With 4097 examples, the last part has one row.
    for (const size_t count : {3000, 4097}) {
      std::vector<float> all((count + kQueries) * kDimension);
      for (float& value : all) value = std::max(0.0f, normal(random));
      std::vector<std::string> labels(count);
      for (size_t i = 0; i < count; ++i) labels[i] = std::to_string(i % 7);
      Work work;
      Knn threaded(storage), serial(storage);
      for (Knn* each : {&threaded, &serial}) {
        each->add_batch(std::span(all).first(count * kDimension), kDimension, labels);
        for (ExampleId id = 0; id < 50; ++id) each->remove(id * 11);
        each->enable("3", false);
      }
      threaded.set_parallel_for(on_threads(work));
      const std::span<const float> queries = std::span(all).last(kQueries * kDimension);
      const PredictOptions options{.k = 10, .weighting = Weighting::Similarity};
      const auto parallel = threaded.predict_batch(queries, kDimension, options);
      const auto sequential = serial.predict_batch(queries, kDimension, options);
      for (size_t q = 0; q < kQueries; ++q) {
        ASSERT_EQ(parallel[q].neighbours, sequential[q].neighbours);
        ASSERT_EQ(parallel[q].confidences, sequential[q].confidences);
        const auto query = queries.subspan(q * kDimension, kDimension);
        ASSERT_EQ(threaded.predict(query, options).neighbours, sequential[q].neighbours);
      }
      const ExampleId last = serial.ids().back();
      ASSERT_EQ(threaded.neighbours_of(last, 5), serial.neighbours_of(last, 5));
      // Two passes for the batch, one scan for each query, and one for neighbours_of().
      EXPECT_EQ(work.parts, (2 + kQueries + 1) * ((serial.example_count() + 1023) / 1024));
      EXPECT_GT(work.threads.size(), 1u);
    }
  }
}

TEST(KnnThreads, CanPredictAtTheSameTime) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  Knn knn;
  std::vector<float> vectors(1500 * 20);
  for (float& value : vectors) value = normal(random);
  knn.add_batch(vectors, 20, std::vector<std::string>(1500, "a"));
  std::vector<std::thread> threads;
  std::atomic<size_t> right = 0;
  for (size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (size_t i = t; i < 200; i += kThreads) {
        const auto query = std::span(vectors).subspan(i * 20, 20);
        if (knn.predict(query, 1).neighbours[0].id == i) ++right;
      }
    });
  }
  for (std::thread& each : threads) each.join();
  EXPECT_EQ(right, 200u);
}

}  // namespace
}  // namespace teachable
