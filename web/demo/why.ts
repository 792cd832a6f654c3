// Why it says what it says: the pictures of the examples that are nearest to what it sees.

import type { Prediction } from 'teachable-wasm';
import { byId, colourOf, percent } from './element.js';
import { paintThumbnail } from './thumbnail.js';

const most = 5;
const leastMsBetween = 250;

export class Why {
  readonly #thumbnailOf: (id: number) => Uint8Array | undefined;
  readonly #placeOf: (label: string) => number;
  #shownAt = -Infinity;
  #latest: Prediction | null = null;
  #timer = 0;

  constructor(thumbnailOf: (id: number) => Uint8Array | undefined, placeOf: (label: string) => number) {
    this.#thumbnailOf = thumbnailOf;
    this.#placeOf = placeOf;
  }

  /** Slowly enough to be looked at; the last call is shown in any case. */
  show(prediction: Prediction | null): void {
    this.#latest = prediction;
    if (this.#timer !== 0) return;
    const wait = Math.max(0, this.#shownAt + leastMsBetween - performance.now());
    if (wait === 0) this.#draw();
    else this.#timer = setTimeout(() => this.#draw(), wait);
  }

  #draw(): void {
    this.#timer = 0;
    this.#shownAt = performance.now();
    const neighbours = this.#latest?.neighbours.slice(0, most) ?? [];
    byId('why').hidden = neighbours.length === 0;
    byId('nearest').textContent = neighbours[0] ? percent(neighbours[0].similarity) : 'nothing yet';
    const list = byId('why-list');
    while (list.children.length > neighbours.length) list.lastElementChild!.remove();
    while (list.children.length < neighbours.length) list.append(makeItem());
    neighbours.forEach(({ id, label, similarity }, index) => {
      const item = list.children[index] as HTMLElement;
      item.dataset['class'] = colourOf(this.#placeOf(label));
      item.dataset['id'] = String(id);
      item.querySelector('.why-name')!.textContent = `${label}, `;
      item.querySelector('.why-share')!.textContent = percent(similarity);
      void paintThumbnail(item.querySelector('canvas')!, this.#thumbnailOf(id));
    });
  }
}

function makeItem(): HTMLLIElement {
  const item = document.createElement('li');
  const canvas = document.createElement('canvas');
  canvas.setAttribute('aria-hidden', 'true');
  const shape = document.createElement('span');
  shape.className = 'shape';
  shape.setAttribute('aria-hidden', 'true');
  const name = document.createElement('span');
  name.className = 'why-name visually-hidden';
  const share = document.createElement('span');
  share.className = 'why-share';
  const caption = document.createElement('span');
  caption.className = 'why-caption';
  caption.append(shape, name, share);
  item.append(canvas, caption);
  return item;
}
