// The cards of all classes, each at its place.

import type { Prediction } from 'teachable-wasm';
import { ClassCard, type ClassCardEvents } from './class-card.js';
import type { TaughtClass } from './lesson.js';
import type { Places } from './places.js';

export class Board {
  readonly #root: HTMLElement;
  readonly #events: ClassCardEvents;
  readonly #cards = new Map<number, ClassCard>();

  constructor(root: HTMLElement, events: ClassCardEvents) {
    this.#root = root;
    this.#events = events;
  }

  get cards(): ClassCard[] {
    return [...this.#cards.values()].sort((a, b) => a.place - b.place);
  }

  of(label: string): ClassCard | undefined {
    return this.cards.find((card) => card.label === label);
  }

  at(place: number): ClassCard | undefined {
    return this.#cards.get(place);
  }

  /** Shows these classes and their examples. */
  show(classes: readonly TaughtClass[], places: Places): void {
    const taken = new Set(classes.map(({ label }) => places.of(label)));
    for (const [place, card] of this.#cards) {
      if (taken.has(place)) continue;
      this.#cards.delete(place);
      card.remove();
    }
    for (const { label, ids } of classes) {
      const card = this.#cardAt(places.of(label)!);
      card.label = label;
      card.showExamples(ids);
    }
    this.#root.toggleAttribute('data-many', this.#cards.size > 3);
  }

  /** Null: there is nothing to say. */
  showPrediction(prediction: Prediction | null): void {
    this.#root.toggleAttribute('data-unknown', prediction?.unknown === true);
    for (const card of this.#cards.values()) {
      card.showConfidence(
        prediction?.confidences[card.label] ?? 0,
        prediction !== null && !prediction.unknown && prediction.label === card.label,
      );
    }
  }

  #cardAt(place: number): ClassCard {
    const known = this.#cards.get(place);
    if (known) return known;
    const card = new ClassCard(place, this.#events);
    const next = this.cards.find((each) => each.place > place);
    this.#root.insertBefore(card.root, next?.root ?? null);
    this.#cards.set(place, card);
    return card;
  }
}
