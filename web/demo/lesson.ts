// What has been taught: the engine's classes and examples, and the thumbnails that go with them. Should the engine die, all of it comes
// back from the last file that was made and the changes that came after.

import {
  type Classifier,
  ClassifierError,
  type Observation,
  type ObserveOptions,
  type Thumbnail,
} from 'teachable-wasm';
import { type Drawable, drawThumbnail, encodeThumbnail, type View } from './thumbnail.js';

/** As the engine has it. */
export interface TaughtClass {
  label: string;
  /** Of its examples, in the order of teaching. */
  ids: number[];
}

/** An example that was taken out, and all that puts it back. */
export interface Removed {
  id: number;
  label: string;
  embedding: Float32Array;
  thumbnail: Uint8Array | undefined;
}

/** All that was taught at some time. */
export interface Snapshot {
  file: Blob;
  renumbered: Map<number, number>;
}

/** What to draw for an example that is taught. */
export interface Portrait extends View {
  source: Drawable;
}

export type Renamed = [label: string, newLabel: string];

type Change =
  | { kind: 'add'; label: string; embedding: Float32Array }
  | { kind: 'remove'; id: number }
  | { kind: 'move'; id: number; label: string }
  | { kind: 'add-class' | 'remove-class'; label: string }
  | { kind: 'rename'; label: string; newLabel: string };

export class Lesson {
  readonly #onChange: (renamed?: Renamed) => void;
  #classifier: Classifier | null = null;
  #classes: TaughtClass[] = [];
  #thumbnails = new Map<number, Uint8Array>();
  /** An example that was put back has a new id; steps to undo know it by its old one. */
  #renumbered = new Map<number, number>();
  #file: Blob | null = null;
  #since: Change[] = [];
  #turn: Promise<unknown> = Promise.resolve();

  /** `onChange` is called after each change. */
  constructor(onChange: (renamed?: Renamed) => void) {
    this.#onChange = onChange;
  }

  get classes(): readonly TaughtClass[] {
    return this.#classes;
  }

  get exampleCount(): number {
    return this.#classes.reduce((sum, { ids }) => sum + ids.length, 0);
  }

  idsOf(label: string): readonly number[] {
    return this.#find(label)?.ids ?? [];
  }

  labelOf(id: number): string | undefined {
    return this.#classes.find(({ ids }) => ids.includes(id))?.label;
  }

  thumbnail(id: number): Uint8Array | undefined {
    return this.#thumbnails.get(id);
  }

  /** Goes on with a fresh engine, which is taught all that the one before it knew. */
  async attach(classifier: Classifier): Promise<void> {
    await this.#turn;
    // The file says how far ids had come, so the same changes give the same ids.
    if (this.#file) await load(this.#file, classifier);
    for (const change of this.#since) await make(change, classifier);
    this.#classifier = classifier;
    await this.#refresh(classifier);
  }

  /** The engine has died: changes are refused until the next one is attached. */
  detach(): void {
    this.#classifier = null;
  }

  /** Looks at the image, which `portrait` draws, and adds it as an example of a class that is there: of what `labelOf` says in its turn, as the class may be renamed before. */
  async teach(
    image: HTMLVideoElement | Blob,
    labelOf: () => string,
    options: ObserveOptions,
    portrait: Portrait | null,
  ): Promise<Observation> {
    return this.#inTurn(async (classifier) => {
      const label = labelOf();
      const known = this.#find(label);
      if (!known) throw new ClassifierError('aborted', `The class '${label}' is gone.`);
      // Drawn before the first wait: of a video, both take this very frame.
      const picture = portrait && encodeThumbnail(drawThumbnail(portrait.source, portrait));
      const observation = await classifier.observe(image, { ...options, label, embedding: true });
      const id = observation.exampleId!;
      this.#since.push({ kind: 'add', label, embedding: observation.embedding! });
      const thumbnail = await picture;
      if (thumbnail) this.#thumbnails.set(id, thumbnail);
      // After any other change the engine is asked what there is; this one comes with each frame.
      known.ids.push(id);
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
    await this.#change({ kind: 'move', id: this.#current(id), label });
  }

  /** Takes a class out. It must be empty. */
  async removeClass(label: string): Promise<void> {
    await this.#change({ kind: 'remove-class', label });
  }

  /** Takes out those of the examples that are there. */
  async removeExamples(ids: readonly number[]): Promise<Removed[]> {
    return this.#inTurn(async (classifier) => {
      const labels = new Map(this.#classes.flatMap(({ label, ids }) => ids.map((id) => [id, label] as const)));
      const there = ids.map((id) => this.#current(id)).filter((id) => labels.has(id));
      const embeddings = await Promise.all(there.map((id) => classifier.exampleEmbedding(id)));
      const removed = there.map((id, index) => ({
        id,
        label: labels.get(id)!,
        embedding: embeddings[index]!,
        thumbnail: this.#thumbnails.get(id),
      }));
      await Promise.all(
        there.map(async (id) => {
          await classifier.removeExample(id);
          this.#since.push({ kind: 'remove', id });
          this.#thumbnails.delete(id);
        }),
      );
      await this.#refresh(classifier);
      this.#onChange();
      return removed;
    });
  }

  async putBack(removed: readonly Removed[]): Promise<void> {
    await this.#inTurn(async (classifier) => {
      if (removed.length === 0) return;
      const rows = new Float32Array(removed.length * classifier.embeddingSize);
      removed.forEach(({ embedding }, index) => rows.set(embedding, index * classifier.embeddingSize));
      const ids = await classifier.addExamples(
        rows,
        removed.map(({ label }) => label),
      );
      removed.forEach(({ id: old, label, embedding, thumbnail }, index) => {
        const id = ids[index]!;
        this.#since.push({ kind: 'add', label, embedding });
        this.#renumbered.set(old, id);
        if (thumbnail) this.#thumbnails.set(id, thumbnail);
      });
      await this.#refresh(classifier);
      this.#onChange();
    });
  }

  /** All that was taught as a file. */
  async toFile(): Promise<Blob> {
    return this.#inTurn((classifier) => this.#save(classifier));
  }

  async snapshot(): Promise<Snapshot> {
    return this.#inTurn(async (classifier) => ({ file: await this.#save(classifier), renumbered: this.#renumbered }));
  }

  /** Replaces all. When the file is refused, everything stays. */
  async open(file: Blob, format: 'dataset' | 'json' = 'dataset'): Promise<void> {
    await this.#replace(file, format, new Map());
  }

  /** Back to what was taught then, ids included. */
  async goBack({ file, renumbered }: Snapshot): Promise<void> {
    await this.#replace(file, 'dataset', renumbered);
  }

  async clear(): Promise<void> {
    await this.#inTurn(async (classifier) => {
      await classifier.clear();
      this.#thumbnails = new Map();
      this.#renumbered = new Map();
      await this.#save(classifier);
      await this.#refresh(classifier);
      this.#onChange();
    });
  }

  async #replace(file: Blob, format: 'dataset' | 'json', renumbered: Map<number, number>): Promise<void> {
    await this.#inTurn(async (classifier) => {
      // A copy: a file of the user's may be gone when it is needed again.
      const copy = new Blob([await file.arrayBuffer()]);
      const pictures = format === 'json' ? await importJson(copy, classifier) : await load(copy, classifier);
      this.#thumbnails = new Map(pictures.map(({ id, bytes }) => [id, bytes]));
      this.#renumbered = renumbered;
      if (format === 'json') await this.#save(classifier);
      else [this.#file, this.#since] = [copy, []];
      await this.#refresh(classifier);
      this.#onChange();
    });
  }

  async #save(classifier: Classifier): Promise<Blob> {
    const file = await classifier.saveDataset({
      thumbnails: Array.from(this.#thumbnails, ([id, bytes]) => ({ id, bytes })),
    });
    this.#file = file;
    this.#since = [];
    return file;
  }

  async #change(change: Change): Promise<void> {
    await this.#inTurn(async (classifier) => {
      await make(change, classifier);
      this.#since.push(change);
      await this.#refresh(classifier);
      this.#onChange(change.kind === 'rename' ? [change.label, change.newLabel] : undefined);
    });
  }

  /** The id by which the engine knows the example now. */
  #current(id: number): number {
    const next = this.#renumbered.get(id);
    return next === undefined ? id : this.#current(next);
  }

  #find(label: string): TaughtClass | undefined {
    return this.#classes.find((each) => each.label === label);
  }

  async #refresh(classifier: Classifier): Promise<void> {
    const labels = Object.keys(await classifier.counts());
    this.#classes = await Promise.all(
      labels.map(async (label) => ({ label, ids: await classifier.exampleIds(label) })),
    );
  }

  /** One change or file after the other: what is taught while a file is written would spoil it. */
  #inTurn<T>(body: (classifier: Classifier) => Promise<T>): Promise<T> {
    const result = this.#turn.then(() => {
      if (!this.#classifier) throw new ClassifierError('disposed', 'The engine is starting. Try again in a moment.');
      return body(this.#classifier);
    });
    this.#turn = result.catch(() => {});
    return result;
  }
}

async function make(change: Change, classifier: Classifier): Promise<void> {
  switch (change.kind) {
    case 'add':
      await classifier.addExamples(change.embedding, [change.label]);
      return;
    case 'remove':
      return classifier.removeExample(change.id);
    case 'move':
      return classifier.moveExample(change.id, change.label);
    case 'add-class':
      return classifier.addClass(change.label);
    case 'remove-class':
      return classifier.clear(change.label);
    case 'rename':
      return classifier.renameClass(change.label, change.newLabel);
  }
}

async function load(file: Blob, classifier: Classifier): Promise<Thumbnail[]> {
  const thumbnails = await classifier.loadDataset(file);
  await enableAll(classifier);
  return thumbnails;
}

async function importJson(file: Blob, classifier: Classifier): Promise<Thumbnail[]> {
  await classifier.importJson(await file.text());
  await enableAll(classifier);
  return [];
}

/** A file may hold classes that don't vote; this page has no switch for that, and nobody would know why. */
async function enableAll(classifier: Classifier): Promise<void> {
  for (const label of Object.keys(await classifier.counts())) await classifier.enableClass(label, true);
}
