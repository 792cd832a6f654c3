#include "net/kernels/gemm_weights.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <span>

namespace teachable {
namespace {

/// 255 * 128 and -255 * 128 fit in 16 bits.
constexpr int kWidestSum = 128;

/// Weights of half a block in one group.
constexpr size_t kHalf = kBlockChannels / 2 * kGroupDepth;

/// What an excess costs in time, counted in groups that are added to another.
constexpr size_t kExcessCost = 6;

/// Moves from `weights` to `excess`, the widest first, until neither the positive ones nor the
/// negative ones sum up to too much.
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

/// A block's weights [group][2 halves][kHalf], narrowed, and what that took from each half.
struct Split {
  std::vector<int8_t> weights;
  std::vector<ExcessWeights> excess[2];

  size_t excess_count() const { return excess[0].size() + excess[1].size(); }
};

/// Whether there is anything to narrow in `count` groups of half a block, `stride` bytes apart. A
/// network has millions of weights, and nearly all are narrow.
bool any_too_wide(const int8_t* weights, size_t stride, size_t count) {
  using Pairs = int16_t __attribute__((vector_size(kHalf)));
  Pairs up = {};
  Pairs down = {};
  for (size_t i = 0; i < count; ++i) {
    Pairs pairs;
    std::memcpy(&pairs, weights + i * stride, sizeof(pairs));
    for (const Pairs each : {(pairs << 8) >> 8, pairs >> 8}) {
      up += (each > 0) & each;
      down += (each < 0) & each;
    }
  }
  return __builtin_reduce_or((up > kWidestSum) | (down < -kWidestSum)) != 0;
}

/// Narrows `count` <= 2 groups, `stride` bytes apart, that are added in 16 bits; `excess` [count]
/// takes what is too much. False when nothing was.
bool narrow_groups(int8_t* weights, size_t stride, size_t count, ExcessWeights* excess) {
  if (!any_too_wide(weights, stride, count)) return false;
  int8_t* from[4];
  int8_t* to[4];
  for (size_t pair = 0; pair < kHalf; pair += 2) {
    for (size_t i = 0; i < 2 * count; ++i) {
      from[i] = weights + i / 2 * stride + pair + i % 2;
      to[i] = excess[i / 2].weights + pair + i % 2;
    }
    narrow({from, 2 * count}, {to, 2 * count});
  }
  return true;
}

Split split(std::span<const int8_t> weights, size_t groups_at_once) {
  Split result{{weights.begin(), weights.end()}, {}};
  const size_t group_count = weights.size() / (2 * kHalf);
  for (size_t half = 0; half < 2; ++half) {
    for (size_t group = 0; group < group_count; group += groups_at_once) {
      const size_t count = std::min(groups_at_once, group_count - group);
      ExcessWeights taken[2] = {{static_cast<uint32_t>(group)}, {static_cast<uint32_t>(group + 1)}};
      if (!narrow_groups(result.weights.data() + (2 * group + half) * kHalf, 2 * kHalf, count,
                         taken))
        continue;
      for (size_t i = 0; i < count; ++i) {
        // What was taken from two groups may be too wide for one.
        const auto holds_any = [](const ExcessWeights& e) {
          return std::ranges::any_of(e.weights, [](int8_t w) { return w != 0; });
        };
        if (!holds_any(taken[i])) continue;
        ExcessWeights rest{taken[i].group};
        const bool was_too_wide = narrow_groups(taken[i].weights, 0, 1, &rest);
        result.excess[half].push_back(taken[i]);
        if (was_too_wide) result.excess[half].push_back(rest);
      }
    }
  }
  return result;
}

LayerExtras split_layer(std::byte* packed, size_t block_count, size_t group_count,
                        size_t trailing_bytes) {
  LayerExtras layer;
  layer.blocks.resize(block_count);
  const size_t weight_bytes = 2 * kHalf * group_count;
  const size_t stride = sizeof(BlockExtras::bias) + weight_bytes + trailing_bytes;
  std::vector<size_t> starts;  // of each half's excess, whose addresses change while it grows
  for (size_t i = 0; i < block_count; ++i) {
    BlockExtras& block = layer.blocks[i];
    std::byte* const bias = packed + i * stride;
    std::memcpy(block.bias, bias, sizeof(block.bias));
    auto* weights = reinterpret_cast<int8_t*>(bias + sizeof(block.bias));
    Split best = split({weights, weight_bytes}, 1);
    // Where there is much already, there would be too much.
    if (group_count % 2 == 0 && best.excess_count() * kExcessCost <= group_count) {
      Split by_two = split({weights, weight_bytes}, 2);
      block.adds_two_groups =
          by_two.excess_count() * kExcessCost <= best.excess_count() * kExcessCost + group_count;
      if (block.adds_two_groups) best = std::move(by_two);
    }
    std::ranges::copy(best.weights, weights);
    for (const auto& excess : best.excess) {
      starts.push_back(layer.excess.size());
      layer.excess.insert(layer.excess.end(), excess.begin(), excess.end());
    }
  }
  starts.push_back(layer.excess.size());
  for (size_t i = 0; i < block_count; ++i) {
    const BlockExtras* const block = &layer.blocks[i];
    for (size_t j = 0; j < 3; ++j)
      layer.blocks[i].excess[j] = layer.excess.data() + starts[2 * i + j];
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
