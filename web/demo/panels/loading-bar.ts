// The progress of the downloads at the start.

import type { Progress } from 'teachable-wasm';
import { byId } from '../dom/elements.js';
import { percent } from '../dom/format.js';
import { showStatus } from './status-line.js';

const phaseTexts: Record<Progress['phase'], string> = {
  module: 'Loading the engine',
  model: 'Loading the network',
  start: 'Starting',
};

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
    showStatus(`${phaseTexts[progress.phase]}${total > 0 ? ` ${percent(loaded / total)}` : ''}`);
  }

  hide(): void {
    this.#bar.hidden = true;
    this.#parts.clear();
  }
}
