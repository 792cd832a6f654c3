// The progress of the downloads at the start.

import type { Progress } from 'teachable-wasm';
import { byId } from '../dom/elements.js';
import { percent } from '../dom/format.js';
import { texts } from '../texts/texts.js';
import { showStatus } from './status-line.js';

/** Shows the sum of both downloads, which run at the same time. */
export class LoadingBar {
  readonly #bar = byId<HTMLProgressElement>('loading');
  readonly #parts = new Map<Progress['phase'], Progress>();

  show(progress: Progress): void {
    this.#parts.set(progress.phase, progress);
    const parts = [...this.#parts.values()];
    const loaded = parts.reduce((sum, part) => sum + part.loaded, 0);
    const total = parts.reduce((sum, part) => sum + (part.total ?? NaN), 0);
    this.#bar.hidden = false;
    if (total > 0) this.#bar.value = loaded / total;
    else this.#bar.removeAttribute('value');
    const { loadingEngine: module, loadingNetwork: model, starting: start } = texts.page;
    showStatus(`${{ module, model, start }[progress.phase]}${total > 0 ? ` ${percent(loaded / total)}` : ''}`);
  }

  hide(): void {
    this.#bar.hidden = true;
    this.#parts.clear();
  }
}
