// The confusion matrix as a table. Each number opens its examples.

import type { Review } from 'teachable-wasm';
import { colourOf } from '../dataset/slots.js';
import { build } from '../dom/build.js';
import { paintThumbnail } from '../dom/thumbnails.js';
import { texts } from '../texts/texts.js';
import { type MatrixCell, type MatrixRow, toMatrix } from './confusion-matrix.js';

/** Functions that the table needs from the rest of the page. */
export interface ConfusionSource {
  /** Labels of all classes in the order of the page. */
  order(): string[];
  slotOf(label: string): number;
  thumbnailOf(id: number): Uint8Array | undefined;
  onMove(id: number, label: string): void;
  onDelete(id: number): void;
}

const examplesPerPage = 24;

/** The matrix inside of `root`. */
export class ConfusionTable {
  readonly #root: HTMLElement;
  readonly #source: ConfusionSource;
  readonly #table = build('div', {
    class: 'confusion-scroll',
    role: 'region',
    tabindex: 0,
    'aria-label': texts.see.matrixTitle,
  });
  readonly #examples = build('div', { class: 'confusion-examples', 'data-testid': 'confusion-examples' });
  #open: { label: string; takenFor: string } | null = null;
  #shown = examplesPerPage;

  constructor(root: HTMLElement, source: ConfusionSource) {
    this.#root = root;
    this.#source = source;
    root.replaceChildren(
      build('h3', {}, texts.see.matrixTitle),
      build('p', { class: 'hint' }, texts.see.matrixHelp),
      this.#table,
      this.#examples,
    );
  }

  /** Shows the matrix of a review; null hides it. */
  show(review: Review | null): void {
    this.#root.hidden = !review;
    if (!review) return;
    const rows = toMatrix(review.confusion, this.#source.order());
    const hadFocus = this.#table.contains(document.activeElement);
    this.#table.replaceChildren(this.#makeTable(rows));
    const open = rows.flatMap(({ cells }) => cells).find((cell) => this.#isOpen(cell) && cell.ids.length > 0);
    this.#showExamples(open ?? null);
    if (hadFocus) this.#buttonOf(open)?.focus();
  }

  #isOpen({ label, takenFor }: MatrixCell): boolean {
    return this.#open?.label === label && this.#open.takenFor === takenFor;
  }

  #buttonOf(cell: MatrixCell | undefined): HTMLElement | null {
    return cell ? this.#table.querySelector<HTMLElement>('button[aria-expanded="true"]') : null;
  }

  #makeTable(rows: readonly MatrixRow[]): HTMLTableElement {
    const heading = (label: string, scope: 'row' | 'col') =>
      build(
        'th',
        { scope, 'data-class': colourOf(this.#source.slotOf(label)), title: label },
        build('span', { class: 'shape', 'aria-hidden': 'true' }),
        build('span', { class: 'confusion-name' }, label),
      );
    return build(
      'table',
      { class: 'confusion', 'data-testid': 'confusion' },
      build('caption', { class: 'visually-hidden' }, texts.see.matrixHelp),
      build(
        'thead',
        {},
        build(
          'tr',
          {},
          build('th', { scope: 'col', class: 'confusion-corner' }, texts.see.matrixCorner),
          ...rows.map(({ label }) => heading(label, 'col')),
        ),
      ),
      build(
        'tbody',
        {},
        ...rows.map(({ label, cells }) =>
          build('tr', {}, heading(label, 'row'), ...cells.map((cell) => this.#makeCell(cell))),
        ),
      ),
    );
  }

  #makeCell(cell: MatrixCell): HTMLTableCellElement {
    const { label, takenFor, ids, share, isRight } = cell;
    if (ids.length === 0)
      return build('td', { class: 'confusion-none' }, build('span', { class: 'visually-hidden' }, '0'));
    const button = build(
      'button',
      {
        type: 'button',
        'aria-expanded': String(this.#isOpen(cell)),
        'aria-label': texts.see.matrixCell(ids.length, label, takenFor),
        'data-right': String(isRight),
        on: {
          click: () => {
            const wasOpen = this.#isOpen(cell);
            for (const each of this.#table.querySelectorAll('[aria-expanded="true"]'))
              each.setAttribute('aria-expanded', 'false');
            button.setAttribute('aria-expanded', String(!wasOpen));
            this.#open = wasOpen ? null : { label, takenFor };
            this.#shown = examplesPerPage;
            this.#showExamples(wasOpen ? null : cell);
          },
        },
      },
      String(ids.length),
    );
    button.style.setProperty('--share', `${Math.round(10 + 45 * share)}%`);
    return build('td', {}, button);
  }

  #showExamples(cell: MatrixCell | null): void {
    if (!cell) {
      this.#open = null;
      return this.#examples.replaceChildren();
    }
    const { label, takenFor, ids, isRight } = cell;
    const rows = ids.slice(0, this.#shown).map((id) => {
      const picture = build('canvas', { width: 1, height: 1, 'aria-hidden': 'true' });
      void paintThumbnail(picture, this.#source.thumbnailOf(id));
      return build(
        'li',
        { 'data-class': colourOf(this.#source.slotOf(label)), 'data-id': id },
        picture,
        ...(isRight ? [] : [makeButton(texts.review.moveTo(takenFor), () => this.#source.onMove(id, takenFor))]),
        makeButton(texts.common.remove, () => this.#source.onDelete(id)),
      );
    });
    const rest = ids.length - rows.length;
    const more = makeButton(texts.classes.showMore(Math.min(rest, examplesPerPage), rest), () => {
      this.#shown += examplesPerPage;
      this.#showExamples(cell);
    });
    this.#examples.replaceChildren(
      build('p', { 'aria-live': 'polite' }, texts.see.matrixCell(ids.length, label, takenFor)),
      build('ul', { class: 'review-list confusion-list' }, ...rows),
      ...(rest > 0 ? [more] : []),
    );
  }
}

function makeButton(text: string, onClick: () => void): HTMLButtonElement {
  return build('button', { type: 'button', on: { click: onClick } }, text);
}
