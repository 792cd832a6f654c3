// Multiply-adds a second that instructions reach when their operands stay in registers: what a
// kernel could reach at best.
#pragma once

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

namespace teachable {

/// An instruction or a pair of instructions, and its rate on one thread.
struct Peak {
  std::string name;      ///< instructions, such as "f32x4.mul + f32x4.add"
  bool is_integer;       ///< true for integers, false for floats
  double multiply_adds;  ///< multiply-adds per second
};

/// Measures what every build can run. Native builds have no such instructions and return none.
std::vector<Peak> simd_peaks();
/// Measures relaxed SIMD. Builds without it return none.
std::vector<Peak> relaxed_peaks();

/// Number of independent chains. It covers the latency of the instructions.
inline constexpr int kChains = 12;
inline constexpr int kSteps = 4096;

/// Measures a function that takes kSteps steps in each of kChains chains. The fastest of many calls
/// counts, because engines first run code that is not optimized.
template <typename Run>
double multiply_adds_per_second(int per_instruction, Run run) {
  using Clock = std::chrono::steady_clock;
  constexpr int kCalls = 50, kTries = 60;
  double fastest = 1e9;
  for (int i = 0; i < kTries; ++i) {
    const auto start = Clock::now();
    for (int call = 0; call < kCalls; ++call) run();
    fastest =
        std::min(fastest, std::chrono::duration<double>(Clock::now() - start).count() / kCalls);
  }
  return static_cast<double>(per_instruction) * kChains * kSteps / fastest;
}

}  // namespace teachable
