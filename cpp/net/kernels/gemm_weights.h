// Weights of an int8 layer, in the form that the kernels of gemm_kernel.cpp need.
//
// Their instruction adds two neighbouring products of a weight and an input of 0 ... 255 in 16
// bits. That is exact as long as neither the positive nor the negative weights of the two sum up to
// more than 128. Pairs that sum up to more are split: the part that fits in 16 bits stays, and the
// excess is multiplied separately. So the results are exact for all weights. Networks have few such
// pairs, so the excess costs little. The products of two groups are added in 16 bits where even
// their four weights seldom sum up to more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace teachable {

/// Number of output channels in a block. They are computed together, in two halves of 4.
inline constexpr size_t kBlockChannels = 8;
/// Number of input channels in a group. One instruction multiplies a group of each of 4 outputs.
inline constexpr size_t kGroupDepth = 4;

/// Excess of the weights of half a block in one group.
struct ExcessWeights {
  uint32_t group = 0;
  int8_t weights[kBlockChannels / 2 * kGroupDepth] = {};  ///< [channel][depth]
};

/// Data of a block of output channels in addition to its packed weights.
struct BlockExtras {
  int32_t bias[kBlockChannels] = {};
  /// The range [excess[h], excess[h + 1]) is the excess of half h, sorted by group. A group may
  /// occur twice.
  const ExcessWeights* excess[3] = {};
  /// True if 16 bits hold the sums of products of every two groups 2i and 2i + 1, and not just
  /// those of each group. Only true if the number of groups is even.
  bool adds_two_groups = false;
};

/// Extras of a layer, in the order of its blocks.
struct LayerExtras {
  std::vector<BlockExtras> blocks;
  std::vector<ExcessWeights> excess;
};

/// Owner of the extras of a runtime's layers. It must outlive the runtime. While a Scope exists,
/// XNNPACK uses our kernels, and the extras of all layers that this thread packs are stored here.
/// Without a Scope, XNNPACK uses its own kernels.
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
  /// Returns true after memory ran out while a layer was added. XNNPACK calls add_layer() and has
  /// no way to pass the error on.
  bool incomplete() const { return incomplete_; }

  /// Splits the weights of a layer into safe ones and their excess, and writes the address of each
  /// block's extras over its bias. `packed` is `block_count` times: bias [8] int32, weights
  /// [group_count][8 channels][4 deep] int8, `trailing_bytes`.
  void add_layer(std::byte* packed, size_t block_count, size_t group_count, size_t trailing_bytes);

 private:
  static thread_local ExtrasStore* current_;
  std::vector<LayerExtras> layers_;
  bool incomplete_ = false;
};

}  // namespace teachable
