// How predictions are shown, as the visitor likes it. Remembered by the browser where it lets the page.

import { byId, percent } from './element.js';

const storedAs = 'teachable-machine preferences';

export class Preferences {
  readonly #unknown = byId<HTMLInputElement>('unknown');
  readonly #smoothing = byId<HTMLInputElement>('smoothing');

  constructor(onChange: () => void) {
    this.#restore();
    this.#describe();
    for (const input of [this.#unknown, this.#smoothing]) {
      input.addEventListener('input', () => {
        this.#describe();
        onChange();
      });
      input.addEventListener('change', () => this.#store());
    }
  }

  /** The nearest example must be so similar; undefined: never mind. */
  get unknownThreshold(): number | undefined {
    const value = Number(this.#unknown.value) / 100;
    return value > 0 ? value : undefined;
  }

  /** Frames after which one counts half, 0 for each frame alone. */
  get smoothing(): number {
    return Number(this.#smoothing.value);
  }

  #describe(): void {
    const { unknownThreshold, smoothing } = this;
    say(this.#unknown, 'unknown-text', unknownThreshold === undefined ? 'never' : `below ${percent(unknownThreshold)}`);
    say(
      this.#smoothing,
      'smoothing-text',
      smoothing === 0 ? 'off' : smoothing === 1 ? '1 frame' : `${smoothing} frames`,
    );
  }

  #restore(): void {
    try {
      const { unknown, smoothing } = JSON.parse(localStorage.getItem(storedAs) ?? '{}') as {
        unknown?: unknown;
        smoothing?: unknown;
      };
      if (typeof unknown === 'number') this.#unknown.value = String(unknown);
      if (typeof smoothing === 'number') this.#smoothing.value = String(smoothing);
    } catch {
      // Without a memory, the defaults.
    }
  }

  #store(): void {
    try {
      localStorage.setItem(
        storedAs,
        JSON.stringify({ unknown: Number(this.#unknown.value), smoothing: this.smoothing }),
      );
    } catch {
      // They hold for this visit.
    }
  }
}

function say(input: HTMLInputElement, id: string, text: string): void {
  byId(id).textContent = text;
  input.setAttribute('aria-valuetext', text);
}
