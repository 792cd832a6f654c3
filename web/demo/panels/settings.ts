// The settings of the visitor. The browser remembers them if it lets the page store data.

import { byId } from '../dom/elements.js';
import { countOf, percent } from '../dom/format.js';

/** This name must stay, because visitors have stored settings under it. */
const storageKey = 'teachable-machine preferences';

/** The two sliders and their values. */
export class SettingsPanel {
  readonly #unknown = byId<HTMLInputElement>('unknown');
  readonly #smoothing = byId<HTMLInputElement>('smoothing');

  constructor(onChange: () => void) {
    this.#restore();
    this.#showValues();
    for (const input of [this.#unknown, this.#smoothing]) {
      input.addEventListener('input', () => {
        this.#showValues();
        onChange();
      });
      input.addEventListener('change', () => this.#store());
    }
  }

  /** Minimum mean similarity of the two nearest examples, 0-1, below which the answer is "Unknown". Undefined: never "Unknown". */
  get unknownThreshold(): number | undefined {
    const value = Number(this.#unknown.value) / 100;
    return value > 0 ? value : undefined;
  }

  /** Number of frames after which a frame counts half; 0 turns smoothing off. */
  get smoothing(): number {
    return Number(this.#smoothing.value);
  }

  #showValues(): void {
    const { unknownThreshold, smoothing } = this;
    const unknownText = unknownThreshold === undefined ? 'never' : `below ${percent(unknownThreshold)}`;
    showValue(this.#unknown, 'unknown-text', unknownText);
    showValue(this.#smoothing, 'smoothing-text', smoothing === 0 ? 'off' : countOf(smoothing, 'frame'));
  }

  #restore(): void {
    try {
      const { unknown, smoothing } = JSON.parse(localStorage.getItem(storageKey) ?? '{}') as {
        unknown?: unknown;
        smoothing?: unknown;
      };
      if (typeof unknown === 'number') this.#unknown.value = String(unknown);
      if (typeof smoothing === 'number') this.#smoothing.value = String(smoothing);
    } catch {
      // The defaults of index.html stay.
    }
  }

  #store(): void {
    try {
      localStorage.setItem(
        storageKey,
        JSON.stringify({ unknown: Number(this.#unknown.value), smoothing: this.smoothing }),
      );
    } catch {
      // The settings are valid for this visit only.
    }
  }
}

function showValue(input: HTMLInputElement, id: string, text: string): void {
  byId(id).textContent = text;
  input.setAttribute('aria-valuetext', text);
}
