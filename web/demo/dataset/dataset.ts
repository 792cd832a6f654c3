// The data set: classes, their examples, and the thumbnails of the examples. The engine stores the first two; this
// module stores the thumbnails. When the engine fails, the data set is restored in a new engine from the last saved
// file and from the changes since then.

import {
  type Classifier,
  ClassifierError,
  type Observation,
  type ObserveOptions,
  type Thumbnail,
} from 'teachable-wasm';
import { drawThumbnail, encodeThumbnail, type ThumbnailSource } from '../dom/thumbnails.js';
import { applyChange, type Change } from './engine-change.js';
import type { DatasetFormat } from './files.js';

/** A class and its examples, as the engine has them. */
export interface DatasetClass {
  label: string;
  /** Ids of its examples, oldest first. */
  ids: number[];
}

/** An example that was removed, with all that is needed to restore it. */
export interface RemovedExample {
  id: number;
  label: string;
  embedding: Float32Array;
  thumbnail: Uint8Array | undefined;
}

/** The whole data set at one moment. */
export interface Snapshot {
  file: Blob;
  /** New ids of examples that were restored, by their old ids. */
  newIds: Map<number, number>;
}

/** A class that got a new name. */
export interface Rename {
  label: string;
  newLabel: string;
}

/** The data set of one page. Changes run one after another, in the order of the calls. */
export class Dataset {
  readonly #onChange: (rename?: Rename) => void;
  #classifier: Classifier | null = null;
  #classes: DatasetClass[] = [];
  #thumbnails = new Map<number, Uint8Array>();
  /** An example that is restored gets a new id. Undo steps know it by its old id. */
  #newIds = new Map<number, number>();
  #lastFile: Blob | null = null;
  #changesSinceFile: Change[] = [];
  #lastTask: Promise<unknown> = Promise.resolve();

  /** `onChange` is called after each change. */
  constructor(onChange: (rename?: Rename) => void) {
    this.#onChange = onChange;
  }

  get classes(): readonly DatasetClass[] {
    return this.#classes;
  }

  get exampleCount(): number {
    return this.#classes.reduce((sum, { ids }) => sum + ids.length, 0);
  }

  /** Number of examples of each class that has any. */
  get classSizes(): number[] {
    return this.#classes.map(({ ids }) => ids.length).filter((size) => size > 0);
  }

  /** Returns the ids of a class's examples, oldest first. */
  idsOf(label: string): readonly number[] {
    return this.#find(label)?.ids ?? [];
  }

  /** Returns the class of an example, or undefined when there is no such example. */
  labelOf(id: number): string | undefined {
    return this.#classes.find(({ ids }) => ids.includes(id))?.label;
  }

  /** Returns the JPEG file of an example's thumbnail. */
  thumbnail(id: number): Uint8Array | undefined {
    return this.#thumbnails.get(id);
  }

  /** Switches to a new engine, after restoring the data set in it. */
  async attach(classifier: Classifier): Promise<void> {
    await this.#lastTask;
    // The file says which id comes next, so the same changes produce the same ids.
    if (this.#lastFile) await load(this.#lastFile, classifier);
    for (const change of this.#changesSinceFile) await applyChange(change, classifier);
    this.#classifier = classifier;
    await this.#refresh(classifier);
  }

  /** Lets go of an engine that failed. All changes are rejected until the next attach(). */
  detach(): void {
    this.#classifier = null;
  }

  /**
   * Classifies the image and adds it as an example. `labelOf` is called when the change starts, because the class may
   * be renamed before. Rejects with code 'aborted' when the class no longer exists.
   */
  async teach(
    image: HTMLVideoElement | Blob,
    labelOf: () => string,
    options: ObserveOptions,
    thumbnailSource: ThumbnailSource | null,
  ): Promise<Observation> {
    return this.#enqueue(async (classifier) => {
      const label = labelOf();
      const target = this.#find(label);
      if (!target) throw new ClassifierError('aborted', `The class '${label}' was removed. The example was not added.`);
      // Drawn before the first await, so that thumbnail and example come from the same video frame.
      const encoding = thumbnailSource && encodeThumbnail(drawThumbnail(thumbnailSource));
      const observation = await classifier.observe(image, { ...options, label, embedding: true });
      const id = observation.exampleId!;
      this.#changesSinceFile.push({ kind: 'add', label, embedding: observation.embedding! });
      const thumbnail = await encoding;
      if (thumbnail) this.#thumbnails.set(id, thumbnail);
      // Other changes call #refresh(). This one runs for each frame, so it updates the list itself.
      target.ids.push(id);
      this.#onChange();
      return observation;
    });
  }

  async addClass(label: string): Promise<void> {
    await this.#change({ kind: 'add-class', label });
  }

  async renameClass(label: string, newLabel: string): Promise<void> {
    await this.#change({ kind: 'rename', label, newLabel });
  }

  async moveExample(id: number, label: string): Promise<void> {
    await this.#change({ kind: 'move', id: this.#currentId(id), label });
  }

  /** Removes a class. It must be empty. */
  async removeClass(label: string): Promise<void> {
    await this.#change({ kind: 'remove-class', label });
  }

  /** Removes these examples and returns them. Ids of examples that no longer exist are ignored. */
  async removeExamples(ids: readonly number[]): Promise<RemovedExample[]> {
    return this.#enqueue(async (classifier) => {
      const labels = new Map(this.#classes.flatMap(({ label, ids }) => ids.map((id) => [id, label] as const)));
      const existing = ids.map((id) => this.#currentId(id)).filter((id) => labels.has(id));
      const embeddings = await Promise.all(existing.map((id) => classifier.exampleEmbedding(id)));
      const removed = existing.map((id, index) => ({
        id,
        label: labels.get(id)!,
        embedding: embeddings[index]!,
        thumbnail: this.#thumbnails.get(id),
      }));
      await Promise.all(
        existing.map(async (id) => {
          await classifier.removeExample(id);
          this.#changesSinceFile.push({ kind: 'remove', id });
          this.#thumbnails.delete(id);
        }),
      );
      await this.#refresh(classifier);
      this.#onChange();
      return removed;
    });
  }

  /** Adds removed examples again. Their old ids stay valid for the methods of this class. */
  async restoreExamples(removed: readonly RemovedExample[]): Promise<void> {
    await this.#enqueue(async (classifier) => {
      if (removed.length === 0) return;
      const rows = new Float32Array(removed.length * classifier.embeddingSize);
      removed.forEach(({ embedding }, index) => rows.set(embedding, index * classifier.embeddingSize));
      const ids = await classifier.addExamples(
        rows,
        removed.map(({ label }) => label),
      );
      removed.forEach(({ id: oldId, label, embedding, thumbnail }, index) => {
        const id = ids[index]!;
        this.#changesSinceFile.push({ kind: 'add', label, embedding });
        this.#newIds.set(oldId, id);
        if (thumbnail) this.#thumbnails.set(id, thumbnail);
      });
      await this.#refresh(classifier);
      this.#onChange();
    });
  }

  /** Returns the whole data set as a file. */
  async toFile(): Promise<Blob> {
    return this.#enqueue((classifier) => this.#save(classifier));
  }

  async snapshot(): Promise<Snapshot> {
    return this.#enqueue(async (classifier) => ({ file: await this.#save(classifier), newIds: this.#newIds }));
  }

  /** Replaces the data set by a file's. When the file is rejected, nothing changes. */
  async open(file: Blob, format: DatasetFormat = 'dataset'): Promise<void> {
    await this.#replace(file, format, new Map());
  }

  /** Replaces the data set by a snapshot, including the ids of that time. */
  async restoreSnapshot({ file, newIds }: Snapshot): Promise<void> {
    await this.#replace(file, 'dataset', newIds);
  }

  /** Removes all classes and examples. */
  async clear(): Promise<void> {
    await this.#enqueue(async (classifier) => {
      await classifier.clear();
      this.#thumbnails = new Map();
      this.#newIds = new Map();
      await this.#save(classifier);
      await this.#refresh(classifier);
      this.#onChange();
    });
  }

  async #replace(file: Blob, format: DatasetFormat, newIds: Map<number, number>): Promise<void> {
    await this.#enqueue(async (classifier) => {
      // The copy stays readable when the visitor deletes or changes the file.
      const copy = new Blob([await file.arrayBuffer()]);
      const thumbnails = format === 'json' ? await importJson(copy, classifier) : await load(copy, classifier);
      this.#thumbnails = new Map(thumbnails.map(({ id, bytes }) => [id, bytes]));
      this.#newIds = newIds;
      if (format === 'json') await this.#save(classifier);
      else [this.#lastFile, this.#changesSinceFile] = [copy, []];
      await this.#refresh(classifier);
      this.#onChange();
    });
  }

  async #save(classifier: Classifier): Promise<Blob> {
    const file = await classifier.saveDataset({
      thumbnails: Array.from(this.#thumbnails, ([id, bytes]) => ({ id, bytes })),
    });
    this.#lastFile = file;
    this.#changesSinceFile = [];
    return file;
  }

  async #change(change: Change): Promise<void> {
    await this.#enqueue(async (classifier) => {
      await applyChange(change, classifier);
      this.#changesSinceFile.push(change);
      await this.#refresh(classifier);
      this.#onChange(change.kind === 'rename' ? change : undefined);
    });
  }

  /** Returns the id that the engine uses for an example now. */
  #currentId(id: number): number {
    const newId = this.#newIds.get(id);
    return newId === undefined ? id : this.#currentId(newId);
  }

  #find(label: string): DatasetClass | undefined {
    return this.#classes.find((each) => each.label === label);
  }

  async #refresh(classifier: Classifier): Promise<void> {
    const labels = Object.keys(await classifier.counts());
    this.#classes = await Promise.all(
      labels.map(async (label) => ({ label, ids: await classifier.exampleIds(label) })),
    );
  }

  /** Runs one task after another, because an example that is added while a file is written would damage the file. */
  #enqueue<T>(task: (classifier: Classifier) => Promise<T>): Promise<T> {
    const result = this.#lastTask.then(() => {
      if (!this.#classifier) throw new ClassifierError('disposed', 'The engine is starting. Try again in a moment.');
      return task(this.#classifier);
    });
    this.#lastTask = result.catch(() => {});
    return result;
  }
}

async function load(file: Blob, classifier: Classifier): Promise<Thumbnail[]> {
  const thumbnails = await classifier.loadDataset(file);
  await enableAllClasses(classifier);
  return thumbnails;
}

async function importJson(file: Blob, classifier: Classifier): Promise<Thumbnail[]> {
  await classifier.importJson(await file.text());
  await enableAllClasses(classifier);
  return [];
}

/** Enables all classes. A file may contain disabled ones, and this page has no switch to enable them. */
async function enableAllClasses(classifier: Classifier): Promise<void> {
  for (const label of Object.keys(await classifier.counts())) await classifier.enableClass(label, true);
}
