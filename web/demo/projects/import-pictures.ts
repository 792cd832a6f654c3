// Teaches the pictures of folders and archives, one after another.

import type { Dataset } from '../dataset/dataset.js';
import type { Slots } from '../dataset/slots.js';
import type { UndoHistory } from '../dataset/undo-history.js';

/** A picture that waits to be taught. */
export interface ImportPicture {
  /** Path for the list of skipped files. */
  path: string;
  label: string;
  /** Reads the file. An error's message says why it can't. */
  read(): Promise<Blob>;
}

/** Functions and data that an import needs. */
export interface ImportParts {
  dataset: Dataset;
  slots: Slots;
  history: UndoHistory;
  /** Adds a picture to a class and returns the id of the example. */
  teach(picture: Blob, label: string): Promise<number>;
  /** Called before each picture. */
  onProgress(done: number, total: number): void;
  /** Called for each picture that is skipped. The next one waits for it. */
  onSkip(path: string, error: unknown): void | Promise<void>;
  /** Ends the import after the current picture. */
  signal: AbortSignal;
}

/** Result of an import. */
export interface ImportResult {
  added: number;
  skipped: number;
  /** Labels of the classes that got examples. */
  labels: string[];
  /** True when it was stopped before the last picture. */
  stopped: boolean;
}

/** Errors in a row after which an import ends, because the next pictures would fail in the same way. */
const maxFailuresInRow = 50;

/**
 * Teaches pictures and adds the classes that are missing. All of it is one undo step, also when it is stopped. Empty classes of a project
 * without any example make room for those of the pictures.
 */
export async function importPictures(
  pictures: readonly ImportPicture[],
  description: string,
  parts: ImportParts,
): Promise<ImportResult> {
  const { dataset, history, signal } = parts;
  const added: number[] = [];
  const newLabels: string[] = [];
  const labels = new Set<string>();
  const removed = await removeEmptyClasses(pictures, parts);
  const stopping = new AbortController();
  let isNoted = false;
  const note = () => {
    if (isNoted) return;
    isNoted = true;
    history.push({ description, undo: () => undo() });
  };
  const undo = async () => {
    // The rest must not come after what was undone.
    stopping.abort();
    await dataset.removeExamples(added);
    for (const label of newLabels) if (dataset.idsOf(label).length === 0) await dataset.removeClass(label);
    for (const [label, slot] of removed) {
      if (slot !== undefined) parts.slots.set(label, slot);
      await dataset.addClass(label);
    }
  };
  if (removed.length > 0) note();
  let skipped = 0;
  let failuresInRow = 0;
  let index = 0;
  const isStopped = () => signal.aborted || stopping.signal.aborted;
  for (; index < pictures.length && !isStopped() && failuresInRow < maxFailuresInRow; index++) {
    const { path, label, read } = pictures[index]!;
    parts.onProgress(index, pictures.length);
    try {
      const picture = await read();
      if (isStopped()) break;
      if (!dataset.classes.some((each) => each.label === label)) {
        await dataset.addClass(label);
        newLabels.push(label);
        note();
      }
      added.push(await parts.teach(picture, label));
      labels.add(label);
      note();
      failuresInRow = 0;
    } catch (error) {
      skipped++;
      failuresInRow++;
      await parts.onSkip(path, error);
    }
  }
  return { added: added.length, skipped, labels: [...labels], stopped: index < pictures.length };
}

/** Removes the empty classes of a project without examples, except those that pictures belong to. Returns them with their slots. */
async function removeEmptyClasses(pictures: readonly ImportPicture[], { dataset, slots }: ImportParts) {
  if (dataset.exampleCount > 0 || pictures.length === 0) return [];
  const wanted = new Set(pictures.map(({ label }) => label));
  const removed = dataset.classes
    .map(({ label }): [string, number | undefined] => [label, slots.of(label)])
    .filter(([label]) => !wanted.has(label));
  for (const [label] of removed) await dataset.removeClass(label);
  return removed;
}
