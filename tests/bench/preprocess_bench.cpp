// Preprocessing of a webcam frame to a network's input. Bytes per second count the bytes of the
// frame; the resize reads a part of them.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>
#include <vector>

#include "image/preprocess.h"

namespace teachable {
namespace {

constexpr int kSide = 224;

std::vector<uint8_t> make_frame(int width, int height) {
  std::vector<uint8_t> pixels(static_cast<size_t>(width) * static_cast<size_t>(height) * 4);
  uint32_t state = 1;
  for (uint8_t& byte : pixels)
    byte = static_cast<uint8_t>((state = state * 1664525 + 1013904223) >> 24);
  for (size_t i = 3; i < pixels.size(); i += 4) pixels[i] = 255;
  return pixels;
}

enum class Alpha { Ignored, Opaque, Transparent };

template <typename T, ResizeRule kRule, Alpha kAlpha = Alpha::Opaque>
void preprocess(benchmark::State& state) {
  const int width = static_cast<int>(state.range(0)), height = static_cast<int>(state.range(1));
  std::vector<uint8_t> pixels = make_frame(width, height);
  if (kAlpha == Alpha::Transparent) {
    for (size_t i = 3; i < pixels.size(); i += 4) pixels[i] = 127;
  }
  const RgbaView frame{pixels, width, height};
  std::vector<T> output(size_t{kSide} * kSide * 3);
  Preprocessor preprocessor;
  Preprocess how{.resize = kRule};
  if (kAlpha != Alpha::Ignored) how.background = Rgb{255, 255, 255};
  for (auto _ : state) {
    if constexpr (std::is_same_v<T, float>) {
      preprocessor.run(frame, how, kSide, kSide, output);
    } else {
      preprocessor.run(frame, how, kSide, kSide, 0.0078125f, std::is_signed_v<T> ? 0 : 128,
                       std::span<T>(output));
    }
    benchmark::DoNotOptimize(output.data());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(pixels.size()));
}

/// Measures one copy of a frame, the cost of passing it to the module.
void copy_frame(benchmark::State& state) {
  const std::vector<uint8_t> pixels =
      make_frame(static_cast<int>(state.range(0)), static_cast<int>(state.range(1)));
  std::vector<uint8_t> copy(pixels.size());
  for (auto _ : state) {
    std::memcpy(copy.data(), pixels.data(), pixels.size());
    benchmark::DoNotOptimize(copy.data());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(pixels.size()));
}

void frame_sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"w", "h"})->Args({640, 480})->Args({1280, 720})->Args({4000, 3000});
}

BENCHMARK(preprocess<float, ResizeRule::Area>)->Name("preprocess/float")->Apply(frame_sizes);
BENCHMARK(preprocess<int8_t, ResizeRule::Area>)->Name("preprocess/int8")->Apply(frame_sizes);
BENCHMARK(preprocess<uint8_t, ResizeRule::Area>)->Name("preprocess/uint8")->Apply(frame_sizes);
BENCHMARK(preprocess<int8_t, ResizeRule::HalfPixel>)
    ->Name("preprocess/int8_half_pixel")
    ->Apply(frame_sizes);
BENCHMARK(preprocess<int8_t, ResizeRule::Area, Alpha::Ignored>)
    ->Name("preprocess/int8_alpha_ignored")
    ->Apply(frame_sizes);
BENCHMARK(preprocess<int8_t, ResizeRule::Area, Alpha::Transparent>)
    ->Name("preprocess/int8_transparent")
    ->Apply(frame_sizes);
BENCHMARK(copy_frame)->Name("preprocess/copy_of_the_frame")->Apply(frame_sizes);

}  // namespace
}  // namespace teachable
