// Aborting work that doesn't look at the AbortSignal itself.

import { ClassifierError } from './errors.js';

/** Makes the error of an aborted call. */
export function aborted(signal: AbortSignal | undefined): ClassifierError {
  return new ClassifierError('aborted', 'The call was aborted by its signal.', { cause: signal?.reason });
}

/** Resolves as `work`, or rejects with 'aborted' as soon as the signal aborts. A later failure of `work` is ignored. */
export async function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  work.catch(() => {});
  let onAbort = () => {};
  const abort = new Promise<never>((_, reject) => {
    onAbort = () => reject(aborted(signal));
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort);
  });
  return Promise.race([work, abort]).finally(() => signal.removeEventListener('abort', onAbort));
}

/** Yields the values of `next` until it is done or the signal aborts. `end` isn't awaited, because it may never settle. */
export async function* untilAborted<T>(
  next: () => Promise<{ done?: boolean | undefined; value?: T }>,
  end: () => Promise<unknown>,
  signal: AbortSignal | undefined,
): AsyncGenerator<T> {
  try {
    for (;;) {
      const { done, value } = await orAborted(next(), signal);
      if (done) return;
      yield value as T;
    }
  } finally {
    end().catch(() => {});
  }
}
