#include "full_networks.h"

#include <algorithm>
#include <span>
#include <utility>

namespace teachable::testing {
namespace {

constexpr int64_t kSide = 224;
constexpr int64_t kClasses = 1001;

/// One bottleneck block of MobileNet v3.
struct Block {
  uint32_t window;
  int64_t expanded, channels;
  bool has_excite, has_hard_swish;
  uint32_t stride;
};

constexpr Block kLarge[] = {
    {3, 16, 16, false, false, 1}, {3, 64, 24, false, false, 2}, {3, 72, 24, false, false, 1},
    {5, 72, 40, true, false, 2},  {5, 120, 40, true, false, 1}, {5, 120, 40, true, false, 1},
    {3, 240, 80, false, true, 2}, {3, 200, 80, false, true, 1}, {3, 184, 80, false, true, 1},
    {3, 184, 80, false, true, 1}, {3, 480, 112, true, true, 1}, {3, 672, 112, true, true, 1},
    {5, 672, 160, true, true, 2}, {5, 960, 160, true, true, 1}, {5, 960, 160, true, true, 1}};

constexpr Block kSmall[] = {
    {3, 16, 16, true, false, 2}, {3, 72, 24, false, false, 2}, {3, 88, 24, false, false, 1},
    {5, 96, 40, true, true, 2},  {5, 240, 40, true, true, 1},  {5, 240, 40, true, true, 1},
    {5, 120, 48, true, true, 1}, {5, 144, 48, true, true, 1},  {5, 288, 96, true, true, 2},
    {5, 576, 96, true, true, 1}, {5, 576, 96, true, true, 1}};

TensorId same_conv(GraphBuilder& b, TensorId in, int64_t channels, uint32_t window, uint32_t stride,
                   Activation activation = {}) {
  const Extent2d kernel{window, window};
  return b.conv(in, channels, {kernel, {stride, stride}, {}, b.same(in, kernel, {stride, stride})},
                activation);
}

TensorId same_depthwise(GraphBuilder& b, TensorId in, uint32_t window, uint32_t stride,
                        Activation activation = {}) {
  const Extent2d kernel{window, window};
  return b.depthwise(in, 1, {kernel, {stride, stride}, {}, b.same(in, kernel, {stride, stride})},
                     activation);
}

FullNetwork with_classifier(GraphBuilder& b, TensorId embedding) {
  return {embedding, b.softmax(b.reshape(b.conv(embedding, kClasses, {}), {1, kClasses}))};
}

int64_t divisible_by_8(int64_t channels) { return std::max<int64_t>(8, (channels + 4) / 8 * 8); }

FullNetwork mobilenet_v3(GraphBuilder& b, std::span<const Block> blocks, int64_t last,
                         int64_t hidden) {
  TensorId t = b.hard_swish(same_conv(b, b.input(kSide, kSide, 3), 16, 3, 2));
  int64_t channels = 16;
  for (const Block& block : blocks) {
    const Activation relu = block.has_hard_swish ? Activation::none() : Activation::relu();
    const auto activated = [&](TensorId id) {
      return block.has_hard_swish ? b.hard_swish(id) : id;
    };
    const TensorId before = t;
    if (block.expanded != channels) t = activated(b.conv(t, block.expanded, {}, relu));
    t = activated(same_depthwise(b, t, block.window, block.stride, relu));
    if (block.has_excite) t = b.squeeze_and_excite(t, divisible_by_8(block.expanded / 4));
    t = b.conv(t, block.channels, {});
    if (block.stride == 1 && block.channels == channels) t = b.add(t, before);
    channels = block.channels;
  }
  t = b.global_average_pool(b.hard_swish(b.conv(t, last, {})), true);
  return with_classifier(b, b.hard_swish(b.conv(t, hidden, {})));
}

}  // namespace

FullNetwork mobilenet_v1(GraphBuilder& b) {
  constexpr std::pair<uint32_t, int64_t> kBlocks[] = {
      {1, 64},  {2, 128}, {1, 128}, {2, 256}, {1, 256},  {2, 512}, {1, 512},
      {1, 512}, {1, 512}, {1, 512}, {1, 512}, {2, 1024}, {1, 1024}};
  TensorId t = same_conv(b, b.input(kSide, kSide, 3), 32, 3, 2, Activation::relu6());
  for (const auto& [stride, channels] : kBlocks) {
    t = b.conv(same_depthwise(b, t, 3, stride, Activation::relu6()), channels, {},
               Activation::relu6());
  }
  return with_classifier(b, b.average_pool(t, {{7, 7}, {2, 2}, {}, {}}));
}

FullNetwork mobilenet_v3_large(GraphBuilder& b) { return mobilenet_v3(b, kLarge, 960, 1280); }
FullNetwork mobilenet_v3_small(GraphBuilder& b) { return mobilenet_v3(b, kSmall, 576, 1024); }

}  // namespace teachable::testing
