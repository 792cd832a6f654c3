// Decides when a class has won: predictions with their times go in, "start" and "stop" come out. One class is active at a time.
//
// - A class starts when it wins with its threshold for its whole hold time, and no other class is active.
// - It stops when it has not won for a short time. Until then, a little less confidence than the threshold is enough.
//   Therefore answers that flicker between classes change nothing.
// - A still picture has one answer, which can't flicker. It starts and stops classes at once.

/** Conditions under which a class starts. */
export interface TriggerSettings {
  /** Minimum confidence, 0-1. */
  readonly threshold: number;
  /** Time in milliseconds for which the class must win. */
  readonly holdMs: number;
}

/** Callbacks of a trigger. */
export interface TriggerEvents {
  settingsOf(label: string): TriggerSettings;
  onStart(label: string, confidence: number): void;
  onStop(label: string): void;
}

/** An active class may have this much less confidence than its threshold. */
export const releaseMargin = 0.1;
/** An active class stops when it has not won for this time in milliseconds. */
export const releaseMs = 300;
/** After a pause of more than this time in milliseconds, nobody knows what was shown meanwhile, so everything starts anew. */
export const maxPauseMs = 3000;

/** The state machine. It allocates nothing for a prediction. */
export class Trigger {
  readonly #events: TriggerEvents;
  #active: string | null = null;
  /** Time at which the active class ceased to win; NaN while it wins. */
  #lostAt = NaN;
  /** The class that wins and isn't active yet. */
  #candidate: string | null = null;
  #candidateSince = NaN;
  #updatedAt = NaN;
  #wasStill = false;

  constructor(events: TriggerEvents) {
    this.#events = events;
  }

  /** Label of the class that has started and not stopped, or null. */
  get active(): string | null {
    return this.#active;
  }

  /**
   * Takes the next prediction.
   * @param label The winner; null for "Unknown".
   * @param confidence Confidence in the winner, 0-1.
   * @param nowMs Time in milliseconds of a clock that doesn't go back.
   * @param isStill True for a picture that stays, false for a frame of a camera.
   */
  update(label: string | null, confidence: number, nowMs: number, isStill = false): void {
    if (!isStill && !this.#wasStill && nowMs - this.#updatedAt > maxPauseMs) this.clear();
    this.#updatedAt = nowMs;
    this.#wasStill = isStill;
    this.#updateCandidate(label, confidence, nowMs);
    this.#updateActive(label, confidence, nowMs, isStill);
    const candidate = this.#candidate;
    if (candidate === null || this.#active !== null) return;
    if (!isStill && nowMs - this.#candidateSince < this.#events.settingsOf(candidate).holdMs) return;
    this.#candidate = null;
    this.#active = candidate;
    this.#lostAt = NaN;
    this.#events.onStart(candidate, confidence);
  }

  /** Stops the active class, for example because there is no picture any more. */
  clear(): void {
    this.#candidate = null;
    this.#updatedAt = NaN;
    this.#wasStill = false;
    const stopped = this.#active;
    this.#active = null;
    if (stopped !== null) this.#events.onStop(stopped);
  }

  /** Gives a class its new label. It stays active. */
  rename(label: string, newLabel: string): void {
    if (this.#active === label) this.#active = newLabel;
    if (this.#candidate === label) this.#candidate = newLabel;
  }

  /** Forgets the classes that don't exist any more. */
  keepOnly(exists: (label: string) => boolean): void {
    if (this.#candidate !== null && !exists(this.#candidate)) this.#candidate = null;
    if (this.#active !== null && !exists(this.#active)) this.clear();
  }

  #updateCandidate(label: string | null, confidence: number, nowMs: number): void {
    const isCandidate =
      label !== null && label !== this.#active && confidence >= this.#events.settingsOf(label).threshold;
    if (!isCandidate) this.#candidate = null;
    else if (label !== this.#candidate) {
      this.#candidate = label;
      this.#candidateSince = nowMs;
    }
  }

  #updateActive(label: string | null, confidence: number, nowMs: number, isStill: boolean): void {
    const active = this.#active;
    if (active === null) return;
    if (label === active && confidence >= this.#events.settingsOf(active).threshold - releaseMargin) {
      this.#lostAt = NaN;
      return;
    }
    if (Number.isNaN(this.#lostAt)) this.#lostAt = nowMs;
    if (!isStill && nowMs - this.#lostAt < releaseMs) return;
    this.#active = null;
    this.#events.onStop(active);
  }
}
