// The seed of random tests.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string_view>

namespace teachable::testing {

/// Returns the seed of random tests, the same for the whole program. It is 1 unless the environment
/// variable TEACHABLE_SEED holds another number, or `random` for a new one, which is printed.
inline uint32_t test_seed() {
  static const uint32_t chosen = [] {
    const char* text = std::getenv("TEACHABLE_SEED");
    if (text == nullptr || *text == '\0') return uint32_t{1};
    if (std::string_view(text) != "random") {
      return static_cast<uint32_t>(std::strtoul(text, nullptr, 10));
    }
    const uint32_t seed = std::random_device{}();
    std::fprintf(stderr, "TEACHABLE_SEED=%u\n", static_cast<unsigned>(seed));
    return seed;
  }();
  return chosen;
}

}  // namespace teachable::testing
