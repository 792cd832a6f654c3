// Waits for a state instead of a fixed time.

/**
 * Resolves when `condition` returns true. It is called in each turn of the event loop.
 * @param {() => boolean} condition
 * @param {string} what Description of the awaited state, for the error message.
 * @throws {Error} If the state is not reached within ten seconds. Every state in these tests takes far less.
 */
export async function until(condition, what) {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`Waited 10 s in vain: ${what}.`);
    await new Promise(setImmediate);
  }
}
