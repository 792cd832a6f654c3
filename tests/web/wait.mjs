// Waiting for a state instead of for a time.

/**
 * Resolves when `condition` returns true. It is asked in each turn of the event loop.
 * @param {() => boolean} condition
 * @param {string} what What is waited for, for the error.
 * @throws {Error} After ten seconds, which is far more than any of these states takes.
 */
export async function until(condition, what) {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`Waited 10 s in vain: ${what}.`);
    await new Promise(setImmediate);
  }
}
