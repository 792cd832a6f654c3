// The settings of the visitor. The browser remembers them if it lets the page store data.

import { byId } from '../dom/elements.js';
import { percent } from '../dom/format.js';
import { texts } from '../texts/texts.js';

/** This name must stay, because visitors have stored settings under it. */
const storageKey = 'teachable-machine preferences';

/** Values of the sliders. Similarities in a space are lower than others, so they have a threshold of their own. */
interface Values {
  unknown: number;
  unknownInSpace: number;
  smoothing: number;
}

/** In the space, 98 of 100 pictures of other things are less similar than this; see tests/bench/README.md. */
const defaults: Values = { unknown: 0, unknownInSpace: 28, smoothing: 2 };

/** The two sliders and their values. */
export class SettingsPanel {
  readonly #unknown = byId<HTMLInputElement>('unknown');
  readonly #smoothing = byId<HTMLInputElement>('smoothing');
  readonly #values = restore();
  #unknownName: 'unknown' | 'unknownInSpace' = 'unknown';

  constructor(onChange: () => void) {
    this.useSpace(false);
    this.#smoothing.value = String(this.#values.smoothing);
    this.#showValues();
    for (const input of [this.#unknown, this.#smoothing]) {
      input.addEventListener('input', () => {
        this.#showValues();
        onChange();
      });
      input.addEventListener('change', () => this.#store());
    }
  }

  /** Shows the threshold for embeddings in a space, or for others. */
  useSpace(isUsed: boolean): void {
    this.#unknownName = isUsed ? 'unknownInSpace' : 'unknown';
    this.#unknown.value = String(this.#values[this.#unknownName]);
    this.#showValues();
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
    const unknownText =
      unknownThreshold === undefined ? texts.settings.never : texts.settings.below(percent(unknownThreshold));
    showValue(this.#unknown, 'unknown-text', unknownText);
    showValue(this.#smoothing, 'smoothing-text', smoothing === 0 ? texts.settings.off : texts.common.frames(smoothing));
  }

  #store(): void {
    this.#values[this.#unknownName] = Number(this.#unknown.value);
    this.#values.smoothing = this.smoothing;
    try {
      localStorage.setItem(storageKey, JSON.stringify(this.#values));
    } catch {
      // The settings are valid for this visit only.
    }
  }
}

function restore(): Values {
  const values = { ...defaults };
  try {
    const stored = Object(JSON.parse(localStorage.getItem(storageKey) ?? '{}')) as Record<string, unknown>;
    for (const name of Object.keys(defaults) as (keyof Values)[])
      if (typeof stored[name] === 'number') values[name] = stored[name];
  } catch {
    // The defaults stay.
  }
  return values;
}

function showValue(input: HTMLInputElement, id: string, text: string): void {
  byId(id).textContent = text;
  input.setAttribute('aria-valuetext', text);
}
