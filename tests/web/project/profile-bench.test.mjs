// Tests the tables of the benchmark's profile.
import assert from 'node:assert/strict';
import test from 'node:test';
import { groupOf, toProfileTables } from '../../bench/profile.mjs';

const profile = {
  peaks: [
    { name: 'f32x4.mul + f32x4.add', integer: false, multiplyAdds: 20e9 },
    { name: 'i32x4.dot_i16x8_s + i32x4.add', integer: true, multiplyAdds: 40e9 },
  ],
  networks: [
    {
      name: 'net/auto',
      runs: 400,
      milliseconds: 1.01,
      operators: [
        {
          name: 'Conv2d 3x3/2 8x8x3 -> 4x4x8',
          kernel: 'Convolution (NHWC, QS8, QC8W) IGEMM',
          multiplyAdds: 2e6,
          microseconds: 200,
        },
        {
          name: 'Conv2d 1x1 4x4x8 -> 4x4x8',
          kernel: 'Convolution (NHWC, QS8, QC8W) GEMM',
          multiplyAdds: 5e6,
          microseconds: 500,
        },
        { name: 'Add (ND, QS8)', kernel: 'Add (ND, QS8)', multiplyAdds: 0, microseconds: 300 },
      ],
    },
  ],
};

test('operators are grouped by kind and window', () => {
  assert.deepEqual(profile.networks[0].operators.map(groupOf), ['other convolutions', 'pointwise convolutions', 'Add']);
  assert.equal(groupOf({ name: 'DepthwiseConv2d 3x3/2 8x8x8 -> 4x4x8', multiplyAdds: 1 }), 'DepthwiseConv2d 3x3/2');
});

test('the profile compares each operator with the peak of its number format', () => {
  const text = toProfileTables(profile, 'simd');
  // 5 million multiply-adds in 500 µs are 10 billion a second, a quarter of the peak of integers.
  assert.match(text, /\| pointwise convolutions \(1\) \| 5\.00 \| 500 \| 50\.0 % \| 20\.0 \| 25 % \|/);
  assert.match(text, /\| all \| 7\.00 \| 1000 \| 100\.0 % \| 14\.0 \| 18 % \|/);
  assert.match(text, /\| 3\. Add \(ND, QS8\) \| {2}\| 300 \| 30\.0 % \| {2}\| {2}\|/);
  assert.ok(!text.includes('NaN') && !text.includes('Infinity'));
});

test('a build without peaks shows no share of them', () => {
  const text = toProfileTables({ ...profile, peaks: [] }, 'native');
  assert.match(text, /The peak is not known in this build/);
  assert.match(text, /\| all \| 7\.00 \| 1000 \| 100\.0 % \| 14\.0 \| {2}\|/);
});
