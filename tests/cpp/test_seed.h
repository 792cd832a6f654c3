// The seed of a random test.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <random>

namespace teachable::testing {

/// TEACHABLE_SEED when set, else a fresh one. Tests print it when they fail.
inline uint32_t test_seed() {
  if (const char* seed = std::getenv("TEACHABLE_SEED")) {
    return static_cast<uint32_t>(std::strtoul(seed, nullptr, 10));
  }
  return std::random_device{}();
}

}  // namespace teachable::testing
