// The files of a batch that were skipped, and why.

import { listSome } from '../dom/format.js';
import { texts } from '../texts/texts.js';

const maxNames = 100;

/** Collects the names of skipped files by reason. */
export class SkippedFiles {
  readonly #names = new Map<string, string[]>();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** `reason` is a sentence. */
  add(name: string, reason: string): void {
    this.#count++;
    const names = this.#names.get(reason);
    if (names) names.push(name);
    else this.#names.set(reason, [name]);
  }

  /** Returns a text with one line for each reason. `total` is the number of files in the batch. */
  describe(total: number): string {
    const lines = Array.from(this.#names, ([reason, names]) => `${listSome(names, maxNames)}: ${reason}`);
    return [texts.teaching.skipped(this.#count, total), ...lines].join('\n');
  }
}
