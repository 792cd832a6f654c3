// The number of threads that is fastest now, found with the frames themselves.

/** Weight of a frame in the mean time of its number of threads. */
const weight = 0.25;

/** A frame counts as at most this many times the mean, so that one pause doesn't decide. */
const longest = 1.6;

/** More threads are worth having when they are faster by this factor. */
const worthwhile = 1.05;

/** Frames of a trial of another number of threads. The first of them fills the caches and is not counted. */
const trialFrames = 4;

/** Fewest frames from one round of trials to the next. */
const shortestPause = 40;

/** Share of the time that trials may cost. */
const costOfTrials = 0.03;

/**
 * Chooses the number of threads for each next frame: all, two, or one. Browsers may report more processors than there are (WebKit
 * does), other programs take processors away and give them back, and slow cores stand beside fast ones. Then fewer threads are faster.
 * Each number is tried at first, and again from time to time.
 */
export class ThreadChoice {
  /** Mean milliseconds of a frame by number of threads, one thread first. */
  readonly #means: Map<number, number>;
  /** Numbers of threads to try now. */
  #trials: number[];
  /** Frames since the last change of #trials. */
  #frames = 0;
  #pause = 0;
  #isFirstRound = true;
  #preferred: number;

  /** @param all Number of threads that there are. */
  constructor(all: number) {
    const counts = [...new Set([1, Math.min(2, all), all])];
    this.#means = new Map(counts.map((count) => [count, Infinity]));
    this.#trials = counts.reverse();
    this.#preferred = all;
  }

  /** Number of threads to use for the next frame. */
  get count(): number {
    return this.#trials[0] ?? this.#preferred;
  }

  /** Number of threads that is fastest, as far as it is known. */
  get preferred(): number {
    return this.#preferred;
  }

  /** Notes how long the network ran for a frame with `count` threads, in milliseconds; then `count` may be another one. */
  note(ms: number): void {
    const isTrial = this.#trials.length > 0;
    this.#frames++;
    if (!isTrial || this.#frames > 1) this.#add(ms);
    if (isTrial && this.#frames < trialFrames) return;
    if (isTrial) this.#endTrial();
    if (this.#trials.length > 0) return;
    this.#prefer();
    if (this.#frames >= this.#pause) this.#startTrials();
  }

  #add(ms: number): void {
    const mean = this.#means.get(this.count)!;
    // The first frames run code that isn't optimized yet. The fastest says most.
    const next = this.#isFirstRound ? Math.min(ms, mean) : mean + weight * (Math.min(ms, longest * mean) - mean);
    this.#means.set(this.count, next);
  }

  #startTrials(): void {
    this.#trials = [...this.#means.keys()].filter((count) => count !== this.#preferred);
    this.#frames = 0;
  }

  #endTrial(): void {
    this.#trials.shift();
    this.#frames = 0;
    if (this.#trials.length > 0) return;
    this.#isFirstRound = false;
    const times = [...this.#means.values()];
    const best = Math.min(...times);
    const lost = times.reduce((sum, time) => sum + trialFrames * (time / best - 1), 0);
    this.#pause = Math.max(shortestPause, lost / costOfTrials);
  }

  #prefer(): void {
    for (const [count, mean] of this.#means) {
      const now = this.#means.get(this.#preferred)!;
      if (count < this.#preferred ? mean < now * worthwhile : mean * worthwhile < now) this.#preferred = count;
    }
  }
}
