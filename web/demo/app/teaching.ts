// Teaching: adds examples to a class, from the camera as its button and the recording options say, or from picture files.

import { advice, imbalances } from '../dataset/advice.js';
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
import { pageClock } from '../recording/clock.js';
import { RecordingOverlay } from '../recording/overlay.js';
import { Presses } from '../recording/presses.js';
import type { RecordingSettings } from '../recording/settings.js';
import { Stillness } from '../recording/stillness.js';
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
  recordingSettings: RecordingSettings;
}

/** Adds examples to classes. */
export class Teaching {
  readonly #parts: TeachingParts;
  readonly #presses: Presses;
  readonly #overlay: RecordingOverlay;
  readonly #stillness = new Stillness(pageClock);

  constructor(parts: TeachingParts) {
    this.#parts = parts;
    this.#overlay = new RecordingOverlay(parts.preview.root);
    this.#presses = new Presses(() => parts.recordingSettings.current, pageClock, {
      onCountdown: (slot, seconds) => this.#countDown(slot, seconds),
      onStart: (slot) => this.#start(slot),
      onRemaining: (_slot, seconds) => this.#overlay.showSeconds(seconds, true),
      onStop: (slot, hasStarted) => this.#stopped(slot, hasStarted),
    });
  }

  /** Handles a press of a record button. */
  press(card: ClassCard): void {
    const { engine, input, recordings, recognition } = this.#parts;
    if (!engine.classifier) return showStatus(texts.page.stillLoading);
    if (input.kind === 'none') return showStatus(texts.teaching.nothingToRecord);
    if (input.isMoving) return this.#presses.press(card.slot);
    // A picture is one example, however long the button is held.
    recordings.start(card.slot, card.label);
    card.showRecording(true);
    void recognition.run();
  }

  /** Handles the release of a record button. */
  release(card: ClassCard): void {
    if (this.#presses.isActive(card.slot)) return this.#presses.release(card.slot);
    this.#parts.recordings.stop(card.slot);
    card.showRecording(false);
  }

  /** Ends the recording of a class. */
  end(slot: number): void {
    this.#presses.stop(slot);
  }

  /** Ends all recordings and countdowns. */
  endAll(): void {
    this.#presses.stopAll();
  }

  /** Takes the embedding of an example that was recorded now, and gives a hint when nothing moves. */
  watch(embedding: Float32Array): void {
    if (!this.#stillness.add(embedding)) return;
    this.#overlay.showHint(texts.recording.still);
    showStatus(texts.recording.still);
  }

  /** Shows at each class that has too few examples how many others have. Cards don't change during a recording. */
  showHints(): void {
    const { classList } = this.#parts;
    if (this.#presses.isAnyActive) return;
    const hints = imbalances(this.#sizes());
    classList.showHints(new Map(Array.from(hints, ([{ label }, text]) => [label, text])));
  }

  #countDown(slot: number, seconds: number): void {
    const { classList, recordingSettings } = this.#parts;
    const card = classList.at(slot);
    this.#overlay.showSeconds(seconds, false);
    card?.showRecording(true, texts.recording.getReady);
    if (card && seconds === recordingSettings.current.delaySeconds)
      showStatus(texts.recording.startsIn(card.name, seconds));
  }

  #start(slot: number): void {
    const { classList, recordings } = this.#parts;
    const card = classList.at(slot);
    this.#overlay.hideSeconds();
    if (!card) return this.#presses.stop(slot);
    this.#stillness.start();
    recordings.start(slot, card.label);
    card.showRecording(true);
    showStatus(texts.teaching.recording(card.name));
  }

  #stopped(slot: number, hasStarted: boolean): void {
    const { classList, recordings } = this.#parts;
    recordings.stop(slot);
    classList.at(slot)?.showRecording(false);
    this.#overlay.hideSeconds();
    showStatus(hasStarted ? this.#advice() : texts.recording.cancelled);
    this.showHints();
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
    this.showHints();
    if (skipped.count > 0) showAlert(skipped.describe(files.length));
    await recognition.refresh();
  }

  #advice(): string {
    return advice(this.#sizes());
  }

  /** The classes whose examples vote. */
  #sizes(): { label: string; name: string; count: number }[] {
    const { classList, dataset } = this.#parts;
    return dataset.classes
      .filter(({ enabled }) => enabled)
      .map(({ label, ids }) => ({ label, name: classList.of(label)?.name ?? label, count: ids.length }));
  }
}
