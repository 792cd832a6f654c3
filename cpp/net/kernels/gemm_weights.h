// The weights of a layer of int8, as the kernels of gemm_kernel.cpp want them.
//
// Their instruction adds two neighbouring products, weight * input with inputs of 0 ... 255, in 16
// bits. That is exact as long as neither the positive nor the negative weights of the two sum up to
// more than 128. Pairs that do are split: what 16 bits hold stays, the excess comes in addition. So
// results are exact for all weights, and networks, few of whose pairs are so wide, hardly pay for
// it. Where even the pairs of two groups seldom sum up to more, the two are added in 16 bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace teachable {

inline constexpr size_t kBlockChannels =
    8;  ///< output channels that are computed at once, in halves of 4
inline constexpr size_t kGroupDepth = 4;  ///< input channels that one instruction takes of each

/// Excess weights of half a block in one group.
struct ExcessWeights {
  uint32_t group = 0;
  int8_t weights[kBlockChannels / 2 * kGroupDepth] = {};  ///< [channel][depth]
};

/// What a block of output channels has besides its packed weights.
struct BlockExtras {
  int32_t bias[kBlockChannels] = {};
  /// [excess[h], excess[h + 1]) is the excess of half h, by group; a group may come twice.
  const ExcessWeights* excess[3] = {};
  /// Whether 16 bits hold the products of every two groups that begin with an even one, and not
  /// just those of each. Only where the number of groups is even.
  bool adds_two_groups = false;
};

/// A layer's, in the order of its blocks.
struct LayerExtras {
  std::vector<BlockExtras> blocks;
  std::vector<ExcessWeights> excess;
};

/// Owns the extras of a runtime's layers, and must outlive the runtime. XNNPACK knows nothing of
/// it: while a Scope lives, what this thread packs is stored there; without one, XNNPACK's own
/// kernels are taken.
class ExtrasStore {
 public:
  class Scope {
   public:
    explicit Scope(ExtrasStore& store) : outer_(current_) { current_ = &store; }
    ~Scope() { current_ = outer_; }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    ExtrasStore* outer_;
  };

  static ExtrasStore* current() { return current_; }

  size_t layer_count() const { return layers_.size(); }
  /// True when memory didn't suffice for a layer: XNNPACK, through which the call comes, can't be
  /// told.
  bool incomplete() const { return incomplete_; }

  /// `packed` is `block_count` times: bias [8] int32, weights [group_count][8 channels][4 deep]
  /// int8, `trailing_bytes`. Makes the weights safe, and puts the address of the block's extras
  /// where its bias was.
  void add_layer(std::byte* packed, size_t block_count, size_t group_count, size_t trailing_bytes);

 private:
  static thread_local ExtrasStore* current_;
  std::vector<LayerExtras> layers_;
  bool incomplete_ = false;
};

}  // namespace teachable
