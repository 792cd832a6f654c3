#include "net/kernels/packing.h"

#include <cstring>

namespace teachable {
namespace {

using Bytes = uint8_t __attribute__((vector_size(16)));
using Pairs = uint16_t __attribute__((vector_size(16)));
using Fours = uint32_t __attribute__((vector_size(16)));
using Eights = uint64_t __attribute__((vector_size(16)));

template <typename T>
T load(const uint8_t* from) {
  T result;
  std::memcpy(&result, from, sizeof(result));
  return result;
}

template <typename T>
void store(uint8_t* to, T value) {
  std::memcpy(to, &value, sizeof(value));
}

// Each of the following functions packs a block of rows of `depth` bytes.

/// Packs pieces of two bytes. In each round of four pieces, every channel begins one piece later
/// than the channel before.
void pack_4_by_2_turned(const uint8_t* rows, size_t depth, uint8_t* to) {
  for (size_t k = 0; k < depth; k += 8, to += 32, rows += 8) {
    const auto low =
        reinterpret_cast<Pairs>(Eights{load<uint64_t>(rows), load<uint64_t>(rows + depth)});
    const auto high = reinterpret_cast<Pairs>(
        Eights{load<uint64_t>(rows + 2 * depth), load<uint64_t>(rows + 3 * depth)});
    store(to, __builtin_shufflevector(low, high, 0, 5, 10, 15, 1, 6, 11, 12));
    store(to + 16, __builtin_shufflevector(low, high, 2, 7, 8, 13, 3, 4, 9, 14));
  }
}

void pack_8_by_2(const uint8_t* rows, size_t depth, uint8_t* to) {
  size_t k = 0;
  for (; k + 16 <= depth; k += 16, to += 128) {
    // Each round interleaves the first half of the vectors with the second half.
    Pairs row[8];
    for (size_t i = 0; i < 8; ++i) row[i] = load<Pairs>(rows + i * depth + k);
    for (size_t round = 0; round < 3; ++round) {
      Pairs next[8];
      for (size_t i = 0; i < 4; ++i) {
        next[2 * i] = __builtin_shufflevector(row[i], row[i + 4], 0, 8, 1, 9, 2, 10, 3, 11);
        next[2 * i + 1] = __builtin_shufflevector(row[i], row[i + 4], 4, 12, 5, 13, 6, 14, 7, 15);
      }
      std::memcpy(row, next, sizeof(row));
    }
    for (size_t i = 0; i < 8; ++i) store(to + 16 * i, row[i]);
  }
  for (; k < depth; k += 2, to += 16) {
    for (size_t i = 0; i < 8; ++i) store(to + 2 * i, load<uint16_t>(rows + i * depth + k));
  }
}

void pack_8_by_4(const uint8_t* rows, size_t depth, uint8_t* to) {
  for (size_t half = 0; half < 2; ++half, rows += 4 * depth, to += 16) {
    size_t k = 0;
    uint8_t* at = to;
    for (; k + 16 <= depth; k += 16, at += 4 * 32) {
      Fours row[4];
      for (size_t i = 0; i < 4; ++i) row[i] = load<Fours>(rows + i * depth + k);
      const Fours a = __builtin_shufflevector(row[0], row[1], 0, 4, 1, 5);
      const Fours b = __builtin_shufflevector(row[2], row[3], 0, 4, 1, 5);
      const Fours c = __builtin_shufflevector(row[0], row[1], 2, 6, 3, 7);
      const Fours d = __builtin_shufflevector(row[2], row[3], 2, 6, 3, 7);
      store(at, __builtin_shufflevector(a, b, 0, 1, 4, 5));
      store(at + 32, __builtin_shufflevector(a, b, 2, 3, 6, 7));
      store(at + 64, __builtin_shufflevector(c, d, 0, 1, 4, 5));
      store(at + 96, __builtin_shufflevector(c, d, 2, 3, 6, 7));
    }
    for (; k < depth; k += 4, at += 32) {
      for (size_t i = 0; i < 4; ++i) store(at + 4 * i, load<uint32_t>(rows + i * depth + k));
    }
  }
}

void pack_8_by_8(const uint8_t* rows, size_t depth, uint8_t* to) {
  for (size_t k = 0; k < depth; k += 8) {
    for (size_t i = 0; i < 8; ++i, to += 8) store(to, load<uint64_t>(rows + i * depth + k));
  }
}

struct Layout {
  size_t channels, piece, turned;  ///< XNNPACK's nr, kr, sr
  size_t depth_step;               ///< the depth must be a multiple of this
  void (*pack_block)(const uint8_t* rows, size_t depth, uint8_t* to);
};

constexpr Layout kLayouts[] = {
    {4, 2, 4, 8, pack_4_by_2_turned},  // XNNPACK's kernels of plain SIMD
    {8, 2, 1, 2, pack_8_by_2},         // exact_gemm_kernel.cpp
    {8, 4, 1, 4, pack_8_by_4},         // gemm_kernel.cpp
    {8, 8, 1, 8, pack_8_by_8},         // exact dot products
};

/// Returns the sum of `depth` weights. It flips the bits in `flipped` of each weight and reads the
/// result as int8.
uint32_t sum_of(const uint8_t* row, size_t depth, uint8_t flipped) {
  using Signed = int16_t __attribute__((vector_size(16)));
  using Sums = int32_t __attribute__((vector_size(16)));
  constexpr size_t kMaxAtOnce = 127 * sizeof(Bytes);  // 127 sums of two weights fit 16 bits
  Sums sums = {};
  size_t k = 0;
  while (k + sizeof(Bytes) <= depth) {
    Signed pairs = {};
    const size_t end = depth - k < kMaxAtOnce ? depth : k + kMaxAtOnce;
    for (; k + sizeof(Bytes) <= end; k += sizeof(Bytes)) {
      const auto two = reinterpret_cast<Signed>(load<Bytes>(row + k) ^ flipped);
      pairs += ((two << 8) >> 8) + (two >> 8);
    }
    const auto four = reinterpret_cast<Sums>(pairs);
    sums += ((four << 16) >> 16) + (four >> 16);
  }
  int32_t sum = sums[0] + sums[1] + sums[2] + sums[3];
  for (; k < depth; ++k) sum += static_cast<int8_t>(row[k] ^ flipped);
  return static_cast<uint32_t>(sum);
}

/// Weights to pack, in XNNPACK's terms, and the destination `to`.
struct Weights {
  size_t nc, kc, nr, kr, sr;
  const uint8_t* kernel;
  const int32_t* bias;
  uint8_t* to;
  size_t extra_bytes;
};

/// Packs whole blocks and leaves the rest in `w`. Adds `start` - `input_zero` * sum_of() to each
/// bias, for the weights of its channel.
void pack_blocks(Weights& w, uint8_t flipped, uint32_t start, uint32_t input_zero) {
  for (const Layout& layout : kLayouts) {
    if (w.nr != layout.channels || w.kr != layout.piece || w.sr != layout.turned ||
        w.kc % layout.depth_step != 0)
      continue;
    for (; w.nc >= w.nr; w.nc -= w.nr) {
      for (size_t i = 0; i < w.nr; ++i) {
        const uint32_t own = w.bias == nullptr ? 0 : static_cast<uint32_t>(w.bias[i]);
        store(w.to + i * sizeof(own),
              own + start - input_zero * sum_of(w.kernel + i * w.kc, w.kc, flipped));
      }
      w.to += w.nr * sizeof(*w.bias);
      layout.pack_block(w.kernel, w.kc, w.to);
      w.to += w.nr * w.kc + w.extra_bytes;
      w.kernel += w.nr * w.kc;
      if (w.bias != nullptr) w.bias += w.nr;
    }
  }
}

void pack_signed(decltype(xnn_pack_qs8_gemm_goi_w)* pack_rest, int32_t input_zero, size_t g,
                 size_t nc, size_t kc, size_t nr, size_t kr, size_t sr, const int8_t* kernel,
                 const int32_t* bias, const float* scale, void* packed, size_t extra_bytes,
                 const xnn_qs8_packing_params* params) {
  Weights w = {nc,         kc,
               nr,         kr,
               sr,         reinterpret_cast<const uint8_t*>(kernel),
               bias,       static_cast<uint8_t*>(packed),
               extra_bytes};
  if (g == 1) pack_blocks(w, 0, 0, static_cast<uint32_t>(input_zero));
  if (w.nc > 0) {
    pack_rest(g, w.nc, kc, nr, kr, sr, reinterpret_cast<const int8_t*>(w.kernel), w.bias, scale,
              w.to, extra_bytes, params);
  }
}

}  // namespace

void pack_qs8_gemm_goi(size_t g, size_t nc, size_t kc, size_t nr, size_t kr, size_t sr,
                       const int8_t* kernel, const int32_t* bias, const float* scale, void* packed,
                       size_t extra_bytes, const xnn_qs8_packing_params* params) {
  pack_signed(xnn_pack_qs8_gemm_goi_w, params->input_zero_point, g, nc, kc, nr, kr, sr, kernel,
              bias, scale, packed, extra_bytes, params);
}

void pack_qs8_to_qu8_gemm_goi(size_t g, size_t nc, size_t kc, size_t nr, size_t kr, size_t sr,
                              const int8_t* kernel, const int32_t* bias, const float* scale,
                              void* packed, size_t extra_bytes,
                              const xnn_qs8_packing_params* params) {
  pack_signed(xnn_pack_qs8_to_qu8_gemm_goi_w, params->input_zero_point + 128, g, nc, kc, nr, kr, sr,
              kernel, bias, scale, packed, extra_bytes, params);
}

void pack_qu8_gemm_goi(size_t g, size_t nc, size_t kc, size_t nr, size_t kr, size_t sr,
                       const uint8_t* kernel, const int32_t* bias, const void* scale, void* packed,
                       size_t extra_bytes, const xnn_qu8_packing_params* params) {
  Weights w = {nc, kc, nr, kr, sr, kernel, bias, static_cast<uint8_t*>(packed), extra_bytes};
  const uint32_t input_zero = params->input_zero_point;
  // A uint8 weight minus 128 is the weight with its highest bit flipped, read as int8.
  const uint32_t start =
      static_cast<uint32_t>(kc) * input_zero * (uint32_t{params->kernel_zero_point} - 128);
  if (g == 1) pack_blocks(w, 0x80, start, input_zero);
  if (w.nc > 0)
    xnn_pack_qu8_gemm_goi_w(g, w.nc, kc, nr, kr, sr, w.kernel, w.bias, scale, w.to, extra_bytes,
                            params);
}

}  // namespace teachable
