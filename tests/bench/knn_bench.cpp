// Nearest neighbours among the examples of a class-room or of a large data set. The bytes of a
// prediction are those that its scan reads: one for each value, whatever the storage. For
// comparison, the same bytes are copied by memcpy and read by a plain loop. This shows how close
// the scan comes to the speed of the memory.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "core/float4.h"
#include "knn/example_map.h"
#include "knn/knn.h"
#include "net/xnn.h"

namespace teachable {
namespace {

constexpr size_t kDimension = 1024;  // MobileNet v1's embedding
constexpr size_t kNeighbours = 10;
constexpr size_t kClasses = 10;

/// Makes vectors like embeddings after a ReLU: no negative values, each class around its centre.
class Source {
 public:
  Source() : centres_(kClasses * kDimension), noise_(1 << 20) {
    std::normal_distribution<float> normal;
    for (float& value : centres_) value = std::max(0.0f, normal(random_));
    for (float& value : noise_) value = 0.7f * normal(random_);
  }
  void write(size_t class_index, std::span<float> vector) {
    // Noise comes from a pool: a hundred million new random numbers would take longer than the
    // rest.
    const float* noise = &noise_[random_() % (noise_.size() - kDimension)];
    for (size_t i = 0; i < kDimension; ++i) {
      vector[i] = std::max(0.0f, centres_[class_index * kDimension + i] + noise[i]);
    }
  }

 private:
  std::mt19937 random_{1};
  std::vector<float> centres_, noise_;
};

/// Returns a store of `count` examples. The last one is kept, as each benchmark starts several
/// times.
Knn& filled(Storage storage, size_t count, Source& source) {
  static Knn knn;
  if (knn.storage() == storage && knn.example_count() == count) return knn;
  knn = Knn(storage);
  std::vector<float> vector(kDimension);
  for (size_t i = 0; i < count; ++i) {
    source.write(i % kClasses, vector);
    knn.add(vector, std::to_string(i % kClasses));
  }
  return knn;
}

void knn_predict(benchmark::State& state, Storage storage) {
  const auto count = static_cast<size_t>(state.range(0));
  Source source;
  const Knn& knn = filled(storage, count, source);
  constexpr size_t kQueries = 8;
  std::vector<float> queries(kQueries * kDimension);
  for (size_t q = 0; q < kQueries; ++q) {
    source.write(q, std::span(queries).subspan(q * kDimension, kDimension));
  }
  size_t next = 0;
  for (auto _ : state) {
    const auto query = std::span(queries).subspan(next++ % kQueries * kDimension, kDimension);
    benchmark::DoNotOptimize(knn.predict(query, kNeighbours));
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(count * kDimension));
  state.counters["memory/rows"] = static_cast<double>(knn.memory_bytes()) /
                                  static_cast<double>(count * Rows::row_bytes(storage, kDimension));
}

/// Measures the same with two threads, the number that the benchmarks of networks use.
void knn_predict_threads(benchmark::State& state) {
  const Threadpool pool = make_threadpool(2);
  Source source;
  Knn& knn = filled(Storage::F32, static_cast<size_t>(state.range(0)), source);
  knn.set_parallel_for(
      [&](size_t count, const auto& body) { parallel_for(pool.get(), count, body); });
  knn_predict(state, Storage::F32);
  knn.set_parallel_for({});  // the store outlives the pool
}

void knn_predict_batch(benchmark::State& state) {
  const auto count = static_cast<size_t>(state.range(0));
  Source source;
  const Knn& knn = filled(Storage::F32, count, source);
  constexpr size_t kQueries = 16;
  std::vector<float> queries(kQueries * kDimension);
  for (size_t q = 0; q < kQueries; ++q) {
    source.write(q % kClasses, std::span(queries).subspan(q * kDimension, kDimension));
  }
  for (auto _ : state) {
    benchmark::DoNotOptimize(knn.predict_batch(queries, kDimension, {.k = kNeighbours}));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kQueries));
}

/// Reads as many bytes as the scan, with a plain loop.
void read_bytes(benchmark::State& state) {
  const std::vector<float> matrix(static_cast<size_t>(state.range(0)) * kDimension / 4, 1.0f);
  for (auto _ : state) {
    Float4 a{}, b{}, c{}, d{};
    for (size_t i = 0; i + 16 <= matrix.size(); i += 16) {
      a += load4(&matrix[i]);
      b += load4(&matrix[i + 4]);
      c += load4(&matrix[i + 8]);
      d += load4(&matrix[i + 12]);
    }
    benchmark::DoNotOptimize(sum4((a + b) + (c + d)));
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(matrix.size() * 4));
}

/// Copies as many bytes as the scan reads.
void copy_bytes(benchmark::State& state) {
  const std::vector<float> matrix(static_cast<size_t>(state.range(0)) * kDimension / 4, 1.0f);
  std::vector<float> copy(matrix.size());
  for (auto _ : state) {
    std::memcpy(copy.data(), matrix.data(), matrix.size() * sizeof(float));
    benchmark::DoNotOptimize(copy.data());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(matrix.size() * 4));
}

/// Adds examples to an empty store, which grows meanwhile.
void knn_fill(benchmark::State& state) {
  const auto count = static_cast<size_t>(state.range(0));
  Source source;
  std::vector<float> vectors(64 * kDimension);
  for (size_t i = 0; i < 64; ++i) {
    source.write(i % kClasses, std::span(vectors).subspan(i * kDimension, kDimension));
  }
  for (auto _ : state) {
    Knn knn;
    for (size_t i = 0; i < count; ++i) {
      knn.add(std::span(vectors).subspan(i % 64 * kDimension, kDimension), "label");
    }
    benchmark::DoNotOptimize(knn.example_count());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(count));
}

/// Adds one example to a filled store and removes it.
void knn_add_remove(benchmark::State& state) {
  Source source;
  Knn& knn = filled(Storage::F32, static_cast<size_t>(state.range(0)), source);
  std::vector<float> vector(kDimension);
  source.write(0, vector);
  for (auto _ : state) knn.remove(knn.add(vector, "0"));
}

/// Makes the first map of the examples.
void map_first(benchmark::State& state, Storage storage) {
  Source source;
  const Knn& knn = filled(storage, static_cast<size_t>(state.range(0)), source);
  for (auto _ : state) benchmark::DoNotOptimize(ExampleMap().update(knn));
}

/// Updates the map after one more example.
void map_update(benchmark::State& state, Storage storage) {
  Source source;
  Knn& knn = filled(storage, static_cast<size_t>(state.range(0)), source);
  ExampleMap map;
  map.update(knn);
  std::vector<float> vector(kDimension);
  source.write(0, vector);
  for (auto _ : state) {
    const ExampleId id = knn.add(vector, "0");
    benchmark::DoNotOptimize(map.update(knn));
    knn.remove(id);
  }
}

constexpr int64_t kSmall = 1000, kMiddle = 10'000, kLarge = 100'000;

/// Registers the benchmark with threads in builds that have threads.
[[maybe_unused]] const bool kThreadRows = [] {
  if (!has_threads()) return false;
  benchmark::RegisterBenchmark("knn/predict_f32/threads:2", knn_predict_threads)
      ->Arg(kMiddle)
      ->Arg(kLarge)
      ->UseRealTime()
      ->Unit(benchmark::kMicrosecond);
  return true;
}();

BENCHMARK_CAPTURE(knn_predict, f32, Storage::F32)
    ->Name("knn/predict_f32")
    ->Arg(kSmall)
    ->Arg(kMiddle)
    ->Arg(kLarge)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(knn_predict, i16, Storage::I16)
    ->Name("knn/predict_i16")
    ->Arg(kMiddle)
    ->Arg(kLarge)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(knn_predict, i8, Storage::I8)
    ->Name("knn/predict_i8")
    ->Arg(kMiddle)
    ->Arg(kLarge)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(knn_predict_batch)
    ->Name("knn/predict_16_at_once")
    ->Arg(kMiddle)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(read_bytes)
    ->Name("knn/read_the_bytes")
    ->Arg(kSmall)
    ->Arg(kMiddle)
    ->Arg(kLarge)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(copy_bytes)
    ->Name("knn/copy_the_bytes")
    ->Arg(kSmall)
    ->Arg(kMiddle)
    ->Arg(kLarge)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(knn_fill)->Name("knn/fill")->Arg(kMiddle)->Unit(benchmark::kMicrosecond);
BENCHMARK(knn_add_remove)
    ->Name("knn/add_and_remove")
    ->Arg(kSmall)
    ->Arg(kMiddle)
    ->Arg(kLarge)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(map_first, f32, Storage::F32)
    ->Name("knn/map_first_f32")
    ->Arg(kSmall)
    ->Arg(kMiddle)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(map_update, f32, Storage::F32)
    ->Name("knn/map_update_f32")
    ->Arg(kSmall)
    ->Arg(kMiddle)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(map_update, i8, Storage::I8)
    ->Name("knn/map_update_i8")
    ->Arg(kMiddle)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace teachable
