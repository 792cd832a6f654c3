// The number of threads that is fastest here, found with the first frames.

/** Frames that are measured with each number of threads. The fastest counts: other work on the machine only makes frames slower. */
const framesPerCount = 4;

/** A number of threads is worth having when it is faster by more than this factor than fewer threads. */
const worthwhile = 1.05;

/**
 * Tries numbers of threads. Browsers may report more processors than there are (WebKit does), and too many threads are slower than
 * one. It tries the given number, one, and two, and keeps the fastest, or fewer threads that are about as fast.
 */
export class ThreadTrial {
  readonly #left: number[];
  readonly #fastest = new Map<number, number>();
  #frames = 0;

  /** Number of threads to use for the next frame. */
  count: number;

  constructor(count: number) {
    this.count = count;
    this.#left = [1, ...(count > 2 ? [2] : [])];
  }

  /** True when `count` is final. */
  get isOver(): boolean {
    return this.#left.length === 0 && this.#frames > framesPerCount;
  }

  /** Notes how long the network ran for a frame with `count` threads, in milliseconds; then `count` may be another one. */
  note(ms: number): void {
    if (this.isOver) return;
    // The first frame after a change fills the caches.
    if (this.#frames++ > 0) this.#fastest.set(this.count, Math.min(ms, this.#fastest.get(this.count) ?? Infinity));
    if (this.#frames <= framesPerCount) return;
    const next = this.#left.shift();
    if (next === undefined) this.count = this.#best();
    else [this.count, this.#frames] = [next, 0];
  }

  #best(): number {
    const times = [...this.#fastest].sort(([a], [b]) => a - b);
    return times.reduce((best, each) => (best[1] > each[1] * worthwhile ? each : best))[0];
  }
}
