// Editing: the buttons that change classes and examples, and the one that undoes the last change.

import type { Dataset } from '../dataset/dataset.js';
import type { DatasetEditor } from '../dataset/editor.js';
import type { Recordings } from '../dataset/recordings.js';
import { maxClasses, type Slots } from '../dataset/slots.js';
import type { UndoHistory } from '../dataset/undo-history.js';
import { byId } from '../dom/elements.js';
import type { ClassCard } from '../panels/class-card.js';
import type { ClassList } from '../panels/class-list.js';
import { askToConfirm } from '../panels/confirm.js';
import { showStatus } from '../panels/status-line.js';
import type { ProjectState } from '../project/project.js';
import { withMoved } from '../recording/order.js';
import { texts } from '../texts/texts.js';
import type { Engine } from './engine.js';
import type { Recognition } from './recognition.js';

const firstClassCount = 3;

/** The parts of the page that editing uses. */
export interface EditingParts {
  engine: Engine;
  dataset: Dataset;
  slots: Slots;
  editor: DatasetEditor;
  history: UndoHistory;
  recordings: Recordings;
  classList: ClassList;
  recognition: Recognition;
  project: ProjectState;
}

/** Changes the data set, and shows the visitor what was done. */
export class Editing {
  readonly #parts: EditingParts;

  constructor(parts: EditingParts) {
    this.#parts = parts;
  }

  /** Adds empty classes until there are three. */
  async addFirstClasses(): Promise<void> {
    const { dataset, slots } = this.#parts;
    while (dataset.classes.length < firstClassCount) await dataset.addClass(slots.freeName());
  }

  /** Adds a class and selects its name, so that the visitor can type another one. */
  async addClass(): Promise<void> {
    const { dataset, editor, classList } = this.#parts;
    if (dataset.classes.length >= maxClasses) return;
    let name = '';
    const isAdded = await this.#attempt(texts.classes.nameNewClass, async () => {
      name = await editor.addClass();
    });
    if (isAdded) classList.reveal(name)?.focusName();
  }

  async removeClass({ name, label }: ClassCard): Promise<void> {
    await this.#attempt(texts.editing.removedClass(name), () => this.#parts.editor.removeClass(label));
  }

  /** Removes all examples of a class. */
  async clearClass({ name, label }: ClassCard): Promise<void> {
    const { dataset, editor } = this.#parts;
    await this.#attempt(texts.editing.removedAll(name), () =>
      editor.removeExamples(dataset.idsOf(label), texts.editing.undoRemovalOfAll(name)),
    );
  }

  /** Renames a class. When the engine rejects the name, the card shows the old one again. */
  async renameClass(card: ClassCard, name: string): Promise<void> {
    try {
      await this.#parts.editor.renameClass(card.label, name);
      await this.#parts.recognition.refresh();
    } catch (error) {
      card.resetName();
      await this.#parts.engine.onError(error);
    }
  }

  /** Removes one example. `className` is named in the status line if it is given. */
  async removeExample(id: number, className?: string): Promise<void> {
    const { removedOne, removedOneOf, undoRemovalOfOne, undoRemovalOfOneOf } = texts.editing;
    const [done, step] =
      className === undefined
        ? [removedOne, undoRemovalOfOne]
        : [removedOneOf(className), undoRemovalOfOneOf(className)];
    await this.#attempt(done, () => this.#parts.editor.removeExamples([id], step));
  }

  async moveExample(id: number, label: string): Promise<void> {
    await this.#attempt(texts.editing.movedOne(label), () => this.#parts.editor.moveExample(id, label));
  }

  /** Lets the examples of a class vote, or not. */
  async enableClass({ name, label }: ClassCard, enabled: boolean): Promise<void> {
    const { turnedOff, turnedOn, undoSwitch } = texts.recording;
    await this.#attempt(enabled ? turnedOn(name) : turnedOff(name), () =>
      this.#parts.editor.enableClass(label, enabled, undoSwitch(name)),
    );
  }

  /** Moves a class to another index on the page. */
  moveClass({ name, label }: ClassCard, index: number): void {
    const { classList, history, project } = this.#parts;
    const labels = withMoved(classList.labels, label, index);
    if (!labels) return;
    const { order } = project.current;
    project.setOrder(labels);
    history.push({ description: texts.recording.undoOrder, undo: async () => project.setOrder(order) });
    showStatus(texts.recording.movedClass(name, labels.indexOf(label) + 1, labels.length));
  }

  /** Moves a class by one place: -1 or 1. */
  stepClass(card: ClassCard, step: -1 | 1): void {
    this.moveClass(card, this.#parts.classList.labels.indexOf(card.label) + step);
  }

  /** Makes room in a full memory. */
  async storeInBytes(): Promise<void> {
    await this.#attempt(texts.editing.storedInBytes, () => this.#parts.dataset.useBytes());
  }

  /** Removes everything, after the visitor has confirmed it. */
  async startOver(): Promise<void> {
    const { exampleCount } = this.#parts.dataset;
    const question =
      exampleCount === 0 ? texts.editing.askStartOverEmpty(firstClassCount) : texts.editing.askStartOver(exampleCount);
    if (!(await askToConfirm(question, texts.editing.startOver))) return;
    await this.#attempt(texts.editing.startedOver, async () => {
      await this.#parts.editor.clear();
      await this.addFirstClasses();
    });
  }

  /** Undoes the last change. */
  async undo(): Promise<void> {
    const { engine, history, recordings, classList, recognition } = this.#parts;
    // The last frame of a recording may still be in the engine. It must not outlive the others.
    await recordings.settle();
    // A recording that is going on continues as a new step.
    recordings.renew((slot) => classList.at(slot)?.label ?? '');
    try {
      const step = await history.undo();
      if (!step) return;
      showStatus(texts.page.undone(step.description));
      await recognition.refresh();
    } catch (error) {
      await engine.onError(error);
    }
  }

  /** Makes a change, shows the text `done`, and updates the prediction. Returns false when the change failed. */
  async #attempt(done: string, change: () => Promise<unknown>): Promise<boolean> {
    const { engine, recognition } = this.#parts;
    if (!engine.classifier) return false;
    try {
      await change();
    } catch (error) {
      await engine.onError(error);
      return false;
    }
    showStatus(done);
    // The button that had the focus may be removed or disabled now.
    if (document.activeElement?.matches('body, :disabled')) byId('undo').focus({ preventScroll: true });
    await recognition.refresh();
    return true;
  }
}
