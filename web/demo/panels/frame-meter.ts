// The time that one frame takes.

import type { Timings } from 'teachable-wasm';
import { byId } from '../dom/elements.js';
import { texts } from '../texts/texts.js';

const maxFrames = 30;
/** A number that changes faster than this cannot be read. */
const minMsBetweenUpdates = 500;

/** Shows the median time of the last 30 frames. */
export class FrameMeter {
  readonly #frameTimes: number[] = [];
  #updatedAt = -Infinity;

  add({ pixelsMs, networkMs, answerMs }: Timings): void {
    this.#frameTimes.push(pixelsMs + networkMs + answerMs);
    if (this.#frameTimes.length > maxFrames) this.#frameTimes.shift();
    const now = performance.now();
    if (now - this.#updatedAt < minMsBetweenUpdates) return;
    this.#updatedAt = now;
    const sorted = [...this.#frameTimes].sort((a, b) => a - b);
    byId('frame-ms').textContent = texts.page.perFrame((sorted[sorted.length >> 1] ?? 0).toFixed(1));
  }
}
