// Runs in the page. Tells how this processor computes the integer dot product of relaxed SIMD, on which the fastest kernels depend.

// (module (func (export "f") (result i32)
//   v128.const of 16 bytes 127, v128.const of 16 bytes -1, v128.const of zeros
//   i32x4.relaxed_dot_i8x16_i7x16_add_s, i32x4.extract_lane 0))
const constant = (byte) => [0xfd, 0x0c, ...new Array(16).fill(byte)];
const body = [0, ...constant(127), ...constant(255), ...constant(0), 0xfd, 0x93, 0x02, 0xfd, 0x1b, 0, 0x0b];
const probe = [
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...[1, 5, 1, 0x60, 0, 1, 0x7f],
  ...[3, 2, 1, 0],
  ...[7, 5, 1, 1, 0x66, 0, 0],
  ...[10, body.length + 2, 1, body.length, ...body],
];

/** @returns {string} 'saturating' on x86 without VNNI, 'unsigned' with VNNI, 'signed' as on ARM, 'none' without relaxed SIMD */
export async function dotProduct() {
  const bytes = Uint8Array.from(probe);
  if (!WebAssembly.validate(bytes)) return 'none';
  const { instance } = await WebAssembly.instantiate(bytes);
  const sum = instance.exports.f();
  return { [2 * 32767]: 'saturating', [4 * 127 * 255]: 'unsigned', [4 * 127 * -1]: 'signed' }[sum] ?? String(sum);
}
