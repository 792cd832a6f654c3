/// <reference lib="esnext.disposable" preserve="true" />
// The examples as a caller holds them. The module that keeps and compares them runs elsewhere, behind a Session.

import { orAborted, untilAborted } from '../shared/abort.js';
import { ClassifierError } from '../shared/errors.js';
import type {
  ClassifierMethods,
  Edit,
  Info,
  Neighbour,
  PredictOptions,
  Review,
  Storage,
  Subject,
  Thumbnail,
  WirePrediction,
} from '../shared/protocol.js';
import { type CallOptions, Moved, type Sent } from '../shared/rpc.js';
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

/** For calls that may take long. */
export interface CallSettings {
  /**
   * When it aborts, the call rejects with 'aborted'; at once, unless it teaches or loads: such a call has no effect then, or
   * ends as usual when its work was done already.
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
  const { embeddingSize, id = 'embeddings' } = options;
  if (typeof id !== 'string') throw new ClassifierError('bad-argument', `id must be a string; got ${String(id)}.`);
  const model = { kind: 'none', id, embeddingSize: toCount(embeddingSize, 'embeddingSize') } as const;
  return new KnnClassifier(await startSession({ model }, options, startHere));
}

/** What nearest neighbours say. */
export interface Prediction {
  /** The class with most votes; of equals the one whose nearest example is nearest. When `unknown`, the best guess. */
  label: string;
  /** Position in the order in which classes were taught. */
  classIndex: number;
  /** Share of the votes, 0-1, of every class that has examples; together 1. An object without prototype. */
  confidences: Record<string, number>;
  /** Whether the nearest example is farther than the option 'unknownThreshold' allows. */
  unknown: boolean;
  /** The examples that voted, nearest first. Of equally near ones, the one taught first. */
  neighbours: Neighbour[];
}

// Older engines have no such symbols; there these names do no harm.
const disposeSymbol: typeof Symbol.dispose = Symbol.dispose ?? (Symbol.for('Symbol.dispose') as typeof Symbol.dispose);
const asyncDisposeSymbol: typeof Symbol.asyncDispose =
  Symbol.asyncDispose ?? (Symbol.for('Symbol.asyncDispose') as typeof Symbol.asyncDispose);

/**
 * Classes that are taught by examples and told apart by the nearest of them.
 * All methods may reject with 'worker-lost' and, after dispose(), with 'disposed'. Calls take effect in the order in which they
 * are made, whether awaited or not; only saving and loading a data set takes many steps, between which others come.
 */
export class KnnClassifier {
  protected readonly session: Session;
  /** Settles when the last save or load is over; undefined when none is under way. */
  #lastDataset: Promise<unknown> | undefined;

  /** @internal Use loadKnn(). */
  constructor(session: Session) {
    this.session = session;
  }

  /** Floats in an embedding. */
  get embeddingSize(): number {
    return this.session.model.embeddingSize;
  }

  /**
   * Teaches: this looks like `label`. Numbers become strings, so 1 and '1' are one class.
   * @param embedding [embeddingSize] finite numbers, not all 0.
   * @returns How many examples the label has now.
   */
  async addExample(embedding: Float32Array, label: string | number, { signal }: CallSettings = {}): Promise<number> {
    const name = toLabel(label);
    return this.call(
      'addExample',
      this.#withSubject(embedding, (subject) => ({ subject, label: name })),
      { signal, changes: true },
    );
  }

  /**
   * Which of the taught classes this looks like, by the votes of the nearest examples.
   * @param embedding [embeddingSize]
   * @throws 'bad-argument' when there are no examples or k isn't a whole number >= 1.
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
   * Teaches many embeddings at once, all or none.
   * @param embeddings [labels.length, embeddingSize]
   * @returns The examples' ids.
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

  /** What predict() says of each of [n, embeddingSize] embeddings, in less time. */
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

  /** Forgets one example; its class stays. All ids: 'bad-argument' for one that isn't there. */
  async removeExample(id: number): Promise<void> {
    return this.#edit({ kind: 'remove', id: toId(id) });
  }

  /** Gives an example another label. */
  async moveExample(id: number, label: string | number): Promise<void> {
    return this.#edit({ kind: 'move', id: toId(id), label: toLabel(label) });
  }

  /**
   * Takes back the last example that was added, removed or moved; again, the one before. The last 100 are remembered, until
   * clear(), mergeClasses() or a load.
   * @returns Whether there was one.
   */
  async undo(): Promise<boolean> {
    return this.call('undo', {});
  }

  /** Adds a class that has no examples yet, if it isn't there. */
  async addClass(label: string | number): Promise<void> {
    return this.#edit({ kind: 'add-class', label: toLabel(label) });
  }

  /** Throws 'bad-argument' when another class has the new label. */
  async renameClass(label: string | number, newLabel: string | number): Promise<void> {
    return this.#edit({ kind: 'rename', label: toLabel(label), newLabel: toLabel(newLabel) });
  }

  /** Gives all examples of `label` to the class `into`; the first class is gone then. */
  async mergeClasses(label: string | number, into: string | number): Promise<void> {
    return this.#edit({ kind: 'merge', label: toLabel(label), into: toLabel(into) });
  }

  /** A disabled class keeps its examples, but they don't vote. */
  async enableClass(label: string | number, enabled: boolean): Promise<void> {
    return this.#edit({ kind: 'enable', label: toLabel(label), enabled: Boolean(enabled) });
  }

  /** How examples are kept: 'f32' all of each value (the default), 'i16' in 2 bytes, 'i8' in 1. Only without examples; classes and ids stay. */
  async useStorage(storage: Storage): Promise<void> {
    return this.#edit({ kind: 'storage', storage: toStorage(storage) });
  }

  /** The ids of a class' examples, in the order of teaching. */
  async exampleIds(label: string | number): Promise<number[]> {
    return this.call('exampleIds', { label: toLabel(label) });
  }

  /** [embeddingSize] an example as it is kept, of length 1. */
  async exampleEmbedding(id: number): Promise<Float32Array> {
    return this.call('exampleEmbedding', { id: toId(id) });
  }

  /** Predicts each example from all others, at most `mostExamples` of them: accuracy, confusions, what may be mislabelled, how far to believe. */
  async review({
    mostExamples = 1000,
    signal,
    ...options
  }: PredictOptions & CallSettings & { mostExamples?: number | undefined } = {}): Promise<Review> {
    return this.call(
      'review',
      { options: toPredictOptions(options), mostExamples: toCount(mostExamples, 'mostExamples') },
      { signal },
    );
  }

  /**
   * The examples as a file, piece by piece; what is taught or removed before the end makes it fail, and so does another save.
   * Cancel the stream if you don't read all of it: thumbnails are held until then.
   * @param options `thumbnails`: small picture files to keep beside examples, at most 4 MB each.
   */
  saveDatasetStream({
    thumbnails = [],
    signal,
  }: { thumbnails?: readonly Thumbnail[] | undefined } & CallSettings = {}): ReadableStream<Uint8Array> {
    const call: typeof this.call = this.call.bind(this);
    let save: Promise<number>;
    const cancel = async () => call('cancelSave', { save: await save }).catch(() => {});
    return new ReadableStream<Uint8Array>({
      async start() {
        save = call('startSave', { thumbnails: toThumbnails(thumbnails) }, { signal });
        await save;
      },
      async pull(controller) {
        try {
          const piece = await call('nextSaved', { save: await save }, { signal });
          if (piece.byteLength > 0) controller.enqueue(piece);
          else controller.close();
        } catch (error) {
          await cancel();
          throw error;
        }
      },
      cancel,
    });
  }

  /** The examples as a file; options as of saveDatasetStream(). */
  async saveDataset(options: { thumbnails?: readonly Thumbnail[] | undefined } & CallSettings = {}): Promise<Blob> {
    return this.#inTurn(async () => {
      const pieces: Uint8Array<ArrayBuffer>[] = [];
      const reader = this.saveDatasetStream(options).getReader();
      for (let next = await reader.read(); !next.done; next = await reader.read())
        pieces.push(next.value as Uint8Array<ArrayBuffer>);
      return new Blob(pieces, { type: 'application/octet-stream' });
    }, options.signal);
  }

  /**
   * Replaces the examples by those of a file. Until all of it has been read and checked, and on any error, they stay.
   * Throws 'bad-dataset' for a damaged file, and for one of another model. Examples have the ids with which they were saved, as
   * the pictures speak of them by these: forget ids from before the load. New examples get ids above both.
   * @returns The pictures that were saved with it.
   */
  async loadDataset(
    file: Blob | ArrayBuffer | Uint8Array | ReadableStream<Uint8Array>,
    { signal }: CallSettings = {},
  ): Promise<Thumbnail[]> {
    return this.#inTurn(async () => {
      let load: number | undefined;
      const start = async () => (load ??= await this.call('startLoad', {}, { signal }));
      try {
        // Within the loop, which ends the stream when a call fails.
        for await (const bytes of toPieces(file, signal))
          await this.call('loadPiece', new Moved({ load: await start(), bytes }, [bytes.buffer]), { signal });
        return await this.call('finishLoad', { load: await start() }, { signal, changes: true });
      } catch (error) {
        if (load !== undefined) await this.call('cancelLoad', { load }).catch(() => {});
        throw error;
      }
    }, signal);
  }

  /**
   * The examples as JSON: for people and other programs. The file of saveDataset() is exact and a tenth as large.
   * Throws 'out-of-memory' for more than fit into a text of JavaScript: some 20,000 examples of 1280 numbers.
   */
  async exportJson({ signal }: CallSettings = {}): Promise<string> {
    return this.call('exportJson', {}, { signal });
  }

  /**
   * Replaces the examples by those of exportJson(), or of a tfjs knn-classifier or an ml5 KNNClassifier of this model:
   * Object.entries(getClassifierDataset()) with [label, data, shape] for each tensor, or ml5's file; as text or parsed.
   * Throws 'bad-dataset'; then the examples stay. Those that come get new ids.
   */
  async importJson(json: unknown, { signal }: CallSettings = {}): Promise<void> {
    return this.call('importJson', { json }, { signal, changes: true });
  }

  /** Forgets the examples of one label, or all. Throws 'bad-argument' for a label that has none. */
  async clear(label?: string | number): Promise<void> {
    return this.call('clear', { label: label === undefined ? undefined : toLabel(label) });
  }

  /** Examples of each label: a copy, without prototype. */
  async counts(): Promise<Record<string, number>> {
    return toRecord(await this.call('counts', {}));
  }

  /** What runs, why, and how fast the last frame was. */
  async info(): Promise<Info> {
    return this.session.complete(await this.call('info', {}));
  }

  /** Frees all memory, examples included, and ends the worker. Pending and later calls reject with 'disposed'. May be called twice. */
  dispose(): void {
    this.session.end();
  }

  /** dispose(), at the end of a block that declares it with `using`. */
  [disposeSymbol](): void {
    this.dispose();
  }

  /** dispose(), at the end of a block that declares it with `await using`. */
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

  /** One data set after the other: a file goes in or out over many calls. */
  #inTurn<T>(body: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const before = this.#lastDataset;
    const result = before ? orAborted(before, signal).then(body) : body();
    const over = Promise.allSettled([before, result]).then(() => {
      if (this.#lastDataset === over) this.#lastDataset = undefined;
    });
    this.#lastDataset = over;
    return result;
  }

  #edit(change: Edit): Promise<void> {
    return this.call('edit', change);
  }

  /** Checks an embedding before it is sent. */
  #withSubject<T>(embedding: Float32Array, toArgs: (subject: Subject) => T): Moved<T> {
    checkEmbedding(embedding, this.embeddingSize);
    return withCopy(embedding, (copy) => toArgs({ embedding: copy }));
  }
}

/** As a copy that moves: it is of the moment of the call, and a clone would take along all of the buffer that a small view lies in. */
function withCopy<T>(floats: Float32Array, toArgs: (copy: Float32Array) => T): Moved<T> {
  const copy = new Float32Array(floats);
  return new Moved(toArgs(copy), [copy.buffer]);
}

/** @internal */
export function toPrediction({ label, classIndex, confidences, unknown, neighbours }: WirePrediction): Prediction {
  return { label, classIndex, confidences: toRecord(confidences), unknown, neighbours };
}

const pieceBytes = 1 << 20;

/** Pieces that are ours to move. */
async function* toPieces(file: unknown, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  if (file instanceof ReadableStream) {
    // Not every browser can loop over a stream.
    const reader = file.getReader() as ReadableStreamDefaultReader<unknown>;
    for await (const bytes of untilAborted(
      () => reader.read(),
      () => reader.cancel(signal?.reason),
      signal,
    )) {
      if (!(bytes instanceof Uint8Array))
        throw new ClassifierError(
          'bad-argument',
          `The stream of a data set must give Uint8Arrays; got ${Object.prototype.toString.call(bytes).slice(8, -1)}.`,
        );
      yield new Uint8Array(bytes);
    }
    return;
  }
  const whole = file instanceof ArrayBuffer ? new Uint8Array(file) : file;
  if (!(whole instanceof Blob) && !(whole instanceof Uint8Array)) {
    throw new ClassifierError(
      'bad-argument',
      'A data set must be a Blob, an ArrayBuffer, a Uint8Array or a ReadableStream.',
    );
  }
  const size = whole instanceof Blob ? whole.size : whole.byteLength;
  for (let start = 0; start < size; start += pieceBytes) {
    const end = start + pieceBytes;
    yield new Uint8Array(
      whole instanceof Blob ? await whole.slice(start, end).arrayBuffer() : whole.subarray(start, end),
    );
  }
}

/** Without prototype, so that any label, '__proto__' too, is an ordinary key. */
function toRecord(pairs: [string, number][]): Record<string, number> {
  const record = Object.create(null) as Record<string, number>;
  for (const [label, value] of pairs) record[label] = value;
  return record;
}
