// The check of the examples: the accuracy, and the examples that may be in the wrong class.

import type { Review } from 'teachable-wasm';
import { colourOf } from '../dataset/slots.js';
import { byId, makeButton } from '../dom/elements.js';
import { percent } from '../dom/format.js';
import { paintThumbnail } from '../dom/thumbnails.js';
import type { ConfusionTable } from '../see/confusion-table.js';
import { texts } from '../texts/texts.js';

/** Callbacks and data that the panel needs from the rest of the page. */
export interface ReviewEvents {
  /** Returns the engine's review of all examples. */
  review(): Promise<Review>;
  /** Returns the number of examples of each class that has any. */
  classSizes(): number[];
  thumbnailOf(id: number): Uint8Array | undefined;
  /** Returns the labels of all classes in the order of the page. */
  order(): string[];
  slotOf(label: string): number;
  onMove(id: number, label: string): void;
  onDelete(id: number): void;
}

const maxOutliers = 12;
/** Minimum number of examples. With fewer, a tested example has too few others to be compared with. */
const minExamples = 3;
/** The panel waits for a pause in teaching before it updates. */
const updateDelayMs = 500;

/** Shows the review while the panel is open. */
export class ReviewPanel {
  readonly #root = byId<HTMLDetailsElement>('review');
  readonly #events: ReviewEvents;
  /** Counts the updates, so that a review that arrives late is ignored. */
  #updates = 0;
  #timer = 0;
  #matrix: ConfusionTable | undefined;

  constructor(events: ReviewEvents) {
    this.#events = events;
    this.#root.addEventListener('toggle', () => void this.#refresh());
  }

  /** Must be called after each change of the data set. */
  changed(): void {
    clearTimeout(this.#timer);
    if (this.#root.open) this.#timer = setTimeout(() => void this.#refresh(), updateDelayMs);
  }

  async #refresh(): Promise<void> {
    if (!this.#root.open) return;
    const update = ++this.#updates;
    const sizes = this.#events.classSizes();
    const isEnough = sizes.length > 1 && Math.min(...sizes) >= minExamples;
    const review = isEnough ? await this.#events.review().catch(() => null) : null;
    if (update !== this.#updates) return;
    this.#show(review);
    if (!review && !this.#matrix) return;
    const { ConfusionTable } = await import('../see/confusion-table.js');
    this.#matrix ??= new ConfusionTable(byId('confusion'), this.#events);
    if (update === this.#updates) this.#matrix.show(review);
  }

  #show(review: Review | null): void {
    byId('review-text').replaceChildren(...sentences(review).map((text) => makeParagraph(text)));
    const outliers = review?.outliers.slice(0, maxOutliers) ?? [];
    byId('review-list').replaceChildren(...outliers.map((outlier) => this.#makeRow(outlier)));
    this.#root.dataset['tested'] = String(review?.tested ?? 0);
  }

  #makeRow({ id, label, suggestedLabel }: Review['outliers'][number]): HTMLLIElement {
    const row = document.createElement('li');
    const canvas = document.createElement('canvas');
    canvas.setAttribute('aria-hidden', 'true');
    void paintThumbnail(canvas, this.#events.thumbnailOf(id));
    row.append(
      canvas,
      makeParagraph(texts.review.looksLike(label, suggestedLabel)),
      makeButton(texts.review.moveTo(suggestedLabel), () => this.#events.onMove(id, suggestedLabel)),
      makeButton(texts.common.remove, () => this.#events.onDelete(id)),
    );
    row.dataset['class'] = colourOf(this.#events.slotOf(label));
    return row;
  }
}

function sentences(review: Review | null): string[] {
  if (!review) return [texts.review.needsMore(minExamples)];
  const { tested, accuracy, mostConfusable, duplicates, outliers } = review;
  const result = [texts.review.result(tested, percent(accuracy))];
  if (mostConfusable) {
    const { labels, confusions } = mostConfusable;
    result.push(texts.review.confused(...labels, confusions));
  }
  if (duplicates.length > tested / 2) result.push(texts.review.duplicates);
  if (outliers.length > 0) result.push(texts.review.mayBeWrong);
  return result;
}

function makeParagraph(text: string): HTMLParagraphElement {
  const paragraph = document.createElement('p');
  paragraph.textContent = text;
  return paragraph;
}
