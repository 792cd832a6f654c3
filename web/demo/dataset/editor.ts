// The visitor's changes of the data set. Each can be undone.

import type { StoredDataset } from '../storage/stored-record.js';
import { texts } from '../texts/texts.js';
import type { Dataset, RemovedExample, Snapshot } from './dataset.js';
import type { DatasetFormat } from './files.js';
import type { SlotEntry, Slots } from './slots.js';
import type { UndoHistory } from './undo-history.js';

/** Examples that are added together, by one press or one choice of files. They are undone together. */
export class Recording {
  readonly #ids: number[] = [];
  readonly #label: string;
  readonly #dataset: Dataset;
  readonly #history: UndoHistory;

  constructor(label: string, dataset: Dataset, history: UndoHistory) {
    this.#label = label;
    this.#dataset = dataset;
    this.#history = history;
  }

  /** Adds an example's id. The first one creates the undo step. */
  add(id: number): void {
    this.#ids.push(id);
    if (this.#ids.length > 1) return;
    const dataset = this.#dataset;
    const ids = this.#ids;
    this.#history.push({
      description: texts.editing.undoNewExamples(this.#label),
      undo: async () => void (await dataset.removeExamples(ids)),
    });
  }
}

/** Changes the data set and the slots, and records how to undo each change. */
export class DatasetEditor {
  readonly #dataset: Dataset;
  readonly #slots: Slots;
  readonly #history: UndoHistory;

  constructor(dataset: Dataset, slots: Slots, history: UndoHistory) {
    this.#dataset = dataset;
    this.#slots = slots;
    this.#history = history;
  }

  startRecording(label: string): Recording {
    return new Recording(label, this.#dataset, this.#history);
  }

  /** Adds a class in the first free slot and returns its name. */
  async addClass(): Promise<string> {
    const name = this.#slots.freeName();
    await this.#dataset.addClass(name);
    this.#history.push({ description: texts.editing.undoNewClass(name), undo: () => this.#dataset.removeClass(name) });
    return name;
  }

  /** Removes a class and its examples. */
  async removeClass(label: string): Promise<void> {
    const slot = this.#slots.of(label);
    const { enabled = true } = this.#dataset.classes.find((each) => each.label === label) ?? {};
    const removed = await this.#dataset.removeExamples(this.#dataset.idsOf(label));
    // Pushed before the class is removed: if that fails, the examples can still be restored.
    this.#history.push({
      description: texts.editing.undoRemoval(label),
      undo: async () => {
        if (slot !== undefined) this.#slots.set(label, slot);
        await this.#dataset.addClass(label);
        if (!enabled) await this.#dataset.enableClass(label, false);
        await this.#dataset.restoreExamples(removed);
      },
    });
    await this.#dataset.removeClass(label);
  }

  async renameClass(label: string, newLabel: string): Promise<void> {
    await this.#dataset.renameClass(label, newLabel);
    this.#history.push({
      description: texts.editing.undoNewName(newLabel),
      undo: () => this.#dataset.renameClass(newLabel, label),
    });
  }

  /** Lets the examples of a class vote, or not. */
  async enableClass(label: string, enabled: boolean, description: string): Promise<void> {
    await this.#dataset.enableClass(label, enabled);
    this.#history.push({ description, undo: () => this.#dataset.enableClass(label, !enabled) });
  }

  async removeExamples(ids: readonly number[], description: string): Promise<RemovedExample[]> {
    const removed = await this.#dataset.removeExamples(ids);
    if (removed.length > 0) this.#history.push({ description, undo: () => this.#dataset.restoreExamples(removed) });
    return removed;
  }

  async moveExample(id: number, label: string): Promise<void> {
    const oldLabel = this.#dataset.labelOf(id);
    if (oldLabel === undefined || oldLabel === label) return;
    await this.#dataset.moveExample(id, label);
    this.#history.push({
      description: texts.editing.undoMove(label),
      undo: () => this.#dataset.moveExample(id, oldLabel),
    });
  }

  /** Replaces the data set by a file's. */
  async openFile(file: Blob, format: DatasetFormat): Promise<void> {
    await this.#replaceAll(texts.editing.undoOpening, () => this.#dataset.open(file, format));
  }

  /** Replaces the data set by the one that another tab has stored. */
  async openStored({ file, changes, slots }: StoredDataset): Promise<void> {
    await this.#replaceAll(texts.editing.undoOtherTab, async () => {
      this.#slots.reset(slots);
      await this.#dataset.openStored(file, changes);
    });
  }

  /** Removes all classes and examples. */
  async clear(): Promise<void> {
    await this.#replaceAll(texts.editing.undoStartOver, () => this.#dataset.clear());
  }

  async #replaceAll(description: string, replace: () => Promise<void>): Promise<void> {
    const snapshot = await this.#dataset.snapshot();
    const slots = this.#slots.all();
    this.#slots.reset([]);
    try {
      await replace();
    } catch (error) {
      this.#slots.reset(slots);
      throw error;
    }
    this.#history.push({ description, undo: () => this.#restore(snapshot, slots) });
  }

  async #restore(snapshot: Snapshot, slots: SlotEntry[]): Promise<void> {
    this.#slots.reset(slots);
    await this.#dataset.restoreSnapshot(snapshot);
  }
}
