// Notices recordings of something that doesn't move: its examples are almost the same, and teach no more than one of them.

import type { Clock } from './clock.js';

/**
 * Minimum cosine similarity of examples that look almost the same. Measured with the packaged network, for embeddings of one and of two
 * layers: of a moving hand, 99 of 100 pairs of frames that are a second apart are below 0.983 and 0.977. Frames of a still scene with
 * the noise of a webcam (standard deviation 4 of 255, 1 % flicker) are above 0.985 and 0.982 in 95 of 100 pairs.
 */
export const stillSimilarity = 0.98;

/** Time over which examples are compared, in milliseconds. */
const windowMs = 1000;
/** Fewer examples than this are no reason for a hint. */
const minExamples = 4;
/** A hint is not repeated sooner than this. */
const minMsBetweenHints = 8000;

/** Watches the examples of one recording after another. */
export class Stillness {
  readonly #clock: Clock;
  #recent: { at: number; embedding: Float32Array }[] = [];
  #hintedAt = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Forgets the last recording. */
  start(): void {
    this.#recent = [];
  }

  /** Takes the embedding of a new example. Returns true when the visitor should move the thing. */
  add(embedding: Float32Array): boolean {
    const at = this.#clock.now();
    this.#recent.push({ at, embedding });
    // The oldest one that is kept is at least as old as the window. Of slow recordings, more than the window is kept.
    while (this.#recent.length > minExamples && at - this.#recent[1]!.at >= windowMs) this.#recent.shift();
    const [oldest] = this.#recent;
    const isLong = at - oldest!.at >= windowMs && this.#recent.length >= minExamples;
    if (!isLong || at - this.#hintedAt < minMsBetweenHints) return false;
    if (!this.#recent.every((each) => cosine(each.embedding, embedding) >= stillSimilarity)) return false;
    this.#hintedAt = at;
    return true;
  }
}

/** Returns the cosine similarity of two embeddings; 0 when they have different sizes or no length. */
export function cosine(first: Float32Array, second: Float32Array): number {
  if (first.length !== second.length) return 0;
  let [product, firstSquare, secondSquare] = [0, 0, 0];
  for (let index = 0; index < first.length; index++) {
    product += first[index]! * second[index]!;
    firstSquare += first[index]! ** 2;
    secondSquare += second[index]! ** 2;
  }
  return product / Math.sqrt(firstSquare * secondSquare) || 0;
}
