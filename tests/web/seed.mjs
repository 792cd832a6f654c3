// The seed of random tests.

/**
 * Returns the seed of random tests: 1, unless the environment variable TEACHABLE_SEED holds another number, or `random` for a new
 * one. A test names its seed when it fails.
 * @returns {number} A whole number from 1 to 2147483646.
 */
export function testSeed() {
  const { TEACHABLE_SEED: text = '1' } = process.env;
  const seed = text === 'random' ? Date.now() : Number(text);
  return Math.trunc(seed) % 2147483647 || 1;
}
