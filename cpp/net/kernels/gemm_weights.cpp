#include "net/kernels/gemm_weights.h"

#ifdef __wasm_simd128__
#include <wasm_simd128.h>
#endif

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <span>

namespace teachable {
namespace {

/// Maximum sum of the weights of a pair, because 255 * 128 and -255 * 128 fit in 16 bits.
constexpr int kWidestSum = 128;

/// Number of weights of half a block in one group.
constexpr size_t kHalf = kBlockChannels / 2 * kGroupDepth;

/// Number of weights from one group to the next.
constexpr size_t kGroupStride = 2 * kHalf;

/// Time that one ExcessWeights costs. The unit is the time per group that adding two groups at once
/// saves.
constexpr size_t kExcessCost = 6;

// A network has millions of weights, and the user waits while this code runs. It therefore handles
// the weights of half a block in one group at a time.

/// Weights of half a block in one group, with neighbours in the lower and the upper byte.
using Pairs = int16_t __attribute__((vector_size(kHalf)));

Pairs load(const int8_t* weights) {
  Pairs pairs;
  std::memcpy(&pairs, weights, sizeof(pairs));
  return pairs;
}

void store(int8_t* weights, Pairs pairs) { std::memcpy(weights, &pairs, sizeof(pairs)); }

Pairs lower(Pairs pairs) { return (pairs << 8) >> 8; }
Pairs upper(Pairs pairs) { return pairs >> 8; }
Pairs join(Pairs lower, Pairs upper) { return (lower & 255) | (upper << 8); }

Pairs sums(Pairs pairs) {
#ifdef __wasm_simd128__
  return reinterpret_cast<Pairs>(wasm_i16x8_extadd_pairwise_i8x16(reinterpret_cast<v128_t>(pairs)));
#else
  return lower(pairs) + upper(pairs);
#endif
}

bool any(Pairs mask) {
  using Words = uint64_t __attribute__((vector_size(kHalf)));
  const auto words = reinterpret_cast<Words>(mask);
  return (words[0] | words[1]) != 0;
}

/// Returns a mask of the pairs whose sum is too large. The two weights of such a pair have the same
/// sign.
Pairs too_wide(Pairs pair_sums) { return __builtin_elementwise_abs(pair_sums) > kWidestSum; }

/// Narrows the weights of half a block in `group_count` groups, kGroupStride apart. Handles each
/// group alone and appends its excess to `excess`.
void narrow_groups(int8_t* weights, size_t group_count, std::vector<ExcessWeights>& excess) {
  for (size_t group = 0; group < group_count; ++group, weights += kGroupStride) {
    const Pairs pairs = load(weights);
    const Pairs sum = sums(pairs);
    if (!any(too_wide(sum))) continue;
    const Pairs over =
        sum - __builtin_elementwise_min(__builtin_elementwise_max(sum, Pairs{} - kWidestSum),
                                        Pairs{} + kWidestSum);
    const Pairs of_upper =
        over & (__builtin_elementwise_abs(upper(pairs)) > __builtin_elementwise_abs(lower(pairs)));
    const Pairs of_lower = over - of_upper;
    store(weights, join(lower(pairs) - of_lower, upper(pairs) - of_upper));
    store(excess.emplace_back(static_cast<uint32_t>(group)).weights, join(of_lower, of_upper));
  }
}

/// Narrows `weights`, which are two weights of each of two groups. Begins with the widest, and ends
/// when neither the positive nor the negative weights sum up to too much. Adds the parts that it
/// takes away to `excess`.
void narrow(std::span<int8_t* const> weights, std::span<int8_t* const> excess) {
  for (const int sign : {1, -1}) {
    int sum = 0;
    for (const int8_t* weight : weights) sum += std::max(sign * *weight, 0);
    while (sum > kWidestSum) {
      size_t widest = 0;
      for (size_t i = 1; i < weights.size(); ++i) {
        if (sign * *weights[i] > sign * *weights[widest]) widest = i;
      }
      const int taken = std::min(sum - kWidestSum, sign * *weights[widest]);
      *weights[widest] = static_cast<int8_t>(*weights[widest] - sign * taken);
      *excess[widest] = static_cast<int8_t>(*excess[widest] + sign * taken);
      sum -= taken;
    }
  }
}

/// Does what narrow_groups() does for every two groups together. `group_count` must be even.
void narrow_two_groups(int8_t* weights, size_t group_count, std::vector<ExcessWeights>& excess) {
  for (size_t group = 0; group < group_count; group += 2, weights += 2 * kGroupStride) {
    const Pairs here = load(weights);
    const Pairs there = load(weights + kGroupStride);
    Pairs up = {};
    for (const Pairs each : {lower(here), upper(here), lower(there), upper(there)}) {
      up += __builtin_elementwise_max(each, Pairs{});
    }
    const Pairs down = up - sums(here) - sums(there);
    const Pairs wide = __builtin_elementwise_max(up, down) > kWidestSum;
    if (!any(wide)) continue;
    ExcessWeights taken[2] = {{static_cast<uint32_t>(group)}, {static_cast<uint32_t>(group + 1)}};
    for (size_t pair = 0; pair < kHalf / 2; ++pair) {
      if (wide[pair] == 0) continue;
      int8_t* from[4];
      int8_t* to[4];
      for (size_t i = 0; i < 4; ++i) {
        from[i] = weights + i / 2 * kGroupStride + 2 * pair + i % 2;
        to[i] = taken[i / 2].weights + 2 * pair + i % 2;
      }
      narrow(from, to);
    }
    for (ExcessWeights& each : taken) {
      if (!any(load(each.weights) != 0)) continue;
      // The excess of two groups may itself be too wide for one group.
      std::vector<ExcessWeights> rest;
      narrow_groups(each.weights, 1, rest);
      excess.push_back(each);
      for (ExcessWeights& more : rest) {
        more.group = each.group;
        excess.push_back(more);
      }
    }
  }
}

/// Weights of a block [group][2 halves][kHalf] that are narrowed in place.
class Block {
 public:
  Block(int8_t* weights, size_t group_count, std::vector<ExcessWeights>& excess)
      : weights_(weights), group_count_(group_count), excess_(excess) {}

  using Narrow = void (*)(int8_t* weights, size_t group_count, std::vector<ExcessWeights>& excess);
  /// The excess of half h is [halves[h], halves[h + 1]) in `excess`.
  using Halves = std::array<size_t, 3>;

  Halves narrow(Narrow narrow) {
    Halves halves = {excess_.size()};
    for (size_t half = 0; half < 2; ++half) {
      narrow(weights_ + half * kHalf, group_count_, excess_);
      halves[half + 1] = excess_.size();
    }
    return halves;
  }

  /// Adds the excess back to its weights. With `sign` -1, takes it away again.
  void give_back(const Halves& halves, int16_t sign = 1) {
    for (size_t half = 0; half < 2; ++half) {
      for (size_t i = halves[half]; i < halves[half + 1]; ++i) {
        int8_t* const to = weights_ + excess_[i].group * kGroupStride + half * kHalf;
        const Pairs taken = load(excess_[i].weights);
        store(to,
              join(lower(load(to)) + sign * lower(taken), upper(load(to)) + sign * upper(taken)));
      }
    }
  }

 private:
  int8_t* weights_;
  size_t group_count_;
  std::vector<ExcessWeights>& excess_;
};

LayerExtras split_layer(std::byte* packed, size_t block_count, size_t group_count,
                        size_t trailing_bytes) {
  LayerExtras layer;
  layer.blocks.resize(block_count);
  const size_t stride = sizeof(BlockExtras::bias) + kGroupStride * group_count + trailing_bytes;
  // These are indices, because addresses change while the excess grows.
  std::vector<Block::Halves> places;
  for (size_t i = 0; i < block_count; ++i) {
    BlockExtras& extras = layer.blocks[i];
    std::byte* const bias = packed + i * stride;
    std::memcpy(extras.bias, bias, sizeof(extras.bias));
    Block block(reinterpret_cast<int8_t*>(bias + sizeof(extras.bias)), group_count, layer.excess);
    Block::Halves best = block.narrow(narrow_groups);
    const auto cost = [](const Block::Halves& halves) {
      return (halves[2] - halves[0]) * kExcessCost;
    };
    // If single groups already have much excess, pairs of groups would have too much.
    if (group_count % 2 == 0 && cost(best) <= group_count) {
      block.give_back(best);
      Block::Halves by_two = block.narrow(narrow_two_groups);
      extras.adds_two_groups = cost(by_two) <= cost(best) + group_count;
      if (extras.adds_two_groups) {
        const auto begin = layer.excess.begin();
        const size_t count = best[2] - best[0];
        layer.excess.erase(begin + static_cast<std::ptrdiff_t>(best[0]),
                           begin + static_cast<std::ptrdiff_t>(best[2]));
        for (size_t& each : by_two) each -= count;
        best = by_two;
      } else {
        block.give_back(by_two);
        layer.excess.resize(best[2]);
        block.give_back(best, -1);
      }
    }
    places.push_back(best);
  }
  for (size_t i = 0; i < block_count; ++i) {
    const BlockExtras* const block = &layer.blocks[i];
    for (size_t j = 0; j < 3; ++j) layer.blocks[i].excess[j] = layer.excess.data() + places[i][j];
    std::memcpy(packed + i * stride, &block, sizeof(block));
  }
  return layer;
}

}  // namespace

thread_local ExtrasStore* ExtrasStore::current_ = nullptr;

void ExtrasStore::add_layer(std::byte* packed, size_t block_count, size_t group_count,
                            size_t trailing_bytes) {
  try {
    layers_.push_back(split_layer(packed, block_count, group_count, trailing_bytes));
  } catch (const std::bad_alloc&) {
    incomplete_ = true;
  }
}

}  // namespace teachable
