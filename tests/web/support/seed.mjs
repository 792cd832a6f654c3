// Reads the seed of random tests.

/**
 * Returns the seed of random tests, which is 1 by default. The environment variable TEACHABLE_SEED can set another number, or `random`
 * for a new seed in each run. A test names its seed when it fails.
 * @returns {number} A whole number from 1 to 2147483646.
 */
export function testSeed() {
  const { TEACHABLE_SEED: text = '1' } = process.env;
  const seed = text === 'random' ? Date.now() : Number(text);
  return Math.trunc(seed) % 2147483647 || 1;
}

/** Makes a generator of numbers in [0, 1) that is the same for the same seed. */
export function randomOf(seed) {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}
