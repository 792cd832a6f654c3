// The ends of a load that aren't its own: the caller's signal, a callback that throws, and the time-out.

import { aborted, whenAborted } from '../shared/abort.js';
import { isPromise } from '../shared/brand.js';
import { ClassifierError } from '../shared/errors.js';
import { callbackFailed } from '../shared/foreign.js';
import type { Progress } from '../shared/protocol.js';
import { toCount } from './arguments.js';

/** Options of a load that tell when it ends early. */
export interface Limits {
  /** Aborts the load, which then rejects with code 'aborted'. It has no effect after the load: call `dispose()` instead. */
  signal?: AbortSignal | undefined;
  /** Called as bytes arrive, and when everything has arrived. When it throws, the load ends and rejects with 'bad-argument'. */
  onProgress?: ((progress: Progress) => void) | undefined;
  /** Maximum duration of the load in milliseconds, >= 1; it then ends and rejects with 'load-failed'. Default: no limit. */
  timeoutMs?: number | undefined;
}

/** Runs a load with a signal that aborts at all of these ends, and with a callback that never throws. */
export async function limited<T>(
  { signal, onProgress, timeoutMs }: Limits,
  load: (limits: Pick<Limits, 'signal' | 'onProgress'>) => Promise<T>,
): Promise<T> {
  const ending = new AbortController();
  const end = (reason: unknown) => ending.abort(reason);
  const fail = (cause: unknown) => end(callbackFailed(cause));
  const report = (progress: Progress) => {
    try {
      // A callback may be an asynchronous function.
      const result: unknown = ending.signal.aborted || onProgress!(progress);
      if (isPromise(result)) result.then(undefined, fail);
    } catch (cause) {
      fail(cause);
    }
  };
  const timer =
    timeoutMs === undefined ? 0 : setTimeout(() => end(tooLate(timeoutMs)), toCount(timeoutMs, 'timeoutMs'));
  const onAbort = () => end(aborted(signal));
  if (signal?.aborted) onAbort();
  const ignore = whenAborted(signal, onAbort);
  try {
    return await load({ signal: ending.signal, onProgress: onProgress && report });
  } catch (error) {
    throw ending.signal.aborted ? ending.signal.reason : error;
  } finally {
    clearTimeout(timer);
    ignore();
  }
}

function tooLate(timeoutMs: number): ClassifierError {
  return new ClassifierError(
    'load-failed',
    `The load did not end within ${timeoutMs} ms. Check the connection, or raise the option 'timeoutMs'.`,
  );
}
