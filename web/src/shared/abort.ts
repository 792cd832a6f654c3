// What an AbortSignal does to work that doesn't look at it.

import { ClassifierError } from './errors.js';

/** What a call rejects with when its signal aborted. */
export function aborted(signal: AbortSignal | undefined): ClassifierError {
  return new ClassifierError('aborted', 'The call was aborted by its signal.', { cause: signal?.reason });
}

/** What `work` comes to, or 'aborted' as soon as the signal says so. Work that nobody waits for any more fails unnoticed. */
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

/** What `next` gives, one after the other, until it is done or the signal says so. `end` isn't awaited: it may take its time, or never come back. */
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
