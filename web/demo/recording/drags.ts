// Everything that is dragged: cards, examples and the zoomed picture. It is loaded after the first view.

import { listenForCardDrag } from './card-drag.js';
import { listenForExampleDrag } from './example-drag.js';
import { listenForZoomGestures, type ZoomGestureParts } from './zoom-gestures.js';

/** Elements that the drags need, and their callbacks. */
export interface DragParts extends ZoomGestureParts {
  cards: HTMLElement;
  preview: HTMLElement;
  /** Called when a card was dragged to another place; see `listenForCardDrag()`. */
  onCard(card: HTMLElement, index: number): void;
  /** Called when an example was dragged to another card. */
  onExample(id: number, card: HTMLElement): void;
}

export function listenForDrags(parts: DragParts): void {
  listenForCardDrag(parts.cards, parts.onCard);
  listenForExampleDrag(parts.cards, parts.onExample);
  listenForZoomGestures(parts.preview, parts);
}
