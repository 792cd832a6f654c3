// The classes of the player, each with its confidence as a bar.

import type { Prediction } from 'teachable-wasm';
import { colourOf } from '../dataset/slots.js';
import { build } from '../dom/build.js';
import type { PlayerClass } from './project.js';

/** A list of classes. */
export class Bars {
  readonly root = build('ul', { class: 'bars', role: 'list' });
  readonly #percent: Intl.NumberFormat;
  readonly #rows = new Map<string, HTMLElement>();

  constructor(classes: readonly PlayerClass[], percent: Intl.NumberFormat) {
    this.#percent = percent;
    for (const { label, slot } of classes) {
      const row = build(
        'li',
        { class: 'bar', 'data-class': colourOf(slot), 'data-testid': 'bar' },
        build('span', { class: 'shape', 'aria-hidden': 'true' }),
        build('span', { class: 'bar-name' }, label),
        build('span', { class: 'bar-text' }),
        build('span', { class: 'bar-track', 'aria-hidden': 'true' }, build('span', { class: 'bar-fill' })),
      );
      this.#rows.set(label, row);
      this.root.append(row);
    }
    this.show(null);
  }

  /** Shows the confidences of a prediction; null shows none. */
  show(prediction: Prediction | null): void {
    const confidences = new Map(Object.entries(prediction?.confidences ?? {}));
    for (const [label, row] of this.#rows) {
      const confidence = confidences.get(label) ?? 0;
      row.querySelector('.bar-text')!.textContent = prediction ? this.#percent.format(confidence) : '';
      row.querySelector<HTMLElement>('.bar-fill')!.style.transform = `scaleX(${confidence})`;
      row.toggleAttribute('data-winner', !!prediction && !prediction.unknown && prediction.label === label);
    }
    this.root.toggleAttribute('data-unknown', prediction?.unknown ?? false);
  }
}
