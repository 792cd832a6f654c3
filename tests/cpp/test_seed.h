// Seed of random tests.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <random>

namespace teachable::testing {

/// Returns the environment variable TEACHABLE_SEED, or a random seed if it isn't set. Tests print
/// the seed when they fail.
inline uint32_t test_seed() {
  if (const char* seed = std::getenv("TEACHABLE_SEED")) {
    return static_cast<uint32_t>(std::strtoul(seed, nullptr, 10));
  }
  return std::random_device{}();
}

}  // namespace teachable::testing
