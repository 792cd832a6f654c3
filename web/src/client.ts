/// <reference lib="esnext.disposable" preserve="true" />
// The classifier as a page holds it. The network and its examples live in a worker of their own.

import { checkEmbedding, checkEmbeddings, toCount, toId, toLabel, toPredictOptions } from './arguments.js';
import { ClassifierError, toClassifierError } from './errors.js';
import { otherOrigin, toSendable, type ImageInput, type Sendable } from './image.js';
import type { ClassifierMethods, ClassScore, Edit, Info, ModelEntry, ModelInfo, ModelRequest, Neighbour, OpenRequest, Precision, PredictOptions, Preprocess, Progress, Review, Storage, Thumbnail, Timings, Variant, WirePrediction } from './protocol.js';
import { connect, type Caller } from './rpc.js';

/** Where the model comes from. Relative addresses count from the page. */
export type ModelSource =
  /** Of a .tflite file, a tfjs model.json or a catalogue entry (JSON with `id` and `files`). */
  | string
  | URL
  | { url: string | URL }
  /** The file's bytes; for a model.json also its weight files, joined in the manifest's order. */
  | { bytes: ArrayBuffer | Uint8Array; weights?: ArrayBuffer | Uint8Array | undefined }
  /** Its files are relative to `baseUrl`, by default the page. */
  | (ModelEntry & { baseUrl?: string | URL | undefined });

export interface LoadOptions {
  model: ModelSource;
  /**
   * Names of the model's own classes in the network's order, or the address of a text file with one a line, or of the metadata.json of a
   * Teachable Machine. Default: those of the catalogue's entry, else those inside of a .tflite file.
   */
  labels?: readonly string[] | string | URL | undefined;
  /** How frames become the network's input. Default: as the model's entry says, else centre-crop, half-pixel and the range that its file says, else -1..1. */
  preprocess?: Partial<Preprocess> | undefined;
  /** The numbers that the network computes in; 'exact', as the file says, unless given. */
  precision?: Precision | undefined;
  /** Default: the best that this browser and page can run. Asking for one that can't is an error. */
  variant?: Variant | undefined;
  /** >= 1. Default: the processors, at most 4. Only threaded variants use more than 1. */
  threads?: number | undefined;
  /** Default: worker.js beside this file. Must be of the page's origin. */
  workerUrl?: string | URL | undefined;
  /** Folder that holds <variant>/teachable.js and .wasm. Default: wasm/ beside the worker. */
  wasmUrl?: string | URL | undefined;
  /** Ends the load with 'aborted'. After the load it has no effect: call dispose(). */
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: Progress) => void) | undefined;
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

export interface ObserveOptions extends PredictOptions {
  /** Adds the frame as an example of this class, before predicting. */
  label?: string | number | undefined;
  /** How many of the model's own classes to return, 0 for none. Default 3. */
  topk?: number | undefined;
  /** Whether to return the embedding too. Default false. */
  embedding?: boolean | undefined;
}

export interface Observation {
  /** Null as long as there are no examples. */
  prediction: Prediction | null;
  /** The model's own classes, best first; empty for a model without a classifier. */
  classes: ClassScore[];
  /** Examples of `label` by now; undefined without a label. */
  exampleCount: number | undefined;
  /** Of the example that was taught, for removeExample() and moveExample(); undefined without a label. */
  exampleId: number | undefined;
  /** [embeddingSize] floats when asked for. */
  embedding: Float32Array | undefined;
  timings: Timings;
}

/** How long a disposed worker may take to end by itself. */
const lastWordsMs = 500;

// Older Safari has no Symbol.dispose; there this name does no harm.
const disposeSymbol: typeof Symbol.dispose = Symbol.dispose ?? (Symbol.for('Symbol.dispose') as typeof Symbol.dispose);

/**
 * Loads a model in a worker.
 * Throws 'load-failed', 'bad-model', 'unsupported-op', 'unsupported-browser', 'bad-argument', 'out-of-memory' or 'aborted'.
 */
export async function load(options: LoadOptions): Promise<Classifier> {
  const request = toRequest(options);
  const { signal, onProgress } = options;
  if (signal?.aborted) throw aborted(signal);
  const worker = startWorker(options.workerUrl);
  const caller = connect<ClassifierMethods>(worker);
  const onAbort = () => caller.close(aborted(signal!));
  signal?.addEventListener('abort', onAbort);
  try {
    const info = await caller.call('open', request, { onProgress });
    return new Classifier(worker, caller, info.model);
  } catch (error) {
    worker.terminate();
    throw readable(error, options.workerUrl);
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}

/**
 * Says what a picture shows: by the model's own classes, and by classes that you teach with examples.
 * All methods may reject with 'worker-lost' and, after dispose(), with 'disposed'. Calls are answered in order:
 * for a video, await each before sending the next frame.
 */
export class Classifier {
  /** The network that runs. */
  readonly model: ModelInfo;
  readonly #worker: Worker;
  readonly #caller: Caller<ClassifierMethods>;

  /** @internal Use load(). */
  constructor(worker: Worker, caller: Caller<ClassifierMethods>, model: ModelInfo) {
    this.#worker = worker;
    this.#caller = caller;
    this.model = model;
  }

  /**
   * The model's own classes, best first.
   * @param topk How many, >= 1; at most all are returned.
   * @throws 'bad-image', 'bad-argument' (also for a model without classes).
   */
  async classify(image: ImageInput, topk = 3): Promise<ClassScore[]> {
    const args = { topk: toCount(topk, 'topk') };
    return this.#withFrame(image, (sendable) => this.#call('classify', { ...args, frame: sendable.frame }, sendable));
  }

  /** Of the model's own classes, in the network's order; empty when they are not known. */
  async classNames(): Promise<readonly string[]> {
    return this.#call('classNames', {});
  }

  /** [embeddingSize] floats that describe the picture: near for pictures that look alike. Yours to keep and to teach with. */
  async embed(image: ImageInput): Promise<Float32Array> {
    return this.#withFrame(image, (sendable) => this.#call('embed', { frame: sendable.frame }, sendable));
  }

  /**
   * Teaches: this looks like `label`. Numbers become strings, so 1 and '1' are one class.
   * @param image A picture, or an embedding of this model.
   * @returns How many examples the label has now.
   */
  async addExample(image: ImageInput | Float32Array, label: string | number): Promise<number> {
    const name = toLabel(label);
    if (image instanceof Float32Array) return this.#call('addExample', { subject: this.#own(image), label: name });
    return this.#withFrame(image, (sendable) => this.#call('addExample', { subject: { frame: sendable.frame }, label: name }, sendable));
  }

  /**
   * Which of the taught classes this looks like, by the votes of the nearest examples.
   * @param image A picture, or an embedding of this model.
   * @throws 'bad-argument' when there are no examples or k isn't a whole number >= 1.
   */
  async predict(image: ImageInput | Float32Array, options: PredictOptions = {}): Promise<Prediction> {
    const args = { options: toPredictOptions(options) };
    const wire =
      image instanceof Float32Array
        ? await this.#call('predict', { ...args, subject: this.#own(image) })
        : await this.#withFrame(image, (sendable) => this.#call('predict', { ...args, subject: { frame: sendable.frame } }, sendable));
    return toPrediction(wire);
  }

  /** All about one frame, for one run of the network: teaches it if a label is given, predicts, and classifies. */
  async observe(image: ImageInput, { label, topk = 3, embedding = false, ...options }: ObserveOptions = {}): Promise<Observation> {
    const args = {
      label: label === undefined ? undefined : toLabel(label),
      options: toPredictOptions(options),
      topk: toCount(topk, 'topk', 0),
      embedding: Boolean(embedding),
    };
    const wire = await this.#withFrame(image, (sendable) => this.#call('observe', { ...args, frame: sendable.frame }, sendable));
    return { ...wire, prediction: wire.prediction && toPrediction(wire.prediction) };
  }

  /**
   * Teaches many embeddings at once, all or none.
   * @param embeddings [labels.length, embeddingSize]
   * @returns The examples' ids.
   */
  async addExamples(embeddings: Float32Array, labels: readonly (string | number)[]): Promise<number[]> {
    checkEmbeddings(embeddings, this.model.embeddingSize);
    return this.#call('addExamples', { embeddings, labels: labels.map(toLabel) });
  }

  /** What predict() says of each of [n, embeddingSize] embeddings, in less time. */
  async predictMany(embeddings: Float32Array, options: PredictOptions = {}): Promise<Prediction[]> {
    checkEmbeddings(embeddings, this.model.embeddingSize);
    const wires = await this.#call('predictMany', { embeddings, options: toPredictOptions(options) });
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
    return this.#call('undo', {});
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

  /** How examples are kept: 'f32' all of each value (the default), 'i16' in 2 bytes, 'i8' in 1. Only without examples. */
  async useStorage(storage: Storage): Promise<void> {
    return this.#edit({ kind: 'storage', storage });
  }

  /** The ids of a class' examples, in the order of teaching. */
  async exampleIds(label: string | number): Promise<number[]> {
    return this.#call('exampleIds', { label: toLabel(label) });
  }

  /** [embeddingSize] an example as it is kept, of length 1. */
  async exampleEmbedding(id: number): Promise<Float32Array> {
    return this.#call('exampleEmbedding', { id: toId(id) });
  }

  /** Predicts each example from all others, at most `mostExamples` of them: accuracy, confusions, what may be mislabelled. */
  async review({ mostExamples = 1000, ...options }: PredictOptions & { mostExamples?: number | undefined } = {}): Promise<Review> {
    return this.#call('review', { options: toPredictOptions(options), mostExamples: toCount(mostExamples, 'mostExamples') });
  }

  /**
   * The examples as a file, piece by piece; what is taught or removed before the end makes it fail.
   * @param options.thumbnails Small picture files to keep beside examples.
   */
  saveDatasetStream({ thumbnails = [] }: { thumbnails?: readonly Thumbnail[] | undefined } = {}): ReadableStream<Uint8Array> {
    const call = this.#caller.call.bind(this.#caller);
    return new ReadableStream<Uint8Array>({
      start: () => call('startSave', { thumbnails: [...thumbnails] }),
      async pull(controller) {
        const piece = await call('nextSaved', {});
        if (piece.byteLength > 0) controller.enqueue(piece);
        else controller.close();
      },
    });
  }

  /** The examples as a file. */
  async saveDataset(options: { thumbnails?: readonly Thumbnail[] | undefined } = {}): Promise<Blob> {
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    const reader = this.saveDatasetStream(options).getReader();
    for (let next = await reader.read(); !next.done; next = await reader.read()) pieces.push(next.value as Uint8Array<ArrayBuffer>);
    return new Blob(pieces, { type: 'application/octet-stream' });
  }

  /**
   * Replaces the examples by those of a file. Until all of it has been read and checked, and on any error, they stay.
   * Throws 'bad-dataset' for a damaged file, and for one of another model.
   * @returns The pictures that were saved with it.
   */
  async loadDataset(file: Blob | ArrayBuffer | Uint8Array | ReadableStream<Uint8Array>): Promise<Thumbnail[]> {
    const pieces = toPieces(file);
    await this.#call('startLoad', {});
    for await (const bytes of pieces) await this.#call('loadPiece', { bytes });
    return this.#call('finishLoad', {});
  }

  /** The examples as JSON: for people and other programs. The file of saveDataset() is exact and a tenth as large. */
  async exportJson(): Promise<string> {
    return this.#call('exportJson', {});
  }

  /**
   * Replaces the examples by those of exportJson(), or of a tfjs knn-classifier or an ml5 KNNClassifier of this model:
   * Object.entries(getClassifierDataset()) with [label, data, shape] for each tensor, or ml5's file; as text or parsed.
   * Throws 'bad-dataset'; then the examples stay.
   */
  async importJson(json: unknown): Promise<void> {
    return this.#call('importJson', { json });
  }

  /** Forgets the examples of one label, or all. Throws 'bad-argument' for a label that has none. */
  async clear(label?: string | number): Promise<void> {
    return this.#call('clear', { label: label === undefined ? undefined : toLabel(label) });
  }

  /** Examples of each label: a copy, without prototype. */
  async counts(): Promise<Record<string, number>> {
    return toRecord(await this.#call('counts', {}));
  }

  /** What runs, why, and how fast the last frame was. */
  async info(): Promise<Info> {
    return this.#call('info', {});
  }

  /** Ends the worker and frees all memory, examples included. Pending and later calls reject with 'disposed'. May be called twice. */
  dispose(): void {
    // Asked first: the module's threads sleep in a lock, and browsers take seconds to tear down such a worker.
    this.#caller.call('close', {}).catch(() => {});
    this.#caller.close(new ClassifierError('disposed', 'This classifier was disposed. Load a new one.'));
    setTimeout(() => this.#worker.terminate(), lastWordsMs);
  }

  [disposeSymbol](): void {
    this.dispose();
  }

  #edit(change: Edit): Promise<void> {
    return this.#call('edit', change);
  }

  /** Checks an embedding before it is sent. */
  #own(embedding: Float32Array): { embedding: Float32Array } {
    checkEmbedding(embedding, this.model.embeddingSize);
    return { embedding };
  }

  #call<K extends keyof ClassifierMethods>(method: K, args: Parameters<ClassifierMethods[K]>[0], sendable?: Sendable): Promise<ReturnType<ClassifierMethods[K]>> {
    return this.#caller.call(method, args, { transfer: sendable?.transfer ?? [] });
  }

  async #withFrame<T>(image: ImageInput, send: (sendable: Sendable) => Promise<T>): Promise<T> {
    const sendable = await toSendable(image);
    try {
      return await send(sendable);
    } catch (error) {
      sendable.discard();
      // Pixels of another origin become bitmaps all right, but may not leave the page.
      if ((error as Error).name === 'DataCloneError') throw otherOrigin(error);
      throw error;
    }
  }
}

function toPrediction({ label, classIndex, confidences, unknown, neighbours }: WirePrediction): Prediction {
  return { label, classIndex, confidences: toRecord(confidences), unknown, neighbours };
}

const pieceBytes = 1 << 20;

async function* toPieces(file: unknown): AsyncGenerator<Uint8Array> {
  if (file instanceof ReadableStream) {
    // Not every browser can loop over a stream.
    const reader = (file as ReadableStream<Uint8Array>).getReader();
    try {
      for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
    } finally {
      await reader.cancel().catch(() => {});
    }
    return;
  }
  const whole = file instanceof ArrayBuffer ? new Uint8Array(file) : file;
  if (!(whole instanceof Blob) && !(whole instanceof Uint8Array)) {
    throw new ClassifierError('bad-argument', 'A data set must be a Blob, an ArrayBuffer, a Uint8Array or a ReadableStream.');
  }
  const size = whole instanceof Blob ? whole.size : whole.byteLength;
  for (let start = 0; start < size; start += pieceBytes) {
    const piece = whole.slice(start, start + pieceBytes);
    yield piece instanceof Blob ? new Uint8Array(await piece.arrayBuffer()) : piece;
  }
}

/** Without prototype, so that any label, '__proto__' too, is an ordinary key. */
function toRecord(pairs: [string, number][]): Record<string, number> {
  const record = Object.create(null) as Record<string, number>;
  for (const [label, value] of pairs) record[label] = value;
  return record;
}

function startWorker(workerUrl: string | URL | undefined): Worker {
  if (typeof Worker !== 'function') {
    throw new ClassifierError('unsupported-browser', 'load() needs a browser with module workers. On a server, import the package but call load() on the page only.');
  }
  try {
    // Written out twice, as bundlers find a worker by this literal form only.
    return workerUrl
      ? new Worker(workerUrl, { type: 'module', name: 'teachable-wasm' })
      : new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'teachable-wasm' });
  } catch (cause) {
    throw new ClassifierError('load-failed', `The worker could not be started: ${(cause as Error).message} ${aboutWorkers}`, { cause });
  }
}

const aboutWorkers = "Serve worker.js from the page's own origin (option 'workerUrl') and allow it in the worker-src policy.";

/** A worker that dies before it has answered: its script didn't arrive, or couldn't run. */
function readable(error: unknown, workerUrl: string | URL | undefined): ClassifierError {
  const known = toClassifierError(error);
  if (known.code !== 'worker-lost') return known;
  const url = String(workerUrl ?? new URL('./worker.js', import.meta.url));
  const reason = known.cause ? `: ${String(known.cause)}` : '';
  return new ClassifierError('load-failed', `The worker ${url} did not start${reason}. ${aboutWorkers}`, { cause: known });
}

function aborted(signal: AbortSignal): ClassifierError {
  return new ClassifierError('aborted', 'The load was aborted.', { cause: signal.reason });
}

function toRequest({ model, labels, preprocess, precision, variant, threads, wasmUrl }: LoadOptions): OpenRequest {
  return {
    model: toModelRequest(model),
    labels: labels instanceof URL || typeof labels === 'string' ? absolute(labels) : labels,
    preprocess,
    precision,
    variant,
    threads: threads === undefined ? undefined : toCount(threads, 'threads'),
    wasmUrl: wasmUrl === undefined ? undefined : absolute(wasmUrl).replace(/\/*$/, '/'),
  };
}

function toModelRequest(model: ModelSource): ModelRequest {
  if (typeof model === 'string' || model instanceof URL) return { kind: 'url', url: absolute(model) };
  const { url, bytes, weights, files, baseUrl } = Object(model) as { url?: string | URL; bytes?: Uint8Array; weights?: Uint8Array; files?: unknown; baseUrl?: string | URL };
  if (url !== undefined) return { kind: 'url', url: absolute(url) };
  if (bytes !== undefined) return { kind: 'bytes', model: bytes, weights };
  if (Array.isArray(files)) return { kind: 'entry', entry: withoutBase(model as ModelEntry), baseUrl: absolute(baseUrl ?? '') };
  throw new ClassifierError('bad-argument', "The option 'model' must be an address, {url}, {bytes} or a catalogue entry with 'files'.");
}

function withoutBase({ id, title, files, labels, preprocess, showClasses }: ModelEntry): ModelEntry {
  return { id, title, files, labels, preprocess, showClasses };
}

/** Workers resolve addresses against themselves, pages against the page: the page's way is meant. */
function absolute(url: string | URL): string {
  try {
    return new URL(url, globalThis.document?.baseURI ?? globalThis.location?.href).href;
  } catch (cause) {
    throw new ClassifierError('bad-argument', `'${String(url)}' is not an address.`, { cause });
  }
}
