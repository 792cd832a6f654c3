// Shows the progress of long work: one line that is redrawn on a terminal, or one line per 10 % in a file or pipe.

import type { Output } from './output.js';

const barWidth = 24;
const redrawMs = 100;

export class ProgressLine {
  readonly #output: Output;
  readonly #total: number;
  readonly #now: () => number;
  readonly #start: number;
  #done = 0;
  /** Pictures of `#done` that were not computed in this run. The speed does not count them. */
  #known = 0;
  /** Last tenth that was written to a stream that is no terminal. */
  #lastTenth = 0;
  #lastDrawn = -Infinity;

  constructor(output: Output, total: number, now: () => number = () => performance.now()) {
    this.#output = output;
    this.#total = total;
    this.#now = now;
    this.#start = now();
    if (output.isTerminal) this.#draw('');
  }

  /** Counts one more picture. Pass `computed: false` for a picture that was known or skipped. */
  advance(name: string, computed = true): void {
    this.#done += 1;
    if (!computed) this.#known += 1;
    if (this.#output.isTerminal) {
      if (this.#now() - this.#lastDrawn >= redrawMs || this.#done === this.#total) this.#draw(name);
    } else {
      const tenth = Math.floor((10 * this.#done) / this.#total);
      if (tenth > this.#lastTenth) {
        this.#lastTenth = tenth;
        this.#output.line(this.#text());
      }
    }
  }

  /** Writes a line that stays. */
  note(sentence: string): void {
    this.end();
    this.#output.line(sentence);
    if (this.#output.isTerminal) this.#draw('');
  }

  /** Removes the progress line from a terminal. */
  end(): void {
    if (this.#output.isTerminal) this.#output.redraw('');
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
    this.#output.redraw(
      `[${'#'.repeat(filled)}${'-'.repeat(barWidth - filled)}] ${this.#text()}${name ? `  ${name}` : ''}`,
    );
  }
}

function toDuration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
