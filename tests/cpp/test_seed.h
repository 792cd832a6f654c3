// Seed for tests with random inputs.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <random>

namespace teachable::testing {

/// Returns the seed in TEACHABLE_SEED, or a random one by default. Tests print it when they fail.
inline uint32_t test_seed() {
  if (const char* seed = std::getenv("TEACHABLE_SEED")) {
    return static_cast<uint32_t>(std::strtoul(seed, nullptr, 10));
  }
  return std::random_device{}();
}

}  // namespace teachable::testing
