// The examples of one class on its card: a row of thumbnails, and the gallery that opens below it.

import { within } from '../dom/elements.js';
import { Gallery, type GalleryEvents } from './gallery.js';
import { ThumbnailRow } from './thumbnail-row.js';

/** Wait after the last new example, before the whole row is drawn again. */
const redrawDelayMs = 400;

/** The thumbnails and the gallery of one card. */
export class ClassExamples {
  readonly #button: HTMLButtonElement;
  readonly #row: ThumbnailRow;
  readonly #gallery: Gallery;
  readonly #thumbnailOf: (id: number) => Uint8Array | undefined;
  #ids: readonly number[] = [];
  #count = -1;
  #name = '';
  #timer = 0;

  /** Stops when `signal` is aborted. */
  constructor(card: HTMLElement, events: GalleryEvents, signal: AbortSignal) {
    this.#thumbnailOf = events.thumbnailOf;
    this.#button = within(card, '.thumbnails');
    this.#row = new ThumbnailRow(this.#button);
    this.#gallery = new Gallery(within(card, '.gallery'), events);
    this.#button.addEventListener('click', () => {
      this.#gallery.toggle();
      this.#showExpanded();
    });
    window.addEventListener('resize', () => this.#drawRow(), { signal });
    signal.addEventListener('abort', () => clearTimeout(this.#timer));
  }

  /** Shows these examples, oldest first. Returns false when nothing has changed. */
  show(ids: readonly number[], name: string): boolean {
    // For the same array, ids were only added at the end. That happens with each frame of a recording.
    const added = ids === this.#ids ? ids.length - this.#count : NaN;
    if (added === 0) return false;
    this.#ids = ids;
    this.#count = ids.length;
    this.#name = name;
    this.#button.disabled = ids.length === 0;
    clearTimeout(this.#timer);
    if (added > 0) {
      void this.#row.add(this.#thumbnailOf(ids.at(-1)!));
      this.#timer = setTimeout(() => this.#draw(), redrawDelayMs);
    } else this.#draw();
    return true;
  }

  #draw(): void {
    this.#drawRow();
    this.#gallery.show(this.#ids, this.#name);
    this.#showExpanded();
  }

  #drawRow(): void {
    void this.#row.show(this.#ids, this.#thumbnailOf);
  }

  #showExpanded(): void {
    this.#button.setAttribute('aria-expanded', String(this.#gallery.isOpen));
  }
}
