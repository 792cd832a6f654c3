// Runs the entry point of the fuzzer on damaged files, for a bounded time and in every build.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "knn/dataset_file.h"
#include "test_seed.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace teachable {
namespace {

std::vector<uint8_t> seed_file(Storage storage) {
  Knn knn(storage);
  for (int i = 0; i < 5; ++i) {
    knn.add(std::vector<float>{1, static_cast<float>(i)}, std::to_string(i % 2));
  }
  knn.remove(2);
  DatasetWriter writer(knn, {"m", "00", "p"});
  std::vector<uint8_t> file{1};
  const auto append = [&](const std::vector<std::byte>& piece) {
    for (std::byte each : piece) file.push_back(static_cast<uint8_t>(each));
  };
  for (auto piece = writer.next(); !piece.empty(); piece = writer.next()) append(piece);
  append(writer.thumbnail(3, 4, std::vector<std::byte>(4)));
  append(writer.finish());
  return file;
}

TEST(DatasetFuzz, HandlesDamagedFilesWithValidChecksums) {
  const uint32_t seed = testing::test_seed();
  SCOPED_TRACE("TEACHABLE_SEED=" + std::to_string(seed));
  std::mt19937 random(seed);
  const std::vector<std::vector<uint8_t>> seeds = {seed_file(Storage::F32), seed_file(Storage::I16),
                                                   seed_file(Storage::I8)};
  for (const std::vector<uint8_t>& file : seeds) {
    // Changes each byte in turn, then several at random.
    for (size_t i = 1; i < file.size(); ++i) {
      for (int value : {0, 1, 0x7F, 0x80, 0xFF}) {
        std::vector<uint8_t> damaged = file;
        damaged[i] = static_cast<uint8_t>(value);
        LLVMFuzzerTestOneInput(damaged.data(), damaged.size());
      }
    }
    for (int round = 0; round < 3000; ++round) {
      std::vector<uint8_t> damaged = file;
      damaged[0] = static_cast<uint8_t>(random());
      for (size_t changes = 1 + random() % 4; changes-- > 0;) {
        const size_t at = 1 + random() % (damaged.size() - 1);
        switch (random() % 4) {
          case 0:
            damaged[at] = static_cast<uint8_t>(random());
            break;
          case 1:
            damaged[at] ^= static_cast<uint8_t>(1 << random() % 8);
            break;
          case 2:
            damaged.erase(damaged.begin() + static_cast<std::ptrdiff_t>(at));
            break;
          default:
            damaged.insert(damaged.begin() + static_cast<std::ptrdiff_t>(at), 0);
            break;
        }
      }
      LLVMFuzzerTestOneInput(damaged.data(), damaged.size());
    }
  }
}

}  // namespace
}  // namespace teachable
