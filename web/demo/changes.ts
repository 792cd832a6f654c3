// What a visitor can change of what was taught. Each change can be undone.

import type { Lesson, Removed, Snapshot } from './lesson.js';
import type { Places } from './places.js';
import type { Kept } from './store.js';
import type { UndoSteps } from './undo-steps.js';

/** Examples that were taught in one go, by one press or one choice of files. */
export class Recording {
  readonly #ids: number[] = [];
  readonly #label: string;
  readonly #lesson: Lesson;
  readonly #steps: UndoSteps;

  constructor(label: string, lesson: Lesson, steps: UndoSteps) {
    this.#label = label;
    this.#lesson = lesson;
    this.#steps = steps;
  }

  add(id: number): void {
    this.#ids.push(id);
    if (this.#ids.length > 1) return;
    const lesson = this.#lesson;
    const ids = this.#ids;
    this.#steps.push({
      what: `new examples of ${this.#label}`,
      back: async () => void (await lesson.removeExamples(ids)),
    });
  }
}

export class Changes {
  readonly #lesson: Lesson;
  readonly #places: Places;
  readonly #steps: UndoSteps;

  constructor(lesson: Lesson, places: Places, steps: UndoSteps) {
    this.#lesson = lesson;
    this.#places = places;
    this.#steps = steps;
  }

  record(label: string): Recording {
    return new Recording(label, this.#lesson, this.#steps);
  }

  /** Adds a class at the first free place and gives its name. */
  async addClass(): Promise<string> {
    const name = this.#places.freeName();
    await this.#lesson.addClass(name);
    this.#steps.push({ what: `new class ${name}`, back: () => this.#lesson.removeClass(name) });
    return name;
  }

  async removeClass(label: string): Promise<void> {
    const place = this.#places.of(label);
    const removed = await this.#lesson.removeExamples(this.#lesson.idsOf(label));
    // Before the class goes: should that fail, its examples can still be brought back.
    this.#steps.push({
      what: `removal of ${label}`,
      back: async () => {
        if (place !== undefined) this.#places.put(label, place);
        await this.#lesson.addClass(label);
        await this.#lesson.putBack(removed);
      },
    });
    await this.#lesson.removeClass(label);
  }

  async rename(label: string, newLabel: string): Promise<void> {
    await this.#lesson.renameClass(label, newLabel);
    this.#steps.push({ what: `new name ${newLabel}`, back: () => this.#lesson.renameClass(newLabel, label) });
  }

  async removeExamples(ids: readonly number[], what: string): Promise<Removed[]> {
    const removed = await this.#lesson.removeExamples(ids);
    if (removed.length > 0) this.#steps.push({ what, back: () => this.#lesson.putBack(removed) });
    return removed;
  }

  async moveExample(id: number, label: string): Promise<void> {
    const before = this.#lesson.labelOf(id);
    if (before === undefined || before === label) return;
    await this.#lesson.moveExample(id, label);
    this.#steps.push({ what: `move to ${label}`, back: () => this.#lesson.moveExample(id, before) });
  }

  /** Replaces all by a file's. */
  async open(file: Blob, format: 'dataset' | 'json'): Promise<void> {
    await this.#replaceAll('opening of a file', () => this.#lesson.open(file, format));
  }

  /** Replaces all by what another tab has kept. */
  async adopt({ file, places }: Kept): Promise<void> {
    await this.#replaceAll("change to the other tab's examples", async () => {
      this.#places.reset(places);
      await this.#lesson.open(file);
    });
  }

  async startOver(): Promise<void> {
    await this.#replaceAll('starting over', () => this.#lesson.clear());
  }

  async #replaceAll(what: string, replace: () => Promise<void>): Promise<void> {
    const snapshot = await this.#lesson.snapshot();
    const places = this.#places.all();
    this.#places.reset([]);
    try {
      await replace();
    } catch (error) {
      this.#places.reset(places);
      throw error;
    }
    this.#steps.push({ what, back: () => this.#goBack(snapshot, places) });
  }

  async #goBack(snapshot: Snapshot, places: [string, number][]): Promise<void> {
    this.#places.reset(places);
    await this.#lesson.goBack(snapshot);
  }
}
