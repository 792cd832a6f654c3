// How good the examples are: each one asked about as if it were new, and those that look as if they were in the wrong class.

import type { Review } from 'teachable-wasm';
import { byId, colourOf, percent } from './element.js';
import { paintThumbnail } from './thumbnail.js';

export interface ReviewEvents {
  review(): Promise<Review>;
  /** Of the classes that have examples: how many. */
  sizes(): number[];
  thumbnailOf(id: number): Uint8Array | undefined;
  placeOf(label: string): number;
  onMove(id: number, label: string): void;
  onDelete(id: number): void;
}

const mostOutliers = 12;
/** With fewer, an example that is asked about has hardly another one beside it. */
const fewest = 3;
/** While one teaches, it waits. */
const patienceMs = 500;

export class ReviewPanel {
  readonly #root = byId<HTMLDetailsElement>('review');
  readonly #events: ReviewEvents;
  #turn = 0;
  #timer = 0;

  constructor(events: ReviewEvents) {
    this.#events = events;
    this.#root.addEventListener('toggle', () => void this.#refresh());
  }

  /** After each change: looks again if anybody sees it. */
  changed(): void {
    clearTimeout(this.#timer);
    if (this.#root.open) this.#timer = setTimeout(() => void this.#refresh(), patienceMs);
  }

  async #refresh(): Promise<void> {
    if (!this.#root.open) return;
    const turn = ++this.#turn;
    const sizes = this.#events.sizes();
    const isEnough = sizes.length > 1 && Math.min(...sizes) >= fewest;
    const review = isEnough ? await this.#events.review().catch(() => null) : null;
    if (turn === this.#turn) this.#show(review);
  }

  #show(review: Review | null): void {
    byId('review-says').replaceChildren(...sentences(review).map((text) => paragraph(text)));
    const outliers = review?.outliers.slice(0, mostOutliers) ?? [];
    byId('review-list').replaceChildren(...outliers.map((outlier) => this.#row(outlier)));
    this.#root.dataset['tested'] = String(review?.tested ?? 0);
  }

  #row({ id, label, suggestedLabel }: Review['outliers'][number]): HTMLLIElement {
    const row = document.createElement('li');
    const canvas = document.createElement('canvas');
    canvas.setAttribute('aria-hidden', 'true');
    void paintThumbnail(canvas, this.#events.thumbnailOf(id));
    const text = paragraph(`In ${label}, but looks like ${suggestedLabel}`);
    row.append(
      canvas,
      text,
      button(`Move to ${suggestedLabel}`, () => this.#events.onMove(id, suggestedLabel)),
      button('Remove', () => this.#events.onDelete(id)),
    );
    row.dataset['class'] = colourOf(this.#events.placeOf(label));
    return row;
  }
}

function sentences(review: Review | null): string[] {
  if (!review)
    return [`Teach two classes ${fewest} examples each, or more: with fewer there is nothing to compare with.`];
  const { tested, accuracy, mostConfusable, duplicates, outliers } = review;
  return [
    `Each of ${tested} examples was asked about as if it were new: ${percent(accuracy)} came out right.`,
    ...(mostConfusable
      ? [
          `Most mixed up: ${mostConfusable.labels.join(' and ')}, ${mostConfusable.confusions === 1 ? 'once' : `${mostConfusable.confusions} times`}.`,
        ]
      : []),
    ...(duplicates.length > tested / 2
      ? ['Many examples are all but the same picture: other sides and other light would teach it more.']
      : []),
    ...(outliers.length > 0 ? ['These may be in the wrong class:'] : []),
  ];
}

function paragraph(text: string): HTMLParagraphElement {
  const element = document.createElement('p');
  element.textContent = text;
  return element;
}

function button(text: string, onClick: () => void): HTMLButtonElement {
  const element = document.createElement('button');
  element.type = 'button';
  element.textContent = text;
  element.addEventListener('click', onClick);
  return element;
}
