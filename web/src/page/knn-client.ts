/// <reference lib="esnext.disposable" preserve="true" />
// The caller's side of a classifier of embeddings. The module that stores and compares the examples runs elsewhere, behind a Session.

import { orAborted, untilAborted } from '../shared/abort.js';
import { brandOf, isBlob, isBuffer, isBytes } from '../shared/brand.js';
import { ClassifierError } from '../shared/errors.js';
import { checked, checkMethods, foreign } from '../shared/foreign.js';
import { requireHome } from '../shared/home.js';
import type {
  ClassifierMethods,
  Edit,
  ExampleMap,
  KnnInfo,
  Neighbour,
  PredictOptions,
  Review,
  Storage,
  Subject,
  Thumbnail,
  WirePrediction,
} from '../shared/protocol.js';
import { readBlob } from '../shared/read-blob.js';
import { type CallOptions, type Sent, Transfer } from '../shared/rpc.js';
import { show } from '../shared/show.js';
import {
  checkEmbedding,
  checkEmbeddings,
  toCount,
  toId,
  toLabel,
  toLabels,
  toPredictOptions,
  toStorage,
  toThumbnails,
} from './arguments.js';
import type { StartHere } from './engine.js';
import { type ModuleOptions, type Session, startSession } from './session.js';

/** Settings of calls that may take long. */
export interface CallSettings {
  /**
   * Aborts the call, which then rejects with code 'aborted'. Calls that teach or load reject without effect, or complete if their
   * work was already done.
   */
  signal?: AbortSignal | undefined;
}

/** Options of `loadKnn()`. */
export interface KnnOptions extends ModuleOptions {
  /** Number of floats in an embedding, >= 1. */
  embeddingSize: number;
  /**
   * Name of the source of the embeddings. Data sets store it, and a data set with another id is refused. Default: 'embeddings'.
   */
  id?: string | undefined;
}

/** Implements `loadKnn()` of the entry. `startHere` runs the worker's half in the calling thread. */
export async function loadKnnClassifier(options: KnnOptions, startHere: StartHere): Promise<KnnClassifier> {
  return checked(() => open(options, startHere));
}

async function open(options: KnnOptions, startHere: StartHere): Promise<KnnClassifier> {
  requireHome(options.wasmUrl);
  const { embeddingSize, id = 'embeddings' } = options;
  if (typeof id !== 'string') throw new ClassifierError('bad-argument', `id must be a string; got ${show(id)}.`);
  const model = { kind: 'none', id, embeddingSize: toCount(embeddingSize, 'embeddingSize') } as const;
  return new KnnClassifier(await startSession({ model }, options, startHere));
}

/** Prediction by the taught examples. */
export interface Prediction {
  /** Class with the highest confidence. Among equal classes, the one with the nearest example. When `unknown`, the best guess. */
  label: string;
  /** Index of the class, in the order in which classes were added. */
  classIndex: number;
  /** Confidence of every class that has examples, 0-1, with a sum of 1. Read it by own keys, because a label may be 'constructor'. */
  confidences: Record<string, number>;
  /** True when the nearest examples are less similar than the option `unknownThreshold` requires. */
  unknown: boolean;
  /** The `k` nearest examples, nearest first. Among equally near ones, the older one is first. */
  neighbours: Neighbour[];
}

// Older engines do not have these symbols. There, the methods do no harm.
const disposeSymbol: typeof Symbol.dispose = Symbol.dispose ?? (Symbol.for('Symbol.dispose') as typeof Symbol.dispose);
const asyncDisposeSymbol: typeof Symbol.asyncDispose =
  Symbol.asyncDispose ?? (Symbol.for('Symbol.asyncDispose') as typeof Symbol.asyncDispose);

/**
 * Classifier of embeddings, taught by examples: k nearest neighbours by cosine similarity.
 * All methods may reject with 'worker-lost' and, after `dispose()`, with 'disposed'. Calls take effect in the order in which they are
 * made, awaited or not. Saving and loading a data set takes many steps, and other calls may take effect between them.
 */
export class KnnClassifier {
  protected readonly session: Session;
  /** Settles when the last save or load has ended; undefined when none is under way. */
  #lastDataset: Promise<unknown> | undefined;

  /** @internal Use loadKnn(). */
  constructor(session: Session) {
    checkMethods(this);
    this.session = session;
  }

  /** Number of floats in an embedding. */
  get embeddingSize(): number {
    return this.session.embeddingSize;
  }

  /**
   * Adds an example of `label`. Numbers become strings, so 1 and '1' are the same class.
   * @param embedding [embeddingSize] finite numbers, not all 0.
   * @returns The number of examples of the label.
   */
  async addExample(embedding: Float32Array, label: string | number, { signal }: CallSettings = {}): Promise<number> {
    const name = toLabel(label);
    return this.call(
      'addExample',
      this.#withSubject(embedding, (subject) => ({ subject, label: name, alsoMirrored: false })),
      { signal, changes: true },
    );
  }

  /**
   * Predicts the class of an embedding by the taught examples. The option `rule` selects how they decide.
   * @param embedding [embeddingSize]
   * @throws 'bad-argument' when there are no examples or an option is out of range.
   */
  async predict(
    embedding: Float32Array,
    { signal, ...options }: PredictOptions & CallSettings = {},
  ): Promise<Prediction> {
    const wanted = toPredictOptions(options);
    return toPrediction(
      await this.call(
        'predict',
        this.#withSubject(embedding, (subject) => ({ subject, options: wanted })),
        { signal },
      ),
    );
  }

  /**
   * Adds many examples at once, either all or none.
   * @param embeddings [labels.length, embeddingSize]
   * @returns The ids of the examples.
   */
  async addExamples(
    embeddings: Float32Array,
    labels: readonly (string | number)[],
    { signal }: CallSettings = {},
  ): Promise<number[]> {
    checkEmbeddings(embeddings, this.embeddingSize);
    const names = toLabels(labels);
    return this.call(
      'addExamples',
      withCopy(embeddings, (copy) => ({ embeddings: copy, labels: names })),
      { signal, changes: true },
    );
  }

  /** Predicts [n, embeddingSize] embeddings, faster than with `predict()`. */
  async predictMany(
    embeddings: Float32Array,
    { signal, ...options }: PredictOptions & CallSettings = {},
  ): Promise<Prediction[]> {
    checkEmbeddings(embeddings, this.embeddingSize);
    const wanted = toPredictOptions(options);
    const wires = await this.call(
      'predictMany',
      withCopy(embeddings, (copy) => ({ embeddings: copy, options: wanted })),
      { signal },
    );
    return wires.map(toPrediction);
  }

  /** Removes one example. Its class stays. An id that doesn't exist is 'bad-argument', here and in the other methods that take one. */
  async removeExample(id: number): Promise<void> {
    return this.#edit({ kind: 'remove', id: toId(id) });
  }

  /** Changes the label of an example. */
  async moveExample(id: number, label: string | number): Promise<void> {
    return this.#edit({ kind: 'move', id: toId(id), label: toLabel(label) });
  }

  /**
   * Undoes the last added, removed or moved example. Call it again for the one before. The last 100 changes are kept, until
   * `clear()`, `mergeClasses()` or a load.
   * @returns False when there was nothing to undo.
   */
  async undo(): Promise<boolean> {
    return this.call('undo', {});
  }

  /** Adds a class without examples, unless it exists. */
  async addClass(label: string | number): Promise<void> {
    return this.#edit({ kind: 'add-class', label: toLabel(label) });
  }

  /** Renames a class. Throws 'bad-argument' when another class has the new label. */
  async renameClass(label: string | number, newLabel: string | number): Promise<void> {
    return this.#edit({ kind: 'rename', label: toLabel(label), newLabel: toLabel(newLabel) });
  }

  /** Moves all examples of `label` to the class `into` and removes the class `label`. */
  async mergeClasses(label: string | number, into: string | number): Promise<void> {
    return this.#edit({ kind: 'merge', label: toLabel(label), into: toLabel(into) });
  }

  /** Enables or disables a class. A disabled class keeps its examples, but they don't vote. */
  async enableClass(label: string | number, enabled: boolean): Promise<void> {
    return this.#edit({ kind: 'enable', label: toLabel(label), enabled: Boolean(enabled) });
  }

  /**
   * Sets the number format of examples: 'f32' (the default), or 'i16' and 'i8' with 2 and 1 bytes per value. Examples are converted,
   * and keep their ids. A smaller format also works when the memory is full; what it rounds off is lost.
   * @throws 'out-of-memory' when a larger format doesn't fit; the examples then stay as they are.
   */
  async useStorage(storage: Storage): Promise<void> {
    return this.#edit({ kind: 'storage', storage: toStorage(storage) });
  }

  /** Returns the ids of the examples of a class, oldest first. */
  async exampleIds(label: string | number): Promise<number[]> {
    return this.call('exampleIds', { label: toLabel(label) });
  }

  /** Returns a stored example: [embeddingSize] floats, scaled to length 1. */
  async exampleEmbedding(id: number): Promise<Float32Array> {
    return this.call('exampleEmbedding', { id: toId(id) });
  }

  /**
   * Predicts each example from all others (leave-one-out), at most `maxExamples` of them. Returns accuracy, confusions, possible
   * mistakes, and options for calibrated confidences.
   */
  async review({
    maxExamples = 1000,
    signal,
    ...options
  }: PredictOptions & CallSettings & { maxExamples?: number | undefined } = {}): Promise<Review> {
    return this.call(
      'review',
      { options: toPredictOptions(options), maxExamples: toCount(maxExamples, 'maxExamples') },
      { signal },
    );
  }

  /**
   * Returns a flat map of all examples, by principal component analysis of their embeddings. The first map of the same examples is always
   * the same. Each further call starts from the map before, so that points move little when examples come or go. Calls take a bounded time
   * for the plane, some 0.1 s or less, and little more for each example.
   */
  async map({ signal }: CallSettings = {}): Promise<ExampleMap> {
    return this.call('map', {}, { signal });
  }

  /**
   * Returns the place [x, y] of an embedding on the last `map()`; null before the first one, and when all values are 0.
   * @param embedding [embeddingSize]
   */
  async mapPoint(embedding: Float32Array, { signal }: CallSettings = {}): Promise<[number, number] | null> {
    checkEmbedding(embedding, this.embeddingSize);
    return this.call(
      'mapPoint',
      withCopy(embedding, (copy) => ({ embedding: copy })),
      { signal },
    );
  }

  /**
   * Saves the examples as a stream of bytes. The save fails when examples or classes change before its end, or when another save
   * starts. Cancel a stream that you don't read to its end, because it holds the thumbnails in memory.
   * @param options `thumbnails`: small picture files to store with the examples, at most 4 MB each.
   */
  saveDatasetStream({
    thumbnails = [],
    signal,
  }: { thumbnails?: readonly Thumbnail[] | undefined } & CallSettings = {}): ReadableStream<Uint8Array> {
    const save = this.#startSave(thumbnails, signal);
    return new ReadableStream<Uint8Array>({
      start: async () => void (await save.number),
      async pull(controller) {
        const piece = await save.next();
        if (piece) controller.enqueue(piece);
        else controller.close();
      },
      cancel: save.cancel,
    });
  }

  /** Saves the examples as a file. The options are those of `saveDatasetStream()`. */
  async saveDataset(options: { thumbnails?: readonly Thumbnail[] | undefined } & CallSettings = {}): Promise<Blob> {
    return this.#inTurn(async () => {
      const pieces: Uint8Array<ArrayBuffer>[] = [];
      // Not with a stream, which Jest's jsdom environment does not have.
      const save = this.#startSave(options.thumbnails, options.signal);
      for (let piece = await save.next(); piece; piece = await save.next()) pieces.push(piece);
      return new Blob(pieces, { type: 'application/octet-stream' });
    }, options.signal);
  }

  /**
   * Replaces the examples by those of a saved file. They stay until the whole file has been read and checked, and on any error.
   * Loaded examples keep the ids with which they were saved, because the thumbnails refer to them: ids from before the load are no
   * longer valid. New examples get ids above both.
   * @returns The thumbnails that were saved with the examples.
   * @throws 'bad-dataset' for a damaged file and for one of another model.
   */
  async loadDataset(
    file: Blob | ArrayBuffer | Uint8Array | ReadableStream<Uint8Array>,
    { signal }: CallSettings = {},
  ): Promise<Thumbnail[]> {
    return this.#inTurn(async () => {
      let load: number | undefined;
      const start = async () => (load ??= await this.call('startLoad', {}, { signal }));
      try {
        // The calls are made inside the loop, so that the stream ends when one fails.
        for await (const bytes of toPieces(file, signal))
          await this.call('loadPiece', new Transfer({ load: await start(), bytes }, [bytes.buffer]), { signal });
        return await this.call('finishLoad', { load: await start() }, { signal, changes: true });
      } catch (error) {
        if (load !== undefined) await this.call('cancelLoad', { load }).catch(() => {});
        throw error;
      }
    }, signal);
  }

  /**
   * Returns the examples as JSON, for people and other programs. The file of `saveDataset()` is exact and a tenth as large.
   * @throws 'out-of-memory' when the text would be longer than a JavaScript string can be: some 20,000 examples of 1280 numbers.
   */
  async exportJson({ signal }: CallSettings = {}): Promise<string> {
    return this.call('exportJson', {}, { signal });
  }

  /**
   * Replaces the examples by those of `exportJson()`, or of a data set that tfjs knn-classifier or ml5 KNNClassifier made with this
   * model. For tfjs, that is `Object.entries(getClassifierDataset())` with [label, data, shape] for each tensor. The argument is a
   * text or a parsed value. Imported examples get new ids.
   * @throws 'bad-dataset'; the examples then stay.
   */
  async importJson(json: unknown, { signal }: CallSettings = {}): Promise<void> {
    return this.call('importJson', { json }, { signal, changes: true });
  }

  /**
   * Removes a class with its examples, or all of them. Throws 'bad-argument' for a label that doesn't exist. Without a label, new
   * examples get ids from 0 on.
   */
  async clear(label?: string | number): Promise<void> {
    return this.call('clear', { label: label === undefined ? undefined : toLabel(label) });
  }

  /** Returns the number of examples of each label. Read it by own keys, because a label may be 'constructor'. */
  async counts(): Promise<Record<string, number>> {
    return toRecord(await this.call('counts', {}));
  }

  /** Returns the labels of the disabled classes; see `enableClass()`. Saved data sets keep them disabled. */
  async disabledClasses(): Promise<string[]> {
    return this.call('disabledClasses', {});
  }

  /** Returns what runs, why, and how long the last frame took. */
  async info(): Promise<KnnInfo> {
    return this.session.complete(await this.call('info', {}));
  }

  /** Frees all memory, examples included, and ends the worker. Pending and later calls reject with 'disposed'. It may be called twice. */
  dispose(): void {
    this.session.end();
  }

  /** Calls `dispose()` at the end of a block that declares the classifier with `using`. */
  [disposeSymbol](): void {
    this.dispose();
  }

  /** Calls `dispose()` at the end of a block that declares the classifier with `await using`. */
  async [asyncDisposeSymbol](): Promise<void> {
    this.dispose();
  }

  /** @internal */
  protected call<K extends keyof ClassifierMethods>(
    method: K,
    args: Sent<Parameters<ClassifierMethods[K]>[0]>,
    options: Omit<CallOptions, 'onProgress'> = {},
  ): Promise<ReturnType<ClassifierMethods[K]>> {
    return this.session.caller.call(method, args, options);
  }

  /** Runs saves and loads one after the other, because each takes many calls. */
  #inTurn<T>(body: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const before = this.#lastDataset;
    const result = before ? orAborted(before, signal).then(body) : body();
    const over = Promise.allSettled([before, result]).then(() => {
      if (this.#lastDataset === over) this.#lastDataset = undefined;
    });
    this.#lastDataset = over;
    return result;
  }

  /** Starts a save. `next()` returns a piece of the file, and undefined at its end. */
  #startSave(thumbnails: readonly Thumbnail[] = [], signal: AbortSignal | undefined) {
    const number = checked(async () => this.call('startSave', { thumbnails: toThumbnails(thumbnails) }, { signal }));
    // next() reports a failure.
    number.catch(() => {});
    const cancel = async () => this.call('cancelSave', { save: await number }).catch(() => {});
    const next = async (): Promise<Uint8Array<ArrayBuffer> | undefined> => {
      try {
        const piece = await this.call('nextSaved', { save: await number }, { signal });
        return piece.byteLength > 0 ? (piece as Uint8Array<ArrayBuffer>) : undefined;
      } catch (error) {
        await cancel().catch(() => {});
        throw error;
      }
    };
    return { number, next, cancel };
  }

  #edit(change: Edit): Promise<void> {
    return this.call('edit', change);
  }

  #withSubject<T>(embedding: Float32Array, toArgs: (subject: Subject) => T): Transfer<T> {
    checkEmbedding(embedding, this.embeddingSize);
    return withCopy(embedding, (copy) => toArgs({ embedding: copy }));
  }
}

/**
 * Copies the floats for the transfer. The copy has the values at the time of the call, and cloning a small view would clone its whole
 * buffer.
 */
function withCopy<T>(floats: Float32Array, toArgs: (copy: Float32Array) => T): Transfer<T> {
  const copy = new Float32Array(floats);
  return new Transfer(toArgs(copy), [copy.buffer]);
}

/** @internal */
export function toPrediction({ label, classIndex, confidences, unknown, neighbours }: WirePrediction): Prediction {
  return { label, classIndex, confidences: toRecord(confidences), unknown, neighbours };
}

const pieceBytes = 1 << 20;

/** Yields pieces that may be transferred. */
async function* toPieces(file: unknown, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  if (isStream(file)) {
    if (file.locked)
      throw new ClassifierError(
        'bad-argument',
        "The stream of a data set is locked: it has another reader. Pass one that isn't.",
      );
    // Not every browser can iterate over a stream.
    const reader = file.getReader() as ReadableStreamDefaultReader<unknown>;
    const next = () =>
      reader.read().catch((cause: unknown) => {
        throw foreign('bad-dataset', 'The stream of the data set failed', cause);
      });
    for await (const bytes of untilAborted(next, () => reader.cancel(signal?.reason), signal)) {
      if (!isBytes(bytes))
        throw new ClassifierError(
          'bad-argument',
          `The stream of a data set must yield Uint8Arrays; got ${show(bytes)}.`,
        );
      yield new Uint8Array(bytes);
    }
    return;
  }
  const whole = isBuffer(file) ? new Uint8Array(file) : file;
  if (!isBlob(whole) && !isBytes(whole)) {
    throw new ClassifierError(
      'bad-argument',
      'A data set must be a Blob, an ArrayBuffer, a Uint8Array or a ReadableStream.',
    );
  }
  const size = isBlob(whole) ? whole.size : whole.byteLength;
  for (let start = 0; start < size; start += pieceBytes) {
    const end = start + pieceBytes;
    yield new Uint8Array(isBlob(whole) ? await readPart(whole.slice(start, end), whole) : whole.subarray(start, end));
  }
}

/** Reads a part of a file, which somebody may have changed or deleted meanwhile. */
async function readPart(part: Blob, whole: Blob): Promise<ArrayBuffer> {
  try {
    return await readBlob(part);
  } catch (cause) {
    throw foreign('load-failed', `The data set ${show((whole as File).name ?? '')} can't be read`, cause);
  }
}

/** Makes an object whose own keys are the labels, also '__proto__'. It is a plain object, because server actions return no others. */
function toRecord(pairs: [string, number][]): Record<string, number> {
  return Object.fromEntries(pairs);
}

function isStream(value: unknown): value is ReadableStream<unknown> {
  return brandOf(value) === 'ReadableStream';
}
