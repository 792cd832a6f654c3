// Files: saves and opens data sets, and shows pictures. Files are chosen, dropped, or pasted.

import type { Layers, ModelInfo } from 'teachable-wasm';
import type { Dataset } from '../dataset/dataset.js';
import type { DatasetEditor } from '../dataset/editor.js';
import { datasetFormat, datedFileName, download } from '../dataset/files.js';
import type { Recordings } from '../dataset/recordings.js';
import { readIntoMemory } from '../dom/file-input.js';
import type { Input } from '../input/input.js';
import { showAlert } from '../panels/alert.js';
import type { ClassCard } from '../panels/class-card.js';
import { errorSentence } from '../panels/error-text.js';
import { showStatus } from '../panels/status-line.js';
import { toRawFile } from '../storage/raw-file.js';
import { texts } from '../texts/texts.js';
import type { Engine } from './engine.js';
import type { Recognition } from './recognition.js';
import type { Teaching } from './teaching.js';

/** The parts of the page that the file actions use. */
export interface FileActionParts {
  engine: Engine;
  dataset: Dataset;
  editor: DatasetEditor;
  recordings: Recordings;
  input: Input;
  recognition: Recognition;
  teaching: Teaching;
}

/** Handles all files of the visitor. */
export class FileActions {
  readonly #parts: FileActionParts;

  constructor(parts: FileActionParts) {
    this.#parts = parts;
  }

  /** Downloads the data set. */
  async saveDataset(): Promise<void> {
    try {
      download(await this.#parts.dataset.toFile(), datedFileName());
      showStatus(texts.files.saved);
    } catch (error) {
      await this.#parts.engine.onError(error);
    }
  }

  /** Downloads what the data set consists of, which needs no engine: its last file if it is complete, else file and changes as JSON. */
  async saveLog(): Promise<void> {
    const { base, changes } = this.#parts.dataset.log;
    if (base && changes.length === 0) download(base, datedFileName());
    else download(await toRawFile({ file: base, changes }), datedFileName(texts.files.recordFile, 'json'));
  }

  /** Replaces the data set by a file's. When the file is rejected, nothing changes. */
  async openDataset(file: File): Promise<void> {
    const { engine, dataset, editor, recognition } = this.#parts;
    const classifier = await engine.whenRestarted();
    if (!classifier) return showStatus(texts.page.stillLoading);
    try {
      await editor.openFile(await readIntoMemory(file), datasetFormat(file) ?? 'dataset');
    } catch (error) {
      // The file is too big. The examples before it are unchanged, so there is nothing to make room for.
      if ((error as { code?: unknown }).code === 'out-of-memory') showAlert(`${file.name}: ${errorSentence(error)}`);
      else if (isOfOtherLayers(error, classifier.model)) this.#offerOtherLayers(file.name, classifier.model);
      else await engine.onError(error, file.name);
      return;
    }
    const { exampleCount, classes } = dataset;
    showStatus(texts.files.opened(file.name, exampleCount, classes.length));
    await recognition.refresh();
  }

  /** A file of an earlier version has embeddings of the last layer alone. The page can be used with these too. */
  #offerOtherLayers(name: string, { layers }: ModelInfo): void {
    const other: Layers = layers === 'two' ? 'last' : 'two';
    showAlert(texts.files.otherLayers(name, other === 'two'), [
      texts.files.switchOver,
      () => {
        const address = new URL(location.href);
        address.searchParams.set('layers', other);
        location.assign(address);
      },
    ]);
  }

  /** Shows a picture in the preview and classifies it. */
  async testPicture(file: File): Promise<void> {
    const { engine, input, recordings, recognition } = this.#parts;
    let picture: Blob;
    try {
      // The sliders classify the picture again and again, and its file may be changed or removed meanwhile.
      picture = await readIntoMemory(file);
    } catch (error) {
      return showAlert(`${file.name}: ${errorSentence(error)}`);
    }
    try {
      await input.showPicture(picture);
    } catch {
      return showAlert(texts.preview.notAPicture(file.name));
    }
    this.#parts.teaching.endAll();
    recordings.dropWaiting();
    showStatus(engine.classifier ? texts.preview.thisIsYourPicture : texts.page.networkStillLoads);
    await recognition.run();
  }

  /** Opens a file that was dropped on the page or pasted: a data set, or a picture to test. */
  async open(file: File | undefined): Promise<void> {
    if (!file) return;
    await (datasetFormat(file) ? this.openDataset(file) : this.testPicture(file));
  }

  /** Handles files for one class: pictures, or a single data set. */
  async addToClass(card: ClassCard, files: File[]): Promise<void> {
    const [first] = files;
    if (files.length === 1 && first && datasetFormat(first)) await this.openDataset(first);
    else await this.#parts.teaching.addPictures(card, files);
  }
}

/** Returns true for an error about a data set of this network, but of other layers. Such files in JSON say only how many values they have. */
function isOfOtherLayers(error: unknown, { id, layers, embeddingSize, middleLayerSize }: ModelInfo): boolean {
  const { code, message } = Object(error) as { code?: unknown; message?: unknown };
  if (code !== 'bad-dataset') return false;
  const [otherName, otherSize] =
    layers === 'two'
      ? [`'${id}'`, embeddingSize - middleLayerSize]
      : [`'${id} + middle layer`, embeddingSize + middleLayerSize];
  const text = String(message);
  return text.includes(`was made with the model ${otherName}`) || text.includes(`have ${otherSize} values`);
}
