// Time, so that tests can let it pass.

/** A clock. */
export interface Clock {
  /** Returns the time in milliseconds since any moment. */
  now(): number;
  /** Calls `then` after a time. The returned function cancels the call. */
  after(ms: number, then: () => void): () => void;
}

/** The clock of the page. */
export const pageClock: Clock = {
  now: () => performance.now(),
  after(ms, then) {
    const timer = setTimeout(then, ms);
    return () => clearTimeout(timer);
  },
};
