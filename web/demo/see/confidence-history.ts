// The confidences of the last seconds, for the sparklines of the classes.

import { RingBuffer } from './ring-buffer.js';

/** Length of the history. */
export const historyMs = 10_000;
/** More samples than this can't be told apart on a line of 10 seconds. */
const minMsBetweenSamples = 100;

interface Sample {
  at: number;
  confidences: Readonly<Record<string, number>>;
}

/** A point of a line: age 0 (now) to 1 (10 s ago), and confidence 0-1. */
export interface LinePoint {
  age: number;
  confidence: number;
}

/** Confidences of all classes in the last 10 seconds. */
export class ConfidenceHistory {
  readonly #samples = new RingBuffer<Sample>(historyMs / minMsBetweenSamples);
  #lastAt = -Infinity;

  /** Adds the confidences at a time, in milliseconds of any clock. Returns false when it is too early for another sample. */
  add(confidences: Readonly<Record<string, number>>, at: number): boolean {
    if (at - this.#lastAt < minMsBetweenSamples) return false;
    this.#lastAt = at;
    this.#samples.add({ at, confidences });
    return true;
  }

  clear(): void {
    this.#samples.clear();
    this.#lastAt = -Infinity;
  }

  /** Returns the line of a class, oldest point first. A class without confidence had 0. */
  line(label: string, now: number): LinePoint[] {
    const points: LinePoint[] = [];
    for (const { at, confidences } of this.#samples.toArray()) {
      const age = (now - at) / historyMs;
      if (age > 1) continue;
      points.push({ age, confidence: Object.hasOwn(confidences, label) ? confidences[label]! : 0 });
    }
    return points;
  }
}
