// The cards of the classes, in the order of the project. Of many classes, one page of cards is shown at a time, so that the page stays
// quick however many there are.

import type { Prediction } from 'teachable-wasm';
import type { DatasetClass } from '../dataset/class-table.js';
import type { Slots } from '../dataset/slots.js';
import { byId } from '../dom/elements.js';
import { inOrder } from '../recording/order.js';
import { texts } from '../texts/texts.js';
import { ClassCard, type ClassCardEvents } from './class-card.js';

/** More cards than this are shown in several columns. */
const maxCardsInOneColumn = 3;
/** Maximum number of cards on the page. */
const cardsPerPage = 36;

interface Place {
  label: string;
  slot: number;
  shown: DatasetClass;
}

/** The list of cards. */
export class ClassList {
  readonly #root: HTMLElement;
  readonly #events: ClassCardEvents;
  /** All classes, in the order of the page. */
  #places: Place[] = [];
  #handsFree = false;
  #hints: ReadonlyMap<string, string> = new Map();
  #pageIndex = 0;
  /** The cards of the page by their slots, in the order of the page. */
  #cards = new Map<number, ClassCard>();
  #cardOfLabel = new Map<string, ClassCard>();

  constructor(root: HTMLElement, events: ClassCardEvents) {
    this.#root = root;
    this.#events = events;
    byId('classes-previous').addEventListener('click', () => this.#turnTo(this.#pageIndex - 1));
    byId('classes-next').addEventListener('click', () => this.#turnTo(this.#pageIndex + 1));
  }

  /** Returns the card of a class, if its page is shown. */
  of(label: string): ClassCard | undefined {
    return this.#cardOfLabel.get(label);
  }

  /** The cards of the page that is shown. */
  get shown(): Iterable<ClassCard> {
    return this.#cards.values();
  }

  /** Returns the card in a slot, if its page is shown. */
  at(slot: number): ClassCard | undefined {
    return this.#cards.get(slot);
  }

  /** The labels of all classes, in the order of the page. */
  get labels(): string[] {
    return this.#places.map(({ label }) => label);
  }

  /** Returns the card with this element, if its page is shown. */
  ofElement(element: HTMLElement): ClassCard | undefined {
    return [...this.#cards.values()].find((card) => card.root === element);
  }

  /** Shows these classes and their examples, in the order of `order`. Each must have a slot. */
  show(classes: readonly DatasetClass[], slots: Slots, order: readonly string[]): void {
    const places = classes.map((shown) => ({ label: shown.label, slot: slots.of(shown.label)!, shown }));
    this.#places = inOrder(places, order);
    this.#draw();
  }

  /** Returns the index among all classes of the place with this index on the page that is shown. */
  indexOf(indexOnPage: number): number {
    return this.#pageIndex * cardsPerPage + indexOnPage;
  }

  /** Shows whether a press records without being held. */
  showHandsFree(handsFree: boolean): void {
    this.#handsFree = handsFree;
    for (const card of this.#cards.values()) card.showHandsFree(handsFree);
  }

  /** Shows advice on the cards of these classes, by label, and on no others. */
  showHints(hints: ReadonlyMap<string, string>): void {
    this.#hints = hints;
    for (const card of this.#cards.values()) card.showHint(hints.get(card.label) ?? '');
  }

  /** Shows new examples of one class. */
  showExamples({ label, ids }: Pick<DatasetClass, 'label' | 'ids'>): void {
    this.of(label)?.showExamples(ids);
  }

  /** Shows the page with the card of a class, and returns the card. */
  reveal(label: string): ClassCard | undefined {
    const index = this.#places.findIndex(({ shown }) => shown.label === label);
    if (index >= 0) this.#turnTo(Math.floor(index / cardsPerPage));
    return this.of(label);
  }

  /** Shows the confidence of each class; null resets all of them to 0. */
  showPrediction(prediction: Prediction | null): void {
    this.#root.toggleAttribute('data-unknown', prediction?.unknown === true);
    // A class without examples may have the name of a property that every object has, such as 'constructor'.
    const confidences = new Map(Object.entries(prediction?.confidences ?? {}));
    for (const card of this.#cards.values()) {
      const isWinner = prediction !== null && !prediction.unknown && prediction.label === card.label;
      card.showConfidence(confidences.get(card.label) ?? 0, isWinner);
    }
  }

  #turnTo(pageIndex: number): void {
    if (pageIndex === this.#pageIndex) return;
    this.#pageIndex = pageIndex;
    this.#draw();
  }

  #draw(): void {
    const pageCount = Math.max(1, Math.ceil(this.#places.length / cardsPerPage));
    this.#pageIndex = Math.max(0, Math.min(pageCount - 1, this.#pageIndex));
    const first = this.#pageIndex * cardsPerPage;
    const page = this.#places.slice(first, first + cardsPerPage);
    const wanted = new Set(page.map(({ slot }) => slot));
    for (const [slot, card] of this.#cards) if (!wanted.has(slot)) card.remove();
    const focused = document.activeElement as HTMLElement | null;
    const cards = page.map(({ slot }) => this.#cards.get(slot) ?? this.#makeCard(slot));
    cards.forEach((card, index) => {
      if (this.#root.children[index] !== card.root)
        this.#root.insertBefore(card.root, this.#root.children[index] ?? null);
      card.label = page[index]!.shown.label;
    });
    this.#cards = new Map(cards.map((card) => [card.slot, card]));
    this.#cardOfLabel = new Map(cards.map((card) => [card.label, card]));
    this.#root.toggleAttribute('data-many', cards.length > maxCardsInOneColumn);
    cards.forEach((card, index) => {
      card.showEnabled(page[index]!.shown.enabled);
      card.showHint(this.#hints.get(card.label) ?? '');
    });
    // A control in a card that moved has lost the focus.
    if (focused?.isConnected && document.activeElement !== focused) focused.focus({ preventScroll: true });
    // After all cards are in the page: each measures the width of its row, which takes a layout of the page.
    cards.forEach((card, index) => card.showExamples(page[index]!.shown.ids));
    this.#showRange(first, page.length, pageCount);
  }

  #makeCard(slot: number): ClassCard {
    const card = new ClassCard(slot, this.#events);
    card.showHandsFree(this.#handsFree);
    return card;
  }

  #showRange(first: number, count: number, pageCount: number): void {
    byId('class-pages').hidden = pageCount === 1;
    byId('classes-range').textContent = texts.classes.range(first + 1, first + count, this.#places.length);
    byId<HTMLButtonElement>('classes-previous').disabled = this.#pageIndex === 0;
    byId<HTMLButtonElement>('classes-next').disabled = this.#pageIndex === pageCount - 1;
  }
}
