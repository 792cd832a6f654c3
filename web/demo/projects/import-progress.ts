// The progress of an import, with a button that stops it.

import { build } from '../dom/build.js';
import { byId, makeButton } from '../dom/elements.js';
import { showStatus } from '../panels/status-line.js';
import { texts } from '../texts/texts.js';

/** Shown below the status line while pictures are added. */
export class ImportProgress {
  readonly #stopping = new AbortController();
  readonly #bar = build('progress', { 'aria-label': texts.projects.progress, max: 1, value: 0 });
  readonly #root = build('div', { class: 'import-progress', 'data-testid': 'import-progress' }, this.#bar);

  constructor(name: string) {
    const stop = makeButton(texts.projects.stop, () => this.#stopping.abort());
    stop.dataset['testid'] = 'import-stop';
    this.#root.append(stop);
    byId('loading').after(this.#root);
    showStatus(texts.projects.reading(name));
  }

  /** Aborted when the visitor stops the import. */
  get signal(): AbortSignal {
    return this.#stopping.signal;
  }

  show(done: number, total: number): void {
    this.#bar.max = total;
    this.#bar.value = done;
    showStatus(texts.projects.adding(done + 1, total));
  }

  remove(): void {
    const hadFocus = this.#root.contains(document.activeElement);
    this.#root.remove();
    if (hadFocus) byId('undo').focus({ preventScroll: true });
  }
}
