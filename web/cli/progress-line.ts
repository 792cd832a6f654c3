// Shows the progress of long work: one line that is redrawn on a terminal, or one line per 10 % in a file or pipe.

import { visible } from './visible.js';

export interface ProgressStream {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}

const barWidth = 24;
const redrawMs = 100;

export class ProgressLine {
  readonly #stream: ProgressStream;
  readonly #total: number;
  readonly #now: () => number;
  readonly #start: number;
  #done = 0;
  /** Pictures of `#done` that were not computed in this run. The speed does not count them. */
  #known = 0;
  /** Last tenth that was written to a stream that is no terminal. */
  #lastTenth = 0;
  #lastDrawn = -Infinity;

  constructor(stream: ProgressStream, total: number, now: () => number = () => performance.now()) {
    this.#stream = stream;
    this.#total = total;
    this.#now = now;
    this.#start = now();
    if (stream.isTTY) this.#draw('');
  }

  /** Counts one more picture. Pass `computed: false` for a picture that was known or skipped. */
  advance(name: string, computed = true): void {
    this.#done += 1;
    if (!computed) this.#known += 1;
    if (this.#stream.isTTY) {
      if (this.#now() - this.#lastDrawn >= redrawMs || this.#done === this.#total) this.#draw(name);
    } else {
      const tenth = Math.floor((10 * this.#done) / this.#total);
      if (tenth > this.#lastTenth) {
        this.#lastTenth = tenth;
        this.#stream.write(`${this.#text()}\n`);
      }
    }
  }

  /** Writes a line that stays. */
  note(sentence: string): void {
    this.#stream.write(`${this.#stream.isTTY ? '\r\x1b[K' : ''}${visible(sentence)}\n`);
    if (this.#stream.isTTY) this.#draw('');
  }

  /** Removes the progress line from a terminal. */
  end(): void {
    if (this.#stream.isTTY) this.#stream.write('\r\x1b[K');
  }

  #text(): string {
    const percent = Math.floor((100 * this.#done) / this.#total);
    const seconds = (this.#now() - this.#start) / 1000;
    const computed = this.#done - this.#known;
    const rate = computed / seconds;
    const left = this.#total - this.#done;
    const speed =
      computed > 0 && seconds > 0.5
        ? `, ${rate.toPrecision(2)} per second${left > 0 ? `, ${toDuration(left / rate)} left` : ''}`
        : '';
    return `${this.#done} of ${this.#total} pictures (${percent} %)${speed}`;
  }

  #draw(name: string): void {
    this.#lastDrawn = this.#now();
    const filled = Math.round((barWidth * this.#done) / this.#total);
    const line = `[${'#'.repeat(filled)}${'-'.repeat(barWidth - filled)}] ${this.#text()}${name ? `  ${visible(name)}` : ''}`;
    this.#stream.write(`\r\x1b[K${line.slice(0, Math.max(20, (this.#stream.columns || 80) - 1))}`);
  }
}

function toDuration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
