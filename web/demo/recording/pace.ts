// The pace of recordings: which frames become examples, and when there are enough.

import type { Clock } from './clock.js';
import type { RecordingOptions } from './options.js';

interface Run {
  /** Time of the next example; the first one is due at once. */
  dueAt: number;
  /** Number of examples so far. */
  count: number;
}

/** The pace of each recording, by slot. */
export class Pace {
  readonly #options: () => RecordingOptions;
  readonly #clock: Clock;
  readonly #runs = new Map<number, Run>();

  constructor(options: () => RecordingOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  /** Starts a new recording, whose first frame is taken. */
  start(slot: number): void {
    this.#runs.set(slot, { dueAt: 0, count: 0 });
  }

  /** Returns true when the current frame becomes an example, and counts it. */
  take(slot: number): boolean {
    const run = this.#runs.get(slot);
    if (!run || this.isComplete(slot)) return false;
    const { perSecond } = this.#options();
    const now = this.#clock.now();
    if (run.count > 0 && now < run.dueAt) return false;
    const interval = perSecond > 0 ? 1000 / perSecond : 0;
    // Frames come a little late. The next one is due as if this one had been in time, which keeps the rate.
    run.dueAt = run.count === 0 ? now + interval : Math.max(run.dueAt + interval, now + interval / 2);
    run.count++;
    return true;
  }

  /** Returns true when the recording has as many examples as the visitor wants. */
  isComplete(slot: number): boolean {
    const { maxExamples } = this.#options();
    return maxExamples > 0 && (this.#runs.get(slot)?.count ?? 0) >= maxExamples;
  }
}
