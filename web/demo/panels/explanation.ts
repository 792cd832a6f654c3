// The explanation of a prediction: the pictures of the most similar examples.

import type { Neighbour, Prediction } from 'teachable-wasm';
import { colourOf, numberOf } from '../dataset/slots.js';
import { byId, resizeList, setText, within } from '../dom/elements.js';
import { percent } from '../dom/format.js';
import { paintThumbnail } from '../dom/thumbnails.js';
import { texts } from '../texts/texts.js';

const maxNeighbours = 5;
/** Pictures that change faster than this cannot be looked at. */
const minMsBetweenUpdates = 250;

/** Returns the mean similarity of the two nearest examples, with which the engine decides what is unknown. */
function similarityOf(neighbours: readonly Neighbour[]): number {
  const nearest = neighbours.slice(0, 2);
  return nearest.reduce((sum, { similarity }) => sum + similarity, 0) / nearest.length;
}

/** Shows the nearest neighbours of the last prediction. */
export class Explanation {
  readonly #thumbnailOf: (id: number) => Uint8Array | undefined;
  readonly #slotOf: (label: string) => number;
  #updatedAt = -Infinity;
  #latest: Prediction | null = null;
  #timer = 0;

  constructor(thumbnailOf: (id: number) => Uint8Array | undefined, slotOf: (label: string) => number) {
    this.#thumbnailOf = thumbnailOf;
    this.#slotOf = slotOf;
  }

  /** Shows a prediction. Of several in a short time, only the last one is shown. */
  show(prediction: Prediction | null): void {
    this.#latest = prediction;
    if (this.#timer !== 0) return;
    const wait = Math.max(0, this.#updatedAt + minMsBetweenUpdates - performance.now());
    if (wait === 0) this.#draw();
    else this.#timer = setTimeout(() => this.#draw(), wait);
  }

  #draw(): void {
    this.#timer = 0;
    this.#updatedAt = performance.now();
    const neighbours = this.#latest?.neighbours.slice(0, maxNeighbours) ?? [];
    byId('explanation').hidden = neighbours.length === 0;
    setText(byId('nearest'), neighbours.length > 0 ? percent(similarityOf(neighbours)) : texts.answer.nothingYet);
    const list = byId('neighbours');
    resizeList(list, neighbours.length, makeItem);
    neighbours.forEach(({ id, label, similarity }, index) => {
      const item = list.children[index] as HTMLElement;
      item.dataset['class'] = colourOf(this.#slotOf(label));
      item.dataset['id'] = String(id);
      setText(within(item, '.slot-number'), numberOf(this.#slotOf(label)));
      setText(within(item, '.neighbour-name'), `${label}, `);
      setText(within(item, '.neighbour-similarity'), percent(similarity));
      void paintThumbnail(within(item, 'canvas'), this.#thumbnailOf(id));
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
  const number = document.createElement('span');
  number.className = 'slot-number';
  number.setAttribute('aria-hidden', 'true');
  const name = document.createElement('span');
  name.className = 'neighbour-name visually-hidden';
  const similarity = document.createElement('span');
  similarity.className = 'neighbour-similarity';
  const caption = document.createElement('span');
  caption.className = 'neighbour-caption';
  caption.append(shape, number, name, similarity);
  item.append(canvas, caption);
  return item;
}
