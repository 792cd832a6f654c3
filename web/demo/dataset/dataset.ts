// The data set: classes, their examples, and the thumbnails of the examples. The engine stores the first two; this
// module stores the thumbnails, and a log of all changes since the last file. With file and log, the data set can be
// stored, and it is restored in a new engine when the engine fails.

import { ClassifierError, type Observation, type ObserveOptions, type Thumbnail } from 'teachable-wasm';
import { texts } from '../texts/texts.js';
import { type Change, type Engine, replay } from './change.js';
import { ClassTable, type DatasetClass } from './class-table.js';
import type { DatasetFormat } from './files.js';
import { maxClasses } from './slots.js';

/** An example that was removed, with all that is needed to restore it. */
export interface RemovedExample {
  id: number;
  label: string;
  embedding: Float32Array;
  thumbnail: Uint8Array | undefined;
}

/** A class that got a new name. */
export interface Rename {
  label: string;
  newLabel: string;
}

/** Description of a change. Without `label`, anything may have changed. */
export interface DatasetEvent {
  /** The only class that has changed; it got new examples. */
  label?: string;
  rename?: Rename;
}

/** The data set as a file and the changes since then. */
export interface Log {
  /** Another number means that file and changes were replaced. */
  number: number;
  /** The data set file, including thumbnails; null for an empty data set. */
  base: Blob | null;
  /** Changes since the file. The array grows; it is replaced together with the number. */
  changes: readonly Change[];
}

/** The whole data set at one moment. */
export interface Snapshot {
  base: Blob | null;
  changes: readonly Change[];
  newIds: ReadonlyMap<number, number>;
}

/** The data set of one page. Changes run one after another, in the order of the calls. Each takes effect completely or not at all. */
export class Dataset {
  readonly #onChange: (event: DatasetEvent) => void;
  #engine: Engine | null = null;
  #table = new ClassTable();
  #thumbnails = new Map<number, Uint8Array>();
  /** An example that is restored gets a new id. Undo steps know it by an older id. */
  #newIds = new Map<number, number>();
  #logNumber = 0;
  #base: Blob | null = null;
  #changes: Change[] = [];
  #lastTask: Promise<unknown> = Promise.resolve();

  /** `onChange` is called after each change. */
  constructor(onChange: (event: DatasetEvent) => void) {
    this.#onChange = onChange;
  }

  get classes(): readonly DatasetClass[] {
    return this.#table.all;
  }

  get exampleCount(): number {
    return this.#table.exampleCount;
  }

  /** Number of examples of each class that has any which vote. */
  get classSizes(): number[] {
    return this.classes.filter(({ enabled, ids }) => enabled && ids.length > 0).map(({ ids }) => ids.length);
  }

  /** The file and the changes from which the data set can be restored. */
  get log(): Log {
    return { number: this.#logNumber, base: this.#base, changes: this.#changes };
  }

  /** Returns the ids of a class's examples, oldest first. */
  idsOf(label: string): readonly number[] {
    return this.#table.find(label)?.ids ?? [];
  }

  /** Returns the class of an example, or undefined when there is no such example. */
  labelOf(id: number): string | undefined {
    return this.#table.labelOf(this.#currentId(id));
  }

  /** Returns the JPEG file of an example's thumbnail. */
  thumbnail(id: number): Uint8Array | undefined {
    return this.#thumbnails.get(id);
  }

  /** Returns the embeddings of some examples of each class, evenly spread over its time. */
  async sampleEmbeddings(maxClasses = 12, maxExamples = 24): Promise<Float32Array[][]> {
    return this.#enqueue((engine) =>
      Promise.all(
        this.classes.slice(0, maxClasses).map(({ ids }) => {
          const step = Math.max(1, ids.length / maxExamples);
          const count = Math.min(ids.length, maxExamples);
          const chosen = Array.from({ length: count }, (_, index) => ids[Math.floor(index * step)]!);
          return Promise.all(chosen.map((id) => engine.exampleEmbedding(id)));
        }),
      ),
    );
  }

  /** Switches to a new engine, after restoring the data set in it. */
  async attach(engine: Engine): Promise<void> {
    await this.#lastTask;
    if (this.#base || this.#changes.length > 0) await this.#restore(engine, this.#snapshot());
    this.#engine = engine;
  }

  /** Lets go of an engine that failed. All changes are rejected until the next attach(). */
  detach(): void {
    this.#engine = null;
  }

  /** Returns true when the engine answers and has the examples that the page knows. */
  async isIntact(): Promise<boolean> {
    try {
      return await this.#enqueue(async (engine) => {
        const counts = Object.entries(await engine.counts());
        return (
          counts.length === this.classes.length && counts.every(([label, count]) => this.idsOf(label).length === count)
        );
      });
    } catch {
      return false;
    }
  }

  /**
   * Classifies the image and adds it as an example. `labelOf` is called when the change starts, because the class may
   * be renamed before. `makeThumbnail` is called at the same time; an error of it is ignored. Rejects with code 'aborted'
   * when the class no longer exists.
   */
  async teach(
    image: HTMLVideoElement | HTMLCanvasElement | Blob,
    labelOf: () => string,
    options: ObserveOptions,
    makeThumbnail: () => Promise<Uint8Array | undefined>,
  ): Promise<Observation> {
    return this.#enqueue(async (engine) => {
      const label = labelOf();
      if (!this.#table.find(label)) throw new ClassifierError('aborted', texts.files.classWasRemoved(label));
      // Called before the first await, so that thumbnail and example come from the same video frame.
      const thumbnail = makeThumbnail().catch(() => undefined);
      const observation = await engine.observe(image, { ...options, label, embedding: true });
      this.#add(observation.exampleId!, label, observation.embedding!, await thumbnail);
      this.#onChange({ label });
      return observation;
    });
  }

  async addClass(label: string): Promise<void> {
    await this.#enqueue(async (engine) => {
      await engine.addClass(label);
      this.#table.addClass(label);
      this.#log({ kind: 'add-class', label });
    });
  }

  async renameClass(label: string, newLabel: string): Promise<void> {
    await this.#enqueue(async (engine) => {
      await engine.renameClass(label, newLabel);
      this.#table.rename(label, newLabel);
      this.#log({ kind: 'rename', label, newLabel }, { rename: { label, newLabel } });
    });
  }

  /** Lets the examples of a class vote, or not. */
  async enableClass(label: string, enabled: boolean): Promise<void> {
    await this.#enqueue(async (engine) => {
      await engine.enableClass(label, enabled);
      this.#table.enable(label, enabled);
      this.#log({ kind: 'enable', label, enabled });
    });
  }

  async moveExample(id: number, label: string): Promise<void> {
    await this.#enqueue(async (engine) => {
      const current = this.#currentId(id);
      await engine.moveExample(current, label);
      this.#table.move(current, label);
      this.#log({ kind: 'move', id: current, label });
    });
  }

  /** Stores all examples in bytes. That takes a quarter of the memory, and rounds the values. */
  async useBytes(): Promise<void> {
    await this.#enqueue(async (engine) => {
      await engine.useStorage('i8');
      this.#log({ kind: 'use-bytes' });
    });
  }

  /** Removes a class. It must be empty. */
  async removeClass(label: string): Promise<void> {
    await this.#enqueue(async (engine) => {
      await engine.clear(label);
      this.#table.removeClass(label);
      this.#log({ kind: 'remove-class', label });
    });
  }

  /** Removes these examples and returns them. Ids of examples that no longer exist are ignored. */
  async removeExamples(ids: readonly number[]): Promise<RemovedExample[]> {
    return this.#enqueue(async (engine) => {
      const current = new Set(ids.map((id) => this.#currentId(id)));
      const existing = [...current].filter((id) => this.#table.labelOf(id) !== undefined);
      const embeddings = await Promise.all(existing.map((id) => engine.exampleEmbedding(id)));
      const examples = existing.map((id, index) => ({
        id,
        label: this.#table.labelOf(id)!,
        embedding: embeddings[index]!,
        thumbnail: this.#thumbnails.get(id),
      }));
      const results = await Promise.allSettled(existing.map((id) => engine.removeExample(id)));
      // When the engine fails in the middle, the new one gets the same examples as the page shows.
      const removed = examples.filter((_, index) => results[index]!.status === 'fulfilled');
      for (const { id } of removed) {
        this.#changes.push({ kind: 'remove', id });
        this.#thumbnails.delete(id);
      }
      this.#table.remove(removed.map(({ id }) => id));
      this.#onChange({});
      for (const result of results) if (result.status === 'rejected') throw result.reason;
      return removed;
    });
  }

  /** Adds removed examples again. Their old ids stay valid for the methods of this class. */
  async restoreExamples(removed: readonly RemovedExample[]): Promise<void> {
    await this.#enqueue(async (engine) => {
      if (removed.length === 0) return;
      const rows = new Float32Array(removed.length * engine.embeddingSize);
      removed.forEach(({ embedding }, index) => rows.set(embedding, index * engine.embeddingSize));
      const ids = await engine.addExamples(
        rows,
        removed.map(({ label }) => label),
      );
      removed.forEach(({ label, embedding, thumbnail }, index) => this.#add(ids[index]!, label, embedding, thumbnail));
      this.#table.renewArrays(removed.map(({ label }) => label));
      this.#newIds = compose(this.#newIds, new Map(removed.map(({ id }, index) => [id, ids[index]!])));
      this.#onChange({});
    });
  }

  /** Returns the whole data set as a file. */
  async toFile({ withThumbnails = true } = {}): Promise<Blob> {
    return this.#enqueue((engine) => (withThumbnails ? this.#save(engine) : engine.saveDataset()));
  }

  /** Makes a new file of the data set, so that the log has no changes. */
  async compact(): Promise<void> {
    await this.#enqueue(async (engine) => this.#setLog(await this.#save(engine), []));
  }

  async snapshot(): Promise<Snapshot> {
    return this.#enqueue(async () => this.#snapshot());
  }

  /**
   * Replaces the data set by a file's. On any error, the data set stays as it was, in the engine and on the page.
   * @param file A file in memory, which the data set keeps. A file on disk may become unreadable.
   */
  async open(file: Blob, format: DatasetFormat = 'dataset'): Promise<void> {
    await this.#replaceAll(async (engine) => {
      if (format === 'dataset') return this.#restore(engine, { base: file, changes: [], newIds: new Map() });
      await engine.importJson(await file.text());
      await this.#adopt(engine, new Map(), new Map());
      this.#setLog(await this.#save(engine), []);
      return 0;
    });
  }

  /** Replaces the data set by a stored one, as `open()` does. Returns the number of changes that were damaged and skipped. */
  async openStored(base: Blob, changes: readonly Change[]): Promise<number> {
    // The copy stays readable when the browser clears the site's data.
    const copy = new Blob([await base.arrayBuffer()]);
    return this.#replaceAll((engine) => this.#restore(engine, { base: copy, changes, newIds: new Map() }));
  }

  /** Replaces the data set by a snapshot, including the ids of that time. */
  async restoreSnapshot(snapshot: Snapshot): Promise<void> {
    await this.#replaceAll((engine) => this.#restore(engine, snapshot));
  }

  /** Removes all classes and examples. */
  async clear(): Promise<void> {
    await this.#replaceAll((engine) => this.#restore(engine, { base: null, changes: [], newIds: new Map() }));
  }

  /** Runs `replace` as a transaction: on any error, engine and page go back to the data set before. */
  async #replaceAll(replace: (engine: Engine) => Promise<number>): Promise<number> {
    return this.#enqueue(async (engine) => {
      const before = this.#snapshot();
      // The log before stays valid, so that it need not be stored again.
      const log = [this.#logNumber, this.#base, this.#changes] as const;
      try {
        const skipped = await replace(engine);
        if (this.#logNumber === log[0]) this.#logNumber++;
        this.#onChange({});
        return skipped;
      } catch (error) {
        await this.#rollBack(engine, before, log, error);
        throw error;
      }
    });
  }

  async #rollBack(
    engine: Engine,
    before: Snapshot,
    log: readonly [number: number, base: Blob | null, changes: Change[]],
    error: unknown,
  ): Promise<void> {
    [this.#logNumber, this.#base, this.#changes] = log;
    try {
      await this.#restore(engine, before);
    } catch {
      this.#engine = null;
      // This code makes the page start a new engine, in which attach() restores the data set.
      const message = error instanceof Error ? error.message : String(error);
      throw new ClassifierError('worker-lost', `${message} The engine failed, too.`, { cause: error });
    }
    this.#onChange({});
  }

  /** Restores a data set in an engine and on the page. Returns the number of changes that the engine refused. */
  async #restore(engine: Engine, { base, changes, newIds }: Snapshot): Promise<number> {
    const thumbnails = base ? await engine.loadDataset(base) : [];
    if (!base) await engine.clear();
    const replayed = await replay(changes, engine);
    await this.#adopt(engine, thumbnailsOf(thumbnails, replayed.changes), compose(newIds, replayed.newIds));
    const isOfThisLog =
      base === this.#base &&
      changes.length === this.#changes.length &&
      changes.every((change, index) => change === this.#changes[index]);
    // When an id is another one than in the stored changes, they have to be stored anew.
    if (!isOfThisLog || replayed.newIds.size > 0 || replayed.skipped > 0) this.#setLog(base, replayed.changes);
    return replayed.skipped;
  }

  /** Reads the classes of an engine. */
  async #adopt(engine: Engine, thumbnails: Map<number, Uint8Array>, newIds: Map<number, number>): Promise<void> {
    const counts = Object.entries(await engine.counts());
    if (counts.length > maxClasses) {
      throw new ClassifierError('bad-dataset', texts.files.tooManyClasses(counts.length, maxClasses));
    }
    const disabled = new Set(await engine.disabledClasses());
    const classes = await Promise.all(
      counts.map(async ([label, count]) => ({
        label,
        enabled: !disabled.has(label),
        ids: count > 0 ? await engine.exampleIds(label) : [],
      })),
    );
    this.#table = new ClassTable(classes);
    this.#thumbnails = thumbnails;
    this.#newIds = newIds;
  }

  async #save(engine: Engine): Promise<Blob> {
    return engine.saveDataset({ thumbnails: Array.from(this.#thumbnails, ([id, bytes]) => ({ id, bytes })) });
  }

  #setLog(base: Blob | null, changes: Change[]): void {
    this.#logNumber++;
    this.#base = base;
    this.#changes = changes;
  }

  #snapshot(): Snapshot {
    return { base: this.#base, changes: [...this.#changes], newIds: this.#newIds };
  }

  #add(id: number, label: string, embedding: Float32Array, thumbnail: Uint8Array | undefined): void {
    this.#changes.push({ kind: 'add', id, label, embedding, thumbnail });
    if (thumbnail) this.#thumbnails.set(id, thumbnail);
    this.#table.add(id, label);
  }

  #log(change: Change, event: DatasetEvent = {}): void {
    this.#changes.push(change);
    this.#onChange(event);
  }

  /** Returns the id that the engine uses for an example now. */
  #currentId(id: number): number {
    return this.#newIds.get(id) ?? id;
  }

  /** Runs one task after another, because an example that is added while a file is written would damage the file. */
  #enqueue<T>(task: (engine: Engine) => Promise<T>): Promise<T> {
    const result = this.#lastTask.then(() => {
      if (!this.#engine) throw new ClassifierError('disposed', texts.files.engineStarting);
      return task(this.#engine);
    });
    this.#lastTask = result.catch(() => {});
    return result;
  }
}

/** Returns the thumbnails of a file and of the changes since then, by the ids of the examples. */
function thumbnailsOf(saved: readonly Thumbnail[], changes: readonly Change[]): Map<number, Uint8Array> {
  const thumbnails = new Map(saved.map(({ id, bytes }) => [id, bytes]));
  for (const change of changes) {
    if (change.kind === 'add' && change.thumbnail) thumbnails.set(change.id, change.thumbnail);
    if (change.kind === 'remove') thumbnails.delete(change.id);
  }
  return thumbnails;
}

/** Returns `newIds` with the ids that changed since then. */
function compose(newIds: ReadonlyMap<number, number>, changed: ReadonlyMap<number, number>): Map<number, number> {
  const result = new Map(changed);
  for (const [id, newId] of newIds) result.set(id, changed.get(newId) ?? newId);
  return result;
}
