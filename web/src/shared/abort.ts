// Aborting work that doesn't look at the AbortSignal itself.

import { ClassifierError } from './errors.js';

/** Makes the error of an aborted call. */
export function aborted(signal: AbortSignal | undefined): ClassifierError {
  return new ClassifierError('aborted', 'The call was aborted by its signal.', { cause: signal?.reason });
}

/** Callbacks of the signals that somebody waits for. */
const waits = new WeakMap<AbortSignal, { callbacks: Set<() => void>; listener: () => void }>();

/**
 * Calls `onAbort` when the signal aborts. A signal has one listener for all calls, because Node warns about signals with many.
 * @returns A function that ends the wait. It may be called twice.
 */
export function whenAborted(signal: AbortSignal | undefined, onAbort: () => void): () => void {
  if (!signal) return () => {};
  let wait = waits.get(signal);
  if (!wait) {
    const callbacks = new Set<() => void>();
    const listener = () => {
      for (const each of [...callbacks]) each();
    };
    signal.addEventListener('abort', listener);
    wait = { callbacks, listener };
    waits.set(signal, wait);
  }
  const { callbacks, listener } = wait;
  callbacks.add(onAbort);
  return () => {
    if (callbacks.delete(onAbort) && callbacks.size === 0) {
      waits.delete(signal);
      signal.removeEventListener('abort', listener);
    }
  };
}

/** Resolves as `work`, or rejects with 'aborted' as soon as the signal aborts. A later failure of `work` is ignored. */
export async function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  work.catch(() => {});
  let end = () => {};
  const abort = new Promise<never>((_, reject) => {
    const onAbort = () => reject(aborted(signal));
    if (signal.aborted) onAbort();
    else end = whenAborted(signal, onAbort);
  });
  return Promise.race([work, abort]).finally(end);
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
