// The cards of all classes, in the order of their slots.

import type { Prediction } from 'teachable-wasm';
import type { DatasetClass } from '../dataset/dataset.js';
import type { Slots } from '../dataset/slots.js';
import { ClassCard, type ClassCardEvents } from './class-card.js';

/** More cards than this are shown in several columns. */
const maxCardsInOneColumn = 3;

/** The list of cards. */
export class ClassList {
  readonly #root: HTMLElement;
  readonly #events: ClassCardEvents;
  readonly #cards = new Map<number, ClassCard>();

  constructor(root: HTMLElement, events: ClassCardEvents) {
    this.#root = root;
    this.#events = events;
  }

  get cards(): ClassCard[] {
    return [...this.#cards.values()].sort((a, b) => a.slot - b.slot);
  }

  /** Returns the card of a class. */
  of(label: string): ClassCard | undefined {
    return this.cards.find((card) => card.label === label);
  }

  /** Returns the card in a slot. */
  at(slot: number): ClassCard | undefined {
    return this.#cards.get(slot);
  }

  /** Shows these classes and their examples. Each must have a slot. */
  show(classes: readonly DatasetClass[], slots: Slots): void {
    const taken = new Set(classes.map(({ label }) => slots.of(label)));
    for (const [slot, card] of this.#cards) {
      if (taken.has(slot)) continue;
      this.#cards.delete(slot);
      card.remove();
    }
    for (const { label, ids } of classes) {
      const card = this.#cardIn(slots.of(label)!);
      card.label = label;
      card.showExamples(ids);
    }
    this.#root.toggleAttribute('data-many', this.#cards.size > maxCardsInOneColumn);
  }

  /** Shows the confidence of each class; null resets all of them to 0. */
  showPrediction(prediction: Prediction | null): void {
    this.#root.toggleAttribute('data-unknown', prediction?.unknown === true);
    for (const card of this.#cards.values()) {
      const isWinner = prediction !== null && !prediction.unknown && prediction.label === card.label;
      card.showConfidence(prediction?.confidences[card.label] ?? 0, isWinner);
    }
  }

  #cardIn(slot: number): ClassCard {
    const existing = this.#cards.get(slot);
    if (existing) return existing;
    const card = new ClassCard(slot, this.#events);
    const next = this.cards.find((each) => each.slot > slot);
    this.#root.insertBefore(card.root, next?.root ?? null);
    this.#cards.set(slot, card);
    return card;
  }
}
