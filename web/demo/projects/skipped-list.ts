// The files that an import has skipped, and why, in the visitor's language.

import { texts } from '../texts/texts.js';

const maxNames = 20;

/** Collects skipped files by reason. */
export class SkippedList {
  readonly #names = new Map<string, string[]>();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** `reason` is a sentence. */
  add(path: string, reason: string): void {
    this.#count++;
    const names = this.#names.get(reason);
    if (names) names.push(path);
    else this.#names.set(reason, [path]);
  }

  /** Returns one line for each reason. `total` is the number of files. */
  describe(total: number): string {
    const { skipped, andMore } = texts.projects;
    const lines = Array.from(this.#names, ([reason, names]) => {
      const list = names.slice(0, maxNames).join(', ');
      return `${names.length > maxNames ? andMore(list, names.length - maxNames) : list}: ${reason}`;
    });
    return [skipped(this.#count, total), ...lines].join('\n');
  }
}
