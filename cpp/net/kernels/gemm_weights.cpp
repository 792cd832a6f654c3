#include "net/kernels/gemm_weights.h"

#include <cstdlib>
#include <cstring>
#include <new>

namespace teachable {
namespace {

/// 255 * 128 and -255 * 128 fit in 16 bits.
constexpr int kWidestPair = 128;

/// Takes from the wider of the two what they have too much. Returns what it took from each.
struct PairExcess {
  int first = 0;
  int second = 0;
};
PairExcess narrow(int8_t& first, int8_t& second) {
  const int sum = first + second;
  if ((first < 0) != (second < 0) || std::abs(sum) <= kWidestPair) return {};
  const int excess = sum > 0 ? sum - kWidestPair : sum + kWidestPair;
  if (std::abs(first) > std::abs(second)) {
    first = static_cast<int8_t>(first - excess);
    return {excess, 0};
  }
  second = static_cast<int8_t>(second - excess);
  return {0, excess};
}

/// Of half a block in one group; true if there was any.
bool split(int8_t* weights, ExcessWeights& excess) {
  bool any = false;
  for (size_t i = 0; i < std::size(excess.weights); i += 2) {
    const PairExcess taken = narrow(weights[i], weights[i + 1]);
    excess.weights[i] = static_cast<int8_t>(taken.first);
    excess.weights[i + 1] = static_cast<int8_t>(taken.second);
    any = any || taken.first != 0 || taken.second != 0;
  }
  return any;
}

LayerExtras split_layer(std::byte* packed, size_t block_count, size_t group_count, size_t trailing_bytes) {
  constexpr size_t kHalf = kBlockChannels / 2 * kGroupDepth;
  LayerExtras layer;
  layer.blocks.resize(block_count);
  std::vector<size_t> starts;  // of each half, as addresses move while the excess grows
  std::byte* at = packed;
  for (BlockExtras& block : layer.blocks) {
    std::memcpy(block.bias, at, sizeof(block.bias));
    auto* weights = reinterpret_cast<int8_t*>(at + sizeof(block.bias));
    for (size_t half = 0; half < 2; ++half) {
      starts.push_back(layer.excess.size());
      for (size_t group = 0; group < group_count; ++group) {
        ExcessWeights excess{static_cast<uint32_t>(group)};
        if (split(weights + (2 * group + half) * kHalf, excess)) layer.excess.push_back(excess);
      }
    }
    at += sizeof(block.bias) + 2 * kHalf * group_count + trailing_bytes;
  }
  starts.push_back(layer.excess.size());
  at = packed;
  for (size_t i = 0; i < block_count; ++i) {
    BlockExtras* block = &layer.blocks[i];
    for (size_t j = 0; j < 3; ++j) block->excess[j] = layer.excess.data() + starts[2 * i + j];
    std::memcpy(at, &block, sizeof(block));
    at += sizeof(block->bias) + 2 * kHalf * group_count + trailing_bytes;
  }
  return layer;
}

}  // namespace

thread_local ExtrasStore* ExtrasStore::current_ = nullptr;

void ExtrasStore::add_layer(std::byte* packed, size_t block_count, size_t group_count, size_t trailing_bytes) {
  try {
    layers_.push_back(split_layer(packed, block_count, group_count, trailing_bytes));
  } catch (const std::bad_alloc&) {
    incomplete_ = true;
  }
}

}  // namespace teachable
