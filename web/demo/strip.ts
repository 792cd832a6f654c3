// The examples of a class at a glance: a row of small pictures on one canvas. While one records it runs along; at rest it shows some of all.

import { within } from './element.js';
import { decodeThumbnails } from './thumbnail.js';

const side = 44;
const gap = 4;
const leastMsBetween = 180;

export class Strip {
  readonly #canvas: HTMLCanvasElement;
  readonly #empty: HTMLElement;
  #lastAt = -Infinity;
  /** Grows with each change, so that pictures that were decoded late are noticed as late. */
  #turn = 0;

  constructor(root: HTMLElement) {
    this.#canvas = within(root, 'canvas');
    this.#empty = within(root, '.strip-empty');
  }

  /** Puts a picture at the left and moves the others on. Of many in a short time, only some are shown. */
  async add(thumbnail: Uint8Array | undefined): Promise<void> {
    const now = performance.now();
    if (now - this.#lastAt < leastMsBetween) return;
    this.#lastAt = now;
    const turn = ++this.#turn;
    const [picture] = await decodeThumbnails([thumbnail]);
    if (turn !== this.#turn || !picture) return;
    this.#showEmpty(false);
    if (this.#canvas.width === 1) this.#prepare();
    const context = this.#canvas.getContext('2d');
    if (!context) return;
    context.globalCompositeOperation = 'copy';
    context.drawImage(this.#canvas, Math.round((side + gap) * this.#scale), 0);
    context.globalCompositeOperation = 'source-over';
    context.drawImage(picture, 0, 0, this.#canvas.height, this.#canvas.height);
  }

  /** Shows as many as there is room for of these, spread evenly, the latest at the left. */
  async show(ids: readonly number[], thumbnailOf: (id: number) => Uint8Array | undefined): Promise<void> {
    const turn = ++this.#turn;
    this.#showEmpty(ids.length === 0);
    const room = Math.max(1, Math.ceil(this.#canvas.clientWidth / (side + gap)));
    const pictures = await decodeThumbnails(spread(ids, room).map(thumbnailOf));
    if (turn !== this.#turn) return;
    this.#prepare();
    const context = this.#canvas.getContext('2d');
    if (!context) return;
    const size = this.#canvas.height;
    pictures.forEach((picture, index) => {
      const x = Math.round(index * (side + gap) * this.#scale);
      context.fillStyle = '#80808055';
      if (picture) context.drawImage(picture, x, 0, size, size);
      else context.fillRect(x, 0, size, size);
    });
  }

  get #scale(): number {
    return this.#canvas.height / side;
  }

  #showEmpty(isEmpty: boolean): void {
    this.#empty.hidden = !isEmpty;
  }

  #prepare(): void {
    this.#canvas.width = Math.max(1, Math.round(this.#canvas.clientWidth * devicePixelRatio));
    this.#canvas.height = Math.round(side * devicePixelRatio);
  }
}

/** At most `most` of a list, from its end to its beginning. */
function spread<T>(list: readonly T[], most: number): T[] {
  const count = Math.min(most, list.length);
  return Array.from(
    { length: count },
    (_, index) => list[list.length - 1 - Math.floor((index * list.length) / count)]!,
  );
}
