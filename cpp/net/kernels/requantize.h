// Conversion of sums of products to bytes: multiplied by the channel's scale, rounded to nearest
// even, clamped. The result has the same bits as in XNNPACK's kernels, so a network computes the
// same bytes in every build.
#pragma once

#include <wasm_simd128.h>

#include <bit>
#include <cstdint>

#include "xnnpack/microparams.h"

namespace teachable {

class Requantize {
 public:
  explicit Requantize(const xnn_qs8_qc8w_conv_minmax_params& params)
      : lowest_(wasm_i32x4_splat(std::bit_cast<int32_t>(
            kMagic + static_cast<float>(params.fp32_scalar.output_min -
                                        params.fp32_scalar.output_zero_point)))),
        offset_(wasm_i32x4_splat(std::bit_cast<int32_t>(kMagic) -
                                 params.fp32_scalar.output_zero_point)),
        highest_(wasm_i8x16_splat(static_cast<int8_t>(params.fp32_scalar.output_max))),
        magic_(wasm_f32x4_splat(kMagic)) {}

  /// Converts two sums [4] i32, with scales [4] float, to [8] i16.
  v128_t to_i16(v128_t low, v128_t high, v128_t low_scale, v128_t high_scale) const {
    return wasm_i16x8_narrow_i32x4(to_i32(low, low_scale), to_i32(high, high_scale));
  }

  /// Converts two [8] i16 to [16] bytes.
  v128_t to_i8(v128_t low, v128_t high) const {
    return wasm_i8x16_min(wasm_i8x16_narrow_i16x8(low, high), highest_);
  }

 private:
  /// 1.5 * 2^23. The last bit of a float of this size counts ones, so adding it rounds to an
  /// integer. The bits of the sum are those of kMagic plus that integer.
  static constexpr float kMagic = 12582912.0f;

  v128_t to_i32(v128_t sums, v128_t scale) const {
    const v128_t real = wasm_f32x4_mul(wasm_f32x4_convert_i32x4(sums), scale);
    const v128_t rounded = wasm_f32x4_add(real, magic_);
    return wasm_i32x4_sub(wasm_i32x4_max(rounded, lowest_), offset_);
  }

  v128_t lowest_;
  v128_t offset_;
  v128_t highest_;
  v128_t magic_;
};

}  // namespace teachable
