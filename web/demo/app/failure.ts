// What an error means for the engine.

/**
 * Kind of a failure:
 *
 * - `ended`: the call was ended on purpose; there is nothing to say
 * - `lost`: the worker has stopped, or its WebAssembly trapped and may have left its memory in any state; a new engine is needed
 * - `doubtful`: an unknown error. The engine is good if it still answers with the examples that the page shows
 * - `full`: the memory is full. A new engine would have the same examples in as little memory
 * - `harmless`: something is wrong with a file or an argument, and the engine goes on
 */
export type Failure = 'ended' | 'lost' | 'doubtful' | 'full' | 'harmless';

/** Returns the kind of anything that was thrown. */
export function failureOf(error: unknown): Failure {
  const { code, cause } = Object(error) as { code?: unknown; cause?: unknown };
  if (code === 'disposed' || code === 'aborted') return 'ended';
  if (code === 'worker-lost') return 'lost';
  // The client gives the name of the worker's error to the cause. This name is WebAssembly's.
  if ((Object(cause) as { name?: unknown }).name === 'RuntimeError') return 'lost';
  if (code === 'internal') return 'doubtful';
  return code === 'out-of-memory' ? 'full' : 'harmless';
}
