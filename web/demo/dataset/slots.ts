// The slot of each class: a number from 1 on that decides its key, its colour and its shape.
// A class keeps its slot when it gets a new name and when other classes are removed.

import { texts } from '../texts/texts.js';

/** A class name with its slot. */
export type SlotEntry = [name: string, slot: number];

/** Number of slots that have a key, a colour and a shape of their own. */
export const slotCount = 9;

/** Maximum number of classes. A file with more is refused, because nobody could find a class among them. */
export const maxClasses = 1000;

/** Returns the colour and shape of a slot, as style.css numbers them. Slot 0 means no class. */
export function colourOf(slot: number): string {
  return String(slot === 0 ? 0 : ((slot - 1) % slotCount) + 1);
}

/** Returns the number that tells a slot from others of the same colour and shape; '' for the first ones, which need none. */
export function numberOf(slot: number): string {
  return slot > slotCount ? String(slot) : '';
}

/** The slots of all classes, by class name. */
export class Slots {
  #slots = new Map<string, number>();

  /** Returns the slot of a class, or undefined when there is no such class. */
  of(name: string): number | undefined {
    return this.#slots.get(name);
  }

  all(): SlotEntry[] {
    return [...this.#slots];
  }

  set(name: string, slot: number): void {
    this.#slots.set(name, slot);
  }

  rename(name: string, newName: string): void {
    const slot = this.#slots.get(name);
    this.#slots.delete(name);
    if (slot !== undefined) this.#slots.set(newName, slot);
  }

  /** Replaces all slots. */
  reset(slots: readonly Readonly<SlotEntry>[]): void {
    this.#slots = new Map(slots);
  }

  /** Gives each of these classes a slot and frees the slots of all others. */
  assign(names: readonly string[]): void {
    const wanted = new Set(names);
    for (const name of [...this.#slots.keys()]) if (!wanted.has(name)) this.#slots.delete(name);
    const taken = new Set(this.#slots.values());
    let slot = 0;
    for (const name of names) {
      if (this.#slots.has(name)) continue;
      do slot++;
      while (taken.has(slot));
      this.#slots.set(name, slot);
    }
  }

  /** Returns a name for a new class, such as 'Class 4', that no other class has. */
  freeName(): string {
    for (let number = this.#firstFree(); ; number++) {
      const name = texts.classes.defaultName(number);
      if (!this.#slots.has(name)) return name;
    }
  }

  #firstFree(): number {
    const taken = new Set(this.#slots.values());
    let slot = 1;
    while (taken.has(slot)) slot++;
    return slot;
  }
}
