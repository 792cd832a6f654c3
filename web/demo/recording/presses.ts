// What a press of a record button does: it records while it is held, or from one press to the next, or after a countdown and for some
// seconds. Recordings that need no finger run one at a time.

import type { Clock } from './clock.js';
import { isHandsFree, type RecordingOptions } from './options.js';

/** Callbacks of the record buttons. */
export interface PressEvents {
  /** Called each second of a countdown with the seconds that are left. */
  onCountdown(slot: number, seconds: number): void;
  /** Called when a recording starts. */
  onStart(slot: number): void;
  /** Called each second of a recording of fixed length with the seconds that are left. */
  onRemaining(slot: number, seconds: number): void;
  /** Called once for each press, when its countdown or its recording has ended. `hasStarted` is false for a countdown. */
  onStop(slot: number, hasStarted: boolean): void;
}

/** A press that is still in effect. */
interface Press {
  handsFree: boolean;
  hasStarted: boolean;
  /** Cancels the next step. */
  cancel(): void;
}

/** The presses of all record buttons, by slot. */
export class Presses {
  readonly #options: () => RecordingOptions;
  readonly #clock: Clock;
  readonly #events: PressEvents;
  readonly #active = new Map<number, Press>();

  constructor(options: () => RecordingOptions, clock: Clock, events: PressEvents) {
    this.#options = options;
    this.#clock = clock;
    this.#events = events;
  }

  /** Returns true from the press until its recording has ended. */
  isActive(slot: number): boolean {
    return this.#active.has(slot);
  }

  /** True while any press is in effect. */
  get isAnyActive(): boolean {
    return this.#active.size > 0;
  }

  /** The button, or its key, is pressed. */
  press(slot: number): void {
    const options = this.#options();
    const earlier = this.#active.get(slot);
    if (earlier) this.stop(slot);
    if (earlier?.handsFree) return;
    const handsFree = isHandsFree(options);
    if (handsFree) this.stopAll();
    const press: Press = { handsFree, hasStarted: false, cancel: () => {} };
    this.#active.set(slot, press);
    this.#countDown(
      press,
      options.delaySeconds,
      (seconds) => this.#events.onCountdown(slot, seconds),
      () => this.#start(slot, press, options.durationSeconds),
    );
  }

  /** The button, or its key, is released. */
  release(slot: number): void {
    if (this.#active.get(slot)?.handsFree === false) this.stop(slot);
  }

  /** Ends a countdown or a recording. */
  stop(slot: number): void {
    const press = this.#active.get(slot);
    if (!press) return;
    this.#active.delete(slot);
    press.cancel();
    this.#events.onStop(slot, press.hasStarted);
  }

  stopAll(): void {
    for (const slot of [...this.#active.keys()]) this.stop(slot);
  }

  #start(slot: number, press: Press, durationSeconds: number): void {
    press.hasStarted = true;
    this.#events.onStart(slot);
    // The start may have failed.
    if (durationSeconds === 0 || this.#active.get(slot) !== press) return;
    this.#countDown(
      press,
      durationSeconds,
      (seconds) => this.#events.onRemaining(slot, seconds),
      () => this.stop(slot),
    );
  }

  /** Calls `onSecond` with the number of seconds that are left, and `then` when none are. */
  #countDown(press: Press, seconds: number, onSecond: (seconds: number) => void, then: () => void): void {
    if (seconds === 0) return then();
    onSecond(seconds);
    press.cancel = this.#clock.after(1000, () => this.#countDown(press, seconds - 1, onSecond, then));
  }
}
