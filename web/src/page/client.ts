// The classifier that sees pictures, and its load.

import { untilAborted } from '../shared/abort.js';
import { absolute } from '../shared/addresses.js';
import { ClassifierError } from '../shared/errors.js';
import type {
  ClassifierMethods,
  ClassScore,
  Frame,
  ModelEntry,
  ModelInfo,
  ModelRequest,
  Precision,
  PredictOptions,
  Preprocess,
  Timings,
} from '../shared/protocol.js';
import { Moved } from '../shared/rpc.js';
import { toCount, toLabel, toPredictOptions } from './arguments.js';
import type { StartHere } from './engine.js';
import { type ImageInput, otherOrigin, toFrame } from './image.js';
import { type CallSettings, KnnClassifier, type Prediction, toPrediction } from './knn-client.js';
import { type Alpha, selectModel, type Version } from './models.js';
import { type ModuleOptions, startSession } from './session.js';

/** Where the model comes from. Relative addresses count from the page. */
export type ModelSource =
  /** Of a .tflite file, a tfjs model.json or a catalogue entry (JSON with `id` and `files`). */
  | string
  | URL
  | {
      /** The same. */
      url: string | URL;
    }
  | {
      /** Of a .tflite file or a model.json. */
      bytes: ArrayBuffer | Uint8Array;
      /** Of a model.json: its weight files, joined in the manifest's order. */
      weights?: ArrayBuffer | Uint8Array | undefined;
    }
  | (ModelEntry & {
      /** What its files are relative to. Default: the page. */
      baseUrl?: string | URL | undefined;
    });

/** Which network, and where it runs. All have defaults. */
export interface LoadOptions extends ModuleOptions {
  /** Default: the MobileNet that is in the package. */
  model?: ModelSource | undefined;
  /** Of the MobileNet, in place of `model`: 1 or 2. One that isn't in the package is 'bad-argument', and the error names those that are. */
  version?: Version | undefined;
  /** Its width: the share of channels, 0.25, 0.5, 0.75 or 1. */
  alpha?: Alpha | undefined;
  /**
   * Names of the model's own classes in the network's order, or the address of a text file with one a line, or of the metadata.json of a
   * Teachable Machine. Default: those of the catalogue's entry, else those inside of a .tflite file.
   */
  labels?: readonly string[] | string | URL | undefined;
  /** How frames become the network's input. Default: as the model's entry says, else centre-crop, half-pixel and the range that its file says, else -1..1. */
  preprocess?: Partial<Preprocess> | undefined;
  /** The numbers that the network computes in; 'auto', the fastest for the file, unless given. 'exact' gives TensorFlow Lite's own numbers. */
  precision?: Precision | undefined;
}

/** Of Classifier.observe(), beside those of a prediction. */
export interface ObserveOptions extends PredictOptions, CallSettings {
  /** Adds the frame as an example of this class, before predicting. */
  label?: string | number | undefined;
  /** How many of the model's own classes to return, 0 for none. Default 3. */
  topk?: number | undefined;
  /** Whether to return the embedding too. Default false. */
  embedding?: boolean | undefined;
}

/** What observe() says of one frame. */
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
  /** How long this frame took. */
  timings: Timings;
}

/** Implements `load()` of the entry. `startHere` runs the worker's half in the calling thread. */
export async function loadClassifier(options: LoadOptions, startHere: StartHere): Promise<Classifier> {
  const { labels, preprocess, precision } = options;
  const session = await startSession(
    {
      model: toModelRequest(options),
      labels: labels instanceof URL || typeof labels === 'string' ? absolute(labels) : labels,
      preprocess,
      precision,
    },
    options,
    startHere,
  );
  return new Classifier(session);
}

/**
 * Says what a picture shows: by the model's own classes, and by classes that you teach with examples.
 * All methods may reject with 'worker-lost' and, after dispose(), with 'disposed'. Calls take effect in the order in which they
 * are made, those behind a picture that still loads too: for a video, await each before sending the next frame.
 */
export class Classifier extends KnnClassifier {
  /** The network that runs. */
  get model(): ModelInfo {
    return this.session.model;
  }

  /**
   * The model's own classes, best first.
   * @param topk How many, >= 1; at most all are returned.
   * @throws 'bad-image', 'bad-argument' (also for a model without classes), 'load-failed' for an address.
   */
  async classify(image: ImageInput, topk = 3, { signal }: CallSettings = {}): Promise<ClassScore[]> {
    const count = toCount(topk, 'topk');
    return this.#look('classify', image, (frame) => ({ topk: count, frame }), { signal });
  }

  /** What classify() says of each picture. While one is looked at, the next is on its way. Rejects with the first that fails. */
  async classifyMany(images: Pictures, topk = 3, settings: CallSettings = {}): Promise<ClassScore[][]> {
    return inOrder(images, (image) => this.classify(image, topk, settings), settings);
  }

  /** Of the model's own classes, in the network's order; empty when they are not known. */
  async classNames(): Promise<readonly string[]> {
    return this.call('classNames', {});
  }

  /** [embeddingSize] floats that describe the picture: near for pictures that look alike. Yours to keep and to teach with. */
  async embed(image: ImageInput, { signal }: CallSettings = {}): Promise<Float32Array> {
    return this.#look('embed', image, (frame) => ({ frame }), { signal });
  }

  /** The embeddings of many pictures in order, [pictures, embeddingSize], as addExamples() and predictMany() take them. */
  async embedMany(images: Pictures, settings: CallSettings = {}): Promise<Float32Array> {
    const rows = await inOrder(images, (image) => this.embed(image, settings), settings);
    const joined = new Float32Array(rows.length * this.embeddingSize);
    rows.forEach((row, index) => joined.set(row, index * this.embeddingSize));
    return joined;
  }

  /**
   * Teaches: this looks like `label`. Numbers become strings, so 1 and '1' are one class.
   * @param image A picture, or an embedding of this model.
   * @returns How many examples the label has now.
   */
  override async addExample(
    image: ImageInput | Float32Array,
    label: string | number,
    { signal }: CallSettings = {},
  ): Promise<number> {
    if (image instanceof Float32Array) return super.addExample(image, label, { signal });
    const name = toLabel(label);
    return this.#look('addExample', image, (frame) => ({ subject: { frame }, label: name }), { signal, changes: true });
  }

  /**
   * Which of the taught classes this looks like, by the votes of the nearest examples.
   * @param image A picture, or an embedding of this model.
   * @throws 'bad-argument' when there are no examples or k isn't a whole number >= 1.
   */
  override async predict(
    image: ImageInput | Float32Array,
    options: PredictOptions & CallSettings = {},
  ): Promise<Prediction> {
    if (image instanceof Float32Array) return super.predict(image, options);
    const { signal, ...how } = options;
    const wanted = toPredictOptions(how);
    return toPrediction(
      await this.#look('predict', image, (frame) => ({ options: wanted, subject: { frame } }), { signal }),
    );
  }

  /** All about one frame, for one run of the network: teaches it if a label is given, predicts, and classifies. */
  async observe(
    image: ImageInput,
    { label, topk = 3, embedding = false, signal, ...options }: ObserveOptions = {},
  ): Promise<Observation> {
    const args = {
      label: label === undefined ? undefined : toLabel(label),
      options: toPredictOptions(options),
      topk: toCount(topk, 'topk', 0),
      embedding: Boolean(embedding),
    };
    const wire = await this.#look('observe', image, (frame) => ({ ...args, frame }), {
      signal,
      changes: label !== undefined,
    });
    return { ...wire, prediction: wire.prediction && toPrediction(wire.prediction) };
  }

  async #look<K extends keyof ClassifierMethods>(
    method: K,
    image: ImageInput,
    toArgs: (frame: Frame) => Parameters<ClassifierMethods[K]>[0],
    settings: { signal: AbortSignal | undefined; changes?: boolean },
  ): Promise<ReturnType<ClassifierMethods[K]>> {
    const wanted = () => !settings.signal?.aborted && !this.session.caller.isClosed();
    const args = toFrame(image, wanted).then(({ value, transfer }) => new Moved(toArgs(value), transfer));
    try {
      return await this.call(method, args, settings);
    } catch (error) {
      const { cause } = error as Error;
      // Pixels of another origin become bitmaps all right, but may not leave the page.
      if ((cause as Error | undefined)?.name === 'DataCloneError') throw otherOrigin(cause);
      throw error;
    }
  }
}

/** Pictures of a batch: a list, or what makes them one by one. */
export type Pictures = Iterable<ImageInput> | AsyncIterable<ImageInput>;

/** How many pictures of a batch are on their way at once: one that is looked at, one that waits. */
const picturesAhead = 2;

async function inOrder<T>(
  images: Pictures,
  look: (image: ImageInput) => Promise<T>,
  { signal }: CallSettings,
): Promise<T[]> {
  if (typeof images === 'string' || !(Symbol.iterator in Object(images) || Symbol.asyncIterator in Object(images))) {
    throw new ClassifierError('bad-argument', 'A batch must be a list of pictures.');
  }
  const results: Promise<T>[] = [];
  const pictures =
    (images as AsyncIterable<ImageInput>)[Symbol.asyncIterator]?.() ??
    (images as Iterable<ImageInput>)[Symbol.iterator]();
  for await (const image of untilAborted(
    async () => pictures.next(),
    async () => pictures.return?.(),
    signal,
  )) {
    const result = look(image);
    // Awaited below; until then its failure must not count as unhandled.
    result.catch(() => {});
    results.push(result);
    await results.at(-picturesAhead);
  }
  return Promise.all(results);
}

function toModelRequest({ model, version, alpha }: LoadOptions): ModelRequest {
  if (model === undefined) return selectModel(version, alpha);
  if (version !== undefined || alpha !== undefined)
    throw new ClassifierError('bad-argument', "Give either 'model' or 'version' and 'alpha', not both.");
  if (typeof model === 'string' || model instanceof URL) return { kind: 'url', url: absolute(model) };
  const { url, bytes, weights, files, baseUrl } = Object(model) as {
    url?: string | URL;
    bytes?: Uint8Array;
    weights?: Uint8Array;
    files?: unknown;
    baseUrl?: string | URL;
  };
  if (url !== undefined) return { kind: 'url', url: absolute(url) };
  if (bytes !== undefined) return { kind: 'bytes', model: alone(bytes), weights: weights && alone(weights) };
  if (Array.isArray(files))
    return { kind: 'entry', entry: withoutBase(model as ModelEntry), baseUrl: absolute(baseUrl ?? '') };
  throw new ClassifierError(
    'bad-argument',
    "The option 'model' must be an address, {url}, {bytes} or a catalogue entry with 'files'.",
  );
}

/** A clone of a view takes along all of its buffer. */
function alone(bytes: ArrayBuffer | Uint8Array): ArrayBuffer | Uint8Array {
  return bytes instanceof Uint8Array && bytes.byteLength < bytes.buffer.byteLength ? new Uint8Array(bytes) : bytes;
}

function withoutBase({ id, title, files, labels, preprocess, showClasses }: ModelEntry): ModelEntry {
  return { id, title, files, labels, preprocess, showClasses };
}
