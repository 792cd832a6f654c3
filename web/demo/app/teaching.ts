// Teaching: adds examples to a class, from the camera while its button is held, or from picture files.

import { advice } from '../dataset/advice.js';
import type { Dataset } from '../dataset/dataset.js';
import type { DatasetEditor } from '../dataset/editor.js';
import type { Recordings } from '../dataset/recordings.js';
import { SkippedFiles } from '../dataset/skipped-files.js';
import { readIntoMemory } from '../dom/file-input.js';
import type { Input } from '../input/input.js';
import { showAlert } from '../panels/alert.js';
import type { ClassCard } from '../panels/class-card.js';
import type { ClassList } from '../panels/class-list.js';
import { errorSentence } from '../panels/error-text.js';
import type { Preview } from '../panels/preview.js';
import { showStatus } from '../panels/status-line.js';
import { texts } from '../texts/texts.js';
import type { Engine } from './engine.js';
import { failureOf } from './failure.js';
import type { Recognition } from './recognition.js';

/** The parts of the page that teaching uses. */
export interface TeachingParts {
  engine: Engine;
  dataset: Dataset;
  editor: DatasetEditor;
  recordings: Recordings;
  input: Input;
  preview: Preview;
  classList: ClassList;
  recognition: Recognition;
}

/** Adds examples to classes. */
export class Teaching {
  readonly #parts: TeachingParts;

  constructor(parts: TeachingParts) {
    this.#parts = parts;
  }

  /** Starts to record a class. */
  press(card: ClassCard): void {
    const { engine, input, recordings, recognition } = this.#parts;
    if (!engine.classifier) return showStatus(texts.page.stillLoading);
    if (input.kind === 'none') return showStatus(texts.teaching.nothingToRecord);
    recordings.start(card.slot, card.label);
    card.showRecording(true);
    if (input.kind === 'picture') void recognition.run();
    else showStatus(texts.teaching.recording(card.name));
  }

  /** Stops recording a class. */
  release(card: ClassCard): void {
    this.#parts.recordings.stop(card.slot);
    card.showRecording(false);
    if (this.#parts.input.isMoving) showStatus(this.#advice());
  }

  /** Adds picture files to a class. Files that can't be read or are not pictures are skipped, and an alert names each with the reason. */
  async addPictures(card: ClassCard, files: File[]): Promise<void> {
    const { engine, editor, preview, recognition } = this.#parts;
    if (!(await engine.whenRestarted())) return showStatus(texts.page.stillLoading);
    const recording = editor.startRecording(card.label);
    let added = 0;
    const skipped = new SkippedFiles();
    for (const [index, file] of files.entries()) {
      showStatus(texts.teaching.addingPicture(index + 1, files.length, card.name));
      try {
        const picture = await readIntoMemory(file);
        const bitmap = await createImageBitmap(picture, { imageOrientation: 'from-image' }).catch(() => null);
        const thumbnailSource = bitmap && { image: bitmap, mirrored: false, crop: preview.crop };
        const observation = await recognition.observe(picture, card, thumbnailSource).finally(() => bitmap?.close());
        if (!observation) throw new Error(texts.teaching.engineStopped);
        recording.add(observation.exampleId!);
        added++;
      } catch (error) {
        skipped.add(file.name, errorSentence(error));
        // An engine that was lost is started again for the next file.
        if (['lost', 'doubtful'].includes(failureOf(error))) await engine.onError(error);
      }
    }
    showStatus(`${texts.teaching.addedPictures(added, files.length, card.name)} ${this.#advice()}`);
    if (skipped.count > 0) showAlert(skipped.describe(files.length));
    await recognition.refresh();
  }

  #advice(): string {
    const { classList, dataset } = this.#parts;
    return advice(
      dataset.classes.map(({ label, ids }) => ({ name: classList.of(label)?.name ?? label, count: ids.length })),
    );
  }
}
