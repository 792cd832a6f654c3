// Neighbours among the examples of a class-room or a large data set. Bytes are those of the matrix.
#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "core/float4.h"
#include "knn/knn.h"

namespace teachable {
namespace {

constexpr size_t kDimension = 1280;  // MobileNet v2's embedding
constexpr size_t kNeighbours = 10;
constexpr size_t kClasses = 10;

std::vector<float> random_vectors(size_t count) {
  std::mt19937 random(1);
  std::uniform_real_distribution<float> uniform(0, 6);
  std::vector<float> values(count * kDimension);
  for (float& value : values) value = uniform(random);
  return values;
}

void knn_predict(benchmark::State& state) {
  const auto count = static_cast<size_t>(state.range(0));
  const std::vector<float> vectors = random_vectors(count + 1);
  Knn knn;
  for (size_t i = 0; i < count; ++i) {
    knn.add(std::span(vectors).subspan(i * kDimension, kDimension), std::to_string(i % kClasses));
  }
  const std::span<const float> query = std::span(vectors).last(kDimension);
  for (auto _ : state) benchmark::DoNotOptimize(knn.predict(query, kNeighbours));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(count * kDimension * 4));
}

/// The floor of a scan: the same bytes, read once and added up.
void read_matrix(benchmark::State& state) {
  const std::vector<float> matrix = random_vectors(static_cast<size_t>(state.range(0)));
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

void copy_matrix(benchmark::State& state) {
  const std::vector<float> matrix = random_vectors(static_cast<size_t>(state.range(0)));
  std::vector<float> copy(matrix.size());
  for (auto _ : state) {
    std::memcpy(copy.data(), matrix.data(), matrix.size() * sizeof(float));
    benchmark::DoNotOptimize(copy.data());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(matrix.size() * 4));
}

/// From nothing to so many examples, growth included.
void knn_add(benchmark::State& state) {
  const auto count = static_cast<size_t>(state.range(0));
  const std::vector<float> vectors = random_vectors(count);
  for (auto _ : state) {
    Knn knn;
    for (size_t i = 0; i < count; ++i) {
      knn.add(std::span(vectors).subspan(i * kDimension, kDimension), "label");
    }
    benchmark::DoNotOptimize(knn.example_count());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(count));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(count * kDimension * 4));
}

BENCHMARK(knn_predict)->Name("knn/predict")->Arg(1000)->Arg(10000)->Unit(benchmark::kMicrosecond);
BENCHMARK(read_matrix)
    ->Name("knn/read_the_matrix")
    ->Arg(1000)
    ->Arg(10000)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(copy_matrix)
    ->Name("knn/copy_the_matrix")
    ->Arg(1000)
    ->Arg(10000)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(knn_add)->Name("knn/add")->Arg(1000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace teachable
