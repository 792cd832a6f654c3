// The classes whose buttons are held, and the class that the next frame teaches.

import type { Pace } from '../recording/pace.js';
import type { DatasetEditor, Recording } from './editor.js';

/** The recordings of all classes, by slot. */
export class Recordings {
  readonly #editor: DatasetEditor;
  readonly #pace: Pace;
  readonly #onEnd: (slot: number) => void;
  /** Slots whose buttons are held, latest last. */
  #held: number[] = [];
  /** Slots that were pressed and have no frame yet. A tap that is shorter than a frame still teaches one. */
  #waiting: number[] = [];
  readonly #recordings = new Map<number, Recording>();
  #lastAdded: Promise<void> = Promise.resolve();

  /** `onEnd` is called when a recording ends by itself: it has enough examples, or `stopAll()` was called. */
  constructor(editor: DatasetEditor, pace: Pace, onEnd: (slot: number) => void) {
    this.#editor = editor;
    this.#pace = pace;
    this.#onEnd = onEnd;
  }

  /** Starts to record a class. */
  start(slot: number, label: string): void {
    this.#held.push(slot);
    this.#waiting.push(slot);
    this.#pace.start(slot);
    this.#recordings.set(slot, this.#editor.startRecording(label));
  }

  stop(slot: number): void {
    this.#held = this.#held.filter((each) => each !== slot);
  }

  /** Stops all recordings. Buttons that are still held record nothing any more. */
  stopAll(): void {
    const held = this.#held;
    this.#held = [];
    this.#waiting = [];
    held.forEach(this.#onEnd);
  }

  /** Forgets presses that have no frame yet. */
  dropWaiting(): void {
    this.#waiting = [];
  }

  /** Returns the slot that the current frame teaches, or undefined. */
  next(): number | undefined {
    const slot = this.#waiting.shift() ?? this.#held.at(-1);
    if (slot === undefined || !this.#pace.take(slot)) return undefined;
    if (this.#pace.isComplete(slot)) {
      this.stop(slot);
      this.#onEnd(slot);
    }
    return slot;
  }

  /** Adds the example that is being taught to the recording that is going on now. Its id is undefined if teaching fails. */
  add(slot: number, exampleId: Promise<number | undefined>): void {
    const recording = this.#recordings.get(slot);
    this.#lastAdded = exampleId.then(
      (id) => {
        if (id !== undefined) recording?.add(id);
      },
      () => {},
    );
  }

  /** Waits until the example that is being taught belongs to its recording. */
  async settle(): Promise<void> {
    await this.#lastAdded;
  }

  /** Starts new recordings in place of all current ones, so that the next examples form undo steps of their own. */
  renew(labelOf: (slot: number) => string): void {
    for (const slot of this.#recordings.keys()) this.#recordings.set(slot, this.#editor.startRecording(labelOf(slot)));
  }
}
