// Our packing of weights compared with XNNPACK's, byte by byte.
#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "graph_builder.h"
#include "net/kernels/packing.h"

namespace teachable::testing {
namespace {

struct LayoutCase {
  size_t nr, kr, sr;
};

/// Calls `ours` and `theirs` with many shapes, in all layouts.
template <typename Weight, typename Pack, typename Params>
void expect_same(Pack* ours, Pack* theirs, const Params& params) {
  std::mt19937 random(test_seed());
  for (const auto& [nr, kr, sr] :
       {LayoutCase{4, 2, 4}, {8, 2, 1}, {8, 4, 1}, {8, 8, 1}, {4, 1, 1}, {2, 4, 1}}) {
    for (size_t kc : {1, 4, 8, 12, 16, 24, 40, 64, 1280, 5000}) {
      for (size_t nc : {1, 3, 8, 17, 24}) {
        for (size_t g : {1, 2}) {
          const size_t extra_bytes = nr * sizeof(float);
          const size_t blocks = (nc + nr - 1) / nr;
          const size_t block_bytes =
              nr * (sizeof(int32_t) + (kc + kr * sr - 1) / (kr * sr) * kr * sr) + extra_bytes;
          std::vector<Weight> weights(g * nc * kc);
          // A third of the weights are all lowest, because these give the widest sums.
          const bool is_lowest = random() % 3 == 0;
          for (Weight& weight : weights)
            weight = is_lowest ? static_cast<Weight>(128) : static_cast<Weight>(random());
          std::vector<int32_t> bias(g * nc);
          for (int32_t& each : bias) each = static_cast<int32_t>(random() % 2'000'000) - 1'000'000;
          for (const int32_t* given : std::initializer_list<const int32_t*>{bias.data(), nullptr}) {
            std::vector<std::byte> wanted(g * blocks * block_bytes, std::byte{0x5a});
            std::vector<std::byte> got = wanted;
            theirs(g, nc, kc, nr, kr, sr, weights.data(), given, nullptr, wanted.data(),
                   extra_bytes, &params);
            ours(g, nc, kc, nr, kr, sr, weights.data(), given, nullptr, got.data(), extra_bytes,
                 &params);
            ASSERT_TRUE(got == wanted) << g << " x " << nc << " channels, " << kc << " deep; " << nr
                                       << ", " << kr << ", " << sr;
          }
        }
      }
    }
  }
}

TEST(Packing, OfInt8EqualsXnnpacks) {
  expect_same<int8_t>(pack_qs8_gemm_goi, xnn_pack_qs8_gemm_goi_w, xnn_qs8_packing_params{-128});
  expect_same<int8_t>(pack_qs8_gemm_goi, xnn_pack_qs8_gemm_goi_w, xnn_qs8_packing_params{3});
}

TEST(Packing, OfInt8ForUnsignedInputsEqualsXnnpacks) {
  expect_same<int8_t>(pack_qs8_to_qu8_gemm_goi, xnn_pack_qs8_to_qu8_gemm_goi_w,
                      xnn_qs8_packing_params{-128});
  expect_same<int8_t>(pack_qs8_to_qu8_gemm_goi, xnn_pack_qs8_to_qu8_gemm_goi_w,
                      xnn_qs8_packing_params{127});
}

TEST(Packing, OfUint8EqualsXnnpacks) {
  expect_same<uint8_t>(pack_qu8_gemm_goi, xnn_pack_qu8_gemm_goi_w,
                       xnn_qu8_packing_params{128, 131});
  expect_same<uint8_t>(pack_qu8_gemm_goi, xnn_pack_qu8_gemm_goi_w, xnn_qu8_packing_params{0, 255});
}

}  // namespace
}  // namespace teachable::testing
