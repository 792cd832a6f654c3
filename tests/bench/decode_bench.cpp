// Decoding of picture files. Bytes per second count decoded bytes.
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "image/decode.h"

#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#include <stb_image_write.h>

namespace teachable {
namespace {

/// Draws gradients, waves and a little noise: about as compressible as a photo.
std::vector<uint8_t> make_picture(int width, int height) {
  std::vector<uint8_t> pixels;
  uint32_t noise = 1;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < 3; ++c) {
        noise = noise * 1664525 + 1013904223;
        const double wave = std::sin(x * 0.05 * (c + 1)) * std::cos(y * 0.03) * 60;
        pixels.push_back(
            static_cast<uint8_t>(100 + wave + x * 40 / width + static_cast<int>(noise >> 28)));
      }
    }
  }
  return pixels;
}

void append(void* file, void* data, int size) {
  const auto* begin = static_cast<const uint8_t*>(data);
  static_cast<std::vector<uint8_t>*>(file)->insert(static_cast<std::vector<uint8_t>*>(file)->end(),
                                                   begin, begin + size);
}

template <typename Write>
void decode(benchmark::State& state, Write write) {
  const int width = static_cast<int>(state.range(0)), height = static_cast<int>(state.range(1));
  std::vector<uint8_t> file;
  write(file, width, height, make_picture(width, height));
  for (auto _ : state) benchmark::DoNotOptimize(decode_image(file).pixels.get());
  state.SetBytesProcessed(state.iterations() * int64_t{width} * height * 4);
  state.counters["file_bytes"] = static_cast<double>(file.size());
}

void decode_jpeg(benchmark::State& state) {
  decode(state, [](auto& file, int width, int height, const auto& pixels) {
    stbi_write_jpg_to_func(append, &file, width, height, 3, pixels.data(), 90);
  });
}

void decode_png(benchmark::State& state) {
  decode(state, [](auto& file, int width, int height, const auto& pixels) {
    stbi_write_png_to_func(append, &file, width, height, 3, pixels.data(), width * 3);
  });
}

void decode_bmp(benchmark::State& state) {
  decode(state, [](auto& file, int width, int height, const auto& pixels) {
    stbi_write_bmp_to_func(append, &file, width, height, 3, pixels.data());
  });
}

void picture_size(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"w", "h"})->Args({640, 480})->Unit(benchmark::kMicrosecond);
}

BENCHMARK(decode_jpeg)->Name("decode/jpeg")->Apply(picture_size);
BENCHMARK(decode_png)->Name("decode/png")->Apply(picture_size);
BENCHMARK(decode_bmp)->Name("decode/bmp")->Apply(picture_size);

}  // namespace
}  // namespace teachable
