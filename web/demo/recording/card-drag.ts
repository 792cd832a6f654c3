// Cards that are dragged by their handle to another place.

import { listenForDrag } from '../dom/drag.js';

/** Calls `onDrop` when a card was dragged to another place among the cards of `list`. `index` counts without the dragged card. */
export function listenForCardDrag(list: HTMLElement, onDrop: (card: HTMLElement, index: number) => void): void {
  listenForDrag(
    list,
    (event) => {
      const card = (event.target as HTMLElement).closest('.handle')?.closest<HTMLElement>('.card');
      if (!card) return undefined;
      let [right, down] = [0, 0];
      let place: Place | undefined;
      const show = (next: Place | undefined) => {
        if (place) delete place.card.dataset['place'];
        if (next) next.card.dataset['place'] = next.isBefore ? 'before' : 'after';
        place = next;
      };
      const startY = scrollY;
      return {
        onStart: () => void (card.dataset['dragging'] = ''),
        onMove(x, y, dx, dy) {
          right += dx;
          down += dy;
          card.style.translate = `${right}px ${down + scrollY - startY}px`;
          show(placeAt(list, card, x, y));
        },
        onEnd(_x, _y, dropped) {
          const index = place && indexOf(list, card, place);
          show(undefined);
          delete card.dataset['dragging'];
          card.style.translate = '';
          if (dropped && index !== undefined) onDrop(card, index);
        },
      };
    },
    { scrolls: true },
  );
}

/** A place before or after another card. */
interface Place {
  card: HTMLElement;
  isBefore: boolean;
}

function placeAt(list: HTMLElement, dragged: HTMLElement, x: number, y: number): Place | undefined {
  const card = document
    .elementsFromPoint(x, y)
    .map((each) => each.closest<HTMLElement>('.card'))
    .find((each) => each && each !== dragged && each.parentElement === list);
  if (!card) return undefined;
  const { left, top, width, height } = card.getBoundingClientRect();
  const isBefore = list.hasAttribute('data-many') ? x < left + width / 2 : y < top + height / 2;
  return { card, isBefore };
}

function indexOf(list: HTMLElement, dragged: HTMLElement, { card, isBefore }: Place): number {
  const others = [...list.children].filter((each) => each !== dragged);
  return others.indexOf(card) + (isBefore ? 0 : 1);
}
