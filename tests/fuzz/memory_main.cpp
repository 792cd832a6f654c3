// Runs a fuzzer's function under MemorySanitizer, for which there is no libFuzzer: the C++ library
// that libFuzzer uses is not instrumented. Takes libFuzzer's arguments and ignores most of them.
//
//   PROGRAM FOLDER... [-max_total_time=SECONDS] [-seed=N] [-artifact_prefix=PATH]
//
// Runs all files of the folders, and changed copies of them until the time is over. Stores an input
// that fails as <PATH>crash-memory.
#include <dirent.h>
#include <sanitizer/msan_interface.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

using Bytes = std::vector<uint8_t>;

char crash_path[4096] = "crash-memory";
Bytes current;
long run_count = 0;

void store_current() {
  std::FILE* file = std::fopen(crash_path, "wb");
  if (file == nullptr) return;
  std::fwrite(current.data(), 1, current.size(), file);
  std::fclose(file);
  std::fprintf(stderr, "The input is stored as %s\n", crash_path);
}

void run(Bytes input) {
  current = std::move(input);
  LLVMFuzzerTestOneInput(current.data(), current.size());
  ++run_count;
}

void read_folder(const char* folder, std::vector<Bytes>& files) {
  DIR* const directory = opendir(folder);
  if (directory == nullptr) return;
  while (const dirent* entry = readdir(directory)) {
    char path[4096];
    std::snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
    std::FILE* const file = std::fopen(path, "rb");
    if (file == nullptr) continue;
    Bytes bytes(size_t{1} << 16);
    bytes.resize(std::fread(bytes.data(), 1, bytes.size(), file));
    std::fclose(file);
    if (!bytes.empty()) files.push_back(bytes);
  }
  closedir(directory);
}

/// Numbers that repeat for a seed (splitmix64).
uint64_t random_state = 1;
size_t random_below(size_t end) {
  uint64_t z = random_state += 0x9E3779B97F4A7C15;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
  z = (z ^ z >> 27) * 0x94D049BB133111EB;
  return static_cast<size_t>((z ^ z >> 31) % end);
}

Bytes changed(Bytes file) {
  constexpr uint8_t kExtremes[] = {0, 1, 0x7F, 0x80, 0xFE, 0xFF};
  const size_t change_count = 1 + random_below(4);
  for (size_t i = 0; i < change_count && !file.empty(); ++i) {
    const size_t at = random_below(file.size());
    switch (random_below(4)) {
      case 0:
        file[at] = static_cast<uint8_t>(random_below(256));
        break;
      case 1:
        file[at] = kExtremes[random_below(std::size(kExtremes))];
        break;
      case 2:
        file.resize(at);
        break;
      default:
        file[at] ^= static_cast<uint8_t>(1 << random_below(8));
    }
  }
  return file;
}

}  // namespace

int main(int argc, char** argv) {
  double seconds = 0;
  std::vector<Bytes> files;
  for (int i = 1; i < argc; ++i) {
    const char* const argument = argv[i];
    if (argument[0] != '-') read_folder(argument, files);
    std::sscanf(argument, "-max_total_time=%lf", &seconds);
    std::sscanf(argument, "-seed=%lu", &random_state);
    char prefix[4000];
    if (std::sscanf(argument, "-artifact_prefix=%3999s", prefix) == 1) {
      std::snprintf(crash_path, sizeof crash_path, "%scrash-memory", prefix);
    }
  }
  std::fprintf(stderr, "%zu files, seed %lu\n", files.size(), random_state);
  if (files.empty()) return 1;
  __msan_set_death_callback(store_current);
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  for (const Bytes& file : files) run(file);
  while (std::chrono::steady_clock::now() < end) run(changed(files[random_below(files.size())]));
  std::fprintf(stderr, "stat::number_of_executed_units: %ld\n", run_count);
  return 0;
}
