// The examples of a class at a glance: a row of thumbnails on one canvas. During a recording, new ones push the
// others to the right. At other times, the row shows a selection of all examples.

import { within } from '../dom/elements.js';
import { decodeThumbnails } from '../dom/thumbnails.js';

/** Size of a thumbnail and of the gap, in CSS pixels. */
const sideLength = 44;
const gap = 4;
const minMsBetweenAdditions = 180;

/** A row of thumbnails. */
export class ThumbnailRow {
  readonly #canvas: HTMLCanvasElement;
  readonly #emptyText: HTMLElement;
  #addedAt = -Infinity;
  /** Counts the changes, so that thumbnails that are decoded too late are ignored. */
  #changes = 0;

  constructor(root: HTMLElement) {
    this.#canvas = within(root, 'canvas');
    this.#emptyText = within(root, '.thumbnails-empty');
  }

  /** Adds a thumbnail at the left and moves the others to the right. Of many in a short time, only some are shown. */
  async add(thumbnail: Uint8Array | undefined): Promise<void> {
    const now = performance.now();
    if (now - this.#addedAt < minMsBetweenAdditions) return;
    this.#addedAt = now;
    const change = ++this.#changes;
    const [picture] = await decodeThumbnails([thumbnail]);
    if (change !== this.#changes || !picture) return;
    this.#emptyText.hidden = true;
    // A canvas that was never drawn on has the width 1 of index.html.
    if (this.#canvas.width === 1) this.#resetCanvas();
    const context = this.#canvas.getContext('2d');
    if (!context) return;
    context.globalCompositeOperation = 'copy';
    context.drawImage(this.#canvas, Math.round((sideLength + gap) * this.#scale), 0);
    context.globalCompositeOperation = 'source-over';
    context.drawImage(picture, 0, 0, this.#canvas.height, this.#canvas.height);
  }

  /** Shows an even selection of these examples, as many as fit, newest first. */
  async show(ids: readonly number[], thumbnailOf: (id: number) => Uint8Array | undefined): Promise<void> {
    const change = ++this.#changes;
    this.#emptyText.hidden = ids.length > 0;
    const capacity = Math.max(1, Math.ceil(this.#canvas.clientWidth / (sideLength + gap)));
    const pictures = await decodeThumbnails(selectEvenly(ids, capacity).map(thumbnailOf));
    if (change !== this.#changes) return;
    this.#resetCanvas();
    const context = this.#canvas.getContext('2d');
    if (!context) return;
    const size = this.#canvas.height;
    pictures.forEach((picture, index) => {
      const x = Math.round(index * (sideLength + gap) * this.#scale);
      context.fillStyle = '#80808055';
      if (picture) context.drawImage(picture, x, 0, size, size);
      else context.fillRect(x, 0, size, size);
    });
  }

  get #scale(): number {
    return this.#canvas.height / sideLength;
  }

  #resetCanvas(): void {
    this.#canvas.width = Math.max(1, Math.round(this.#canvas.clientWidth * devicePixelRatio));
    this.#canvas.height = Math.round(sideLength * devicePixelRatio);
  }
}

/** Returns at most `maxCount` evenly spread elements of a list, from its end to its beginning. */
function selectEvenly<T>(list: readonly T[], maxCount: number): T[] {
  const count = Math.min(maxCount, list.length);
  return Array.from(
    { length: count },
    (_, index) => list[list.length - 1 - Math.floor((index * list.length) / count)]!,
  );
}
