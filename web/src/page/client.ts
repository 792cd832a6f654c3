// The caller's side of a classifier of pictures, and its load.

import { untilAborted } from '../shared/abort.js';
import { absolute } from '../shared/addresses.js';
import { isAddress, isBytes, isFloats } from '../shared/brand.js';
import { ClassifierError } from '../shared/errors.js';
import { checked } from '../shared/foreign.js';
import { requireHome } from '../shared/home.js';
import type {
  ClassifierMethods,
  ClassScore,
  Frame,
  Info,
  Layers,
  ModelEntry,
  ModelInfo,
  ModelRequest,
  Precision,
  PredictOptions,
  Preprocess,
  Timings,
} from '../shared/protocol.js';
import { Transfer } from '../shared/rpc.js';
import { show } from '../shared/show.js';
import { toCount, toLabel, toPredictOptions } from './arguments.js';
import type { StartHere } from './engine.js';
import { type ImageInput, isProtected, otherOrigin, toFrame } from './image.js';
import { type CallSettings, KnnClassifier, type Prediction, toPrediction } from './knn-client.js';
import { type Alpha, selectModel, type Version } from './models.js';
import { type ModuleOptions, startSession } from './session.js';

/** Source of the model. Relative addresses are relative to the page. */
export type ModelSource =
  /** Address of a .tflite file, a TensorFlow.js model.json, or a catalogue entry (JSON with `id` and `files`). */
  | string
  | URL
  | {
      /** Address, as above. */
      url: string | URL;
    }
  | {
      /** Contents of a .tflite file or a model.json. */
      bytes: ArrayBuffer | Uint8Array;
      /** Weight files of a model.json, joined in the order of its manifest. */
      weights?: ArrayBuffer | Uint8Array | undefined;
    }
  | (ModelEntry & {
      /** Base of relative file addresses. Default: the page. */
      baseUrl?: string | URL | undefined;
    });

/** Options of `load()`. All have defaults. */
export interface LoadOptions extends ModuleOptions {
  /** Model to load. Default: the MobileNet in the package. */
  model?: ModelSource | undefined;
  /**
   * Version of MobileNet, 1 or 2, in place of `model`. A version that is not in the package is 'bad-argument', and the error names
   * those that are.
   */
  version?: Version | undefined;
  /** Width multiplier of MobileNet: its share of channels, such as 0.25, 0.5, 0.75 or 1. */
  alpha?: Alpha | undefined;
  /**
   * Names of the model's own classes in the network's order; or the address of a text file with one name per line, of a JSON
   * list, or of Teachable Machine's metadata.json. Default: the labels of the catalogue entry, else those inside a .tflite file.
   */
  labels?: readonly string[] | string | URL | undefined;
  /**
   * How frames become the network's input. Default: the settings of the catalogue entry; for what they leave open, 'center',
   * 'area' and the range in the file, else [-1, 1].
   */
  preprocess?: Partial<Preprocess> | undefined;
  /** Number format of the computation. Default: 'auto', the fastest one for the file. 'exact' gives the same bits as TensorFlow Lite. */
  precision?: Precision | undefined;
  /**
   * Layers of the network that an embedding describes. Data sets of other layers can't be loaded. 'two' is an error with code
   * 'unsupported-op' for a network without a middle layer. Default: 'auto'.
   */
  layers?: Layers | undefined;
  /**
   * Name or index of a tensor in the model file to use as the embedding, in place of the one that is found: `model.embeddingLayer` tells
   * which. A map becomes its mean over all pixels. Data sets of other embeddings can't be loaded. Default: what the classifier reads.
   */
  embedding?: string | number | undefined;
  /**
   * Name or index of the output to use, for a file with several: `model.outputs` lists them. Data sets of other outputs can't be loaded.
   * Default: the first output with class scores, else the last one.
   */
  output?: string | number | undefined;
  /**
   * Address of a .tflite file of the same network in int8 or uint8. When `model` doesn't say which range of pixel values it takes, the
   * range of this file is used. Files beside each other in a zip archive need no option.
   */
  rangeFrom?: string | URL | undefined;
  /**
   * Treatment of JPEG, PNG and BMP files whose end is missing. 'fill' makes the missing part of a JPEG file grey and that of a BMP
   * file black. 'refuse' rejects with 'bad-image', so that such parts are never taught. Default: 'fill'.
   */
  truncated?: 'fill' | 'refuse' | undefined;
}

/** Options of `Classifier.addExample()`. */
export interface TeachOptions extends CallSettings {
  /**
   * Also adds the mirrored picture, as an example of its own with the next id. Use it when left and right don't matter. It takes a
   * second run of the network. `undo()` takes back one of the two. Default: false.
   */
  alsoMirrored?: boolean | undefined;
}

/** Options of `Classifier.observe()`, including those of a prediction. */
export interface ObserveOptions extends PredictOptions, CallSettings {
  /** Adds the frame as an example of this class, before the prediction. */
  label?: string | number | undefined;
  /** Also adds the mirrored frame, as in `addExample()`. It has no effect without a label. Default: false. */
  alsoMirrored?: boolean | undefined;
  /** Maximum number of the model's own classes to return; 0 for none. Default: 3. */
  topk?: number | undefined;
  /** Returns the embedding too. Default: false. */
  embedding?: boolean | undefined;
  /** Returns the frame's place on the last `map()` too. Default: false. */
  map?: boolean | undefined;
}

/** Result of `observe()` for one frame. */
export interface Observation {
  /** Prediction by the taught examples; null while there are none. */
  prediction: Prediction | null;
  /** The model's own classes, best first. Empty for a model without a classifier. */
  classes: ClassScore[];
  /** Number of examples of `label`; undefined without a label. */
  exampleCount: number | undefined;
  /** Id of the new example, for `removeExample()` and `moveExample()`; undefined without a label. */
  exampleId: number | undefined;
  /** [embeddingSize] floats; undefined unless requested. */
  embedding: Float32Array | undefined;
  /** Place [x, y] of the frame on the last `map()`; null unless requested, and before the first map. */
  mapPoint: [number, number] | null;
  /** Durations for this frame. */
  timings: Timings;
}

/** Implements `load()` of the entry. `startHere` runs the worker's half in the calling thread. */
export async function loadClassifier(options: LoadOptions, startHere: StartHere): Promise<Classifier> {
  return checked(() => open(options, startHere));
}

async function open(options: LoadOptions, startHere: StartHere): Promise<Classifier> {
  requireHome(options.wasmUrl);
  const { labels, preprocess, precision, layers, embedding, output, rangeFrom, truncated = 'fill' } = options;
  if (truncated !== 'fill' && truncated !== 'refuse')
    throw new ClassifierError('bad-argument', `truncated must be 'fill' or 'refuse'; got ${show(truncated)}.`);
  const session = await startSession(
    {
      model: toModelRequest(options),
      labels: isAddress(labels) ? absolute(labels) : labels,
      preprocess,
      precision,
      layers,
      embedding,
      output,
      rangeFrom: rangeFrom === undefined ? undefined : absolute(rangeFrom),
      refusesTruncated: truncated === 'refuse',
    },
    options,
    startHere,
  );
  return new Classifier(session);
}

/**
 * Classifier of pictures, by the model's own classes and by classes that you teach with examples.
 * All methods may reject with 'worker-lost' and, after `dispose()`, with 'disposed'. Calls take effect in the order in which they are
 * made, even behind a picture that is still loading. For a video, await each call before you send the next frame.
 */
export class Classifier extends KnnClassifier {
  /** Description of the network that runs. */
  get model(): ModelInfo {
    return this.session.model!;
  }

  /** Returns what runs, why, and how long the last frame took. */
  override async info(): Promise<Info> {
    return (await super.info()) as Info;
  }

  /**
   * Classifies a picture by the model's own classes.
   * @param topk Maximum number of classes, >= 1.
   * @returns The classes, best first.
   * @throws 'bad-image'; 'bad-argument', also for a model without classes; 'load-failed' for an address.
   */
  async classify(image: ImageInput, topk = 3, { signal }: CallSettings = {}): Promise<ClassScore[]> {
    const count = toCount(topk, 'topk');
    return this.#ask('classify', image, (frame) => ({ topk: count, frame }), { signal });
  }

  /**
   * Classifies many pictures in order, and sends the next one while one is being classified. Rejects with the first error, which names
   * the picture.
   */
  async classifyMany(images: Pictures, topk = 3, settings: CallSettings = {}): Promise<ClassScore[][]> {
    return inOrder(images, (image) => this.classify(image, topk, settings), settings);
  }

  /** Returns the names of the model's own classes in the network's order; empty when they are unknown. */
  async classNames(): Promise<readonly string[]> {
    return this.call('classNames', {});
  }

  /** Returns the embedding of a picture: [embeddingSize] floats, close together for pictures that look alike. The array is yours. */
  async embed(image: ImageInput, { signal }: CallSettings = {}): Promise<Float32Array> {
    return this.#ask('embed', image, (frame) => ({ frame }), { signal });
  }

  /** Returns the embeddings of many pictures in order: [pictures, embeddingSize], as `addExamples()` and `predictMany()` take them. */
  async embedMany(images: Pictures, settings: CallSettings = {}): Promise<Float32Array> {
    const rows = await inOrder(images, (image) => this.embed(image, settings), settings);
    const joined = new Float32Array(rows.length * this.embeddingSize);
    rows.forEach((row, index) => joined.set(row, index * this.embeddingSize));
    return joined;
  }

  /**
   * Adds a picture as an example of `label`. Numbers become strings, so 1 and '1' are the same class.
   * @param image A picture, or an embedding of this model.
   * @returns The number of examples of the label.
   */
  override async addExample(
    image: ImageInput | Float32Array,
    label: string | number,
    { alsoMirrored = false, signal }: TeachOptions = {},
  ): Promise<number> {
    if (isFloats(image)) {
      if (alsoMirrored)
        throw new ClassifierError(
          'bad-argument',
          "An embedding can't be mirrored. Pass the picture, or leave out 'alsoMirrored'.",
        );
      return super.addExample(image, label, { signal });
    }
    const args = { label: toLabel(label), alsoMirrored: Boolean(alsoMirrored) };
    return this.#ask('addExample', image, (frame) => ({ ...args, subject: { frame } }), { signal, changes: true });
  }

  /**
   * Predicts which of the taught classes a picture shows. The option `rule` selects how the examples decide.
   * @param image A picture, or an embedding of this model.
   * @throws 'bad-argument' when there are no examples or an option is out of range.
   */
  override async predict(
    image: ImageInput | Float32Array,
    options: PredictOptions & CallSettings = {},
  ): Promise<Prediction> {
    if (isFloats(image)) return super.predict(image, options);
    const { signal, ...how } = options;
    const wanted = toPredictOptions(how);
    return toPrediction(
      await this.#ask('predict', image, (frame) => ({ options: wanted, subject: { frame } }), { signal }),
    );
  }

  /**
   * Does everything for one frame with a single run of the network: adds it as an example if a label is given, predicts, and
   * classifies.
   */
  async observe(
    image: ImageInput,
    { label, alsoMirrored = false, topk = 3, embedding = false, map = false, signal, ...options }: ObserveOptions = {},
  ): Promise<Observation> {
    const args = {
      label: label === undefined ? undefined : toLabel(label),
      alsoMirrored: Boolean(alsoMirrored),
      options: toPredictOptions(options),
      topk: toCount(topk, 'topk', 0),
      embedding: Boolean(embedding),
      map: Boolean(map),
    };
    const wire = await this.#ask('observe', image, (frame) => ({ ...args, frame }), {
      signal,
      changes: label !== undefined,
    });
    return { ...wire, prediction: wire.prediction && toPrediction(wire.prediction) };
  }

  async #ask<K extends keyof ClassifierMethods>(
    method: K,
    image: ImageInput,
    toArgs: (frame: Frame) => Parameters<ClassifierMethods[K]>[0],
    settings: { signal: AbortSignal | undefined; changes?: boolean },
  ): Promise<ReturnType<ClassifierMethods[K]>> {
    const wanted = () => !settings.signal?.aborted && !this.session.caller.isClosed();
    let kind: Frame['kind'] | undefined;
    const { sentAs } = this.session;
    const args = toFrame(image, { wanted, sentAs }).then(({ value, transfer }) => {
      kind = value.kind;
      return new Transfer(toArgs(value), transfer);
    });
    try {
      return await this.call(method, args, settings);
    } catch (error) {
      const { cause } = error as { cause?: { name?: unknown } };
      // Pixels of another origin can become a bitmap, but the bitmap can't be sent.
      if (kind === 'bitmap' && cause?.name === 'DataCloneError' && isProtected(image)) throw otherOrigin(cause);
      throw error;
    }
  }
}

/** Pictures of a batch: a list, or an iterator that makes them one by one. */
export type Pictures = Iterable<ImageInput> | AsyncIterable<ImageInput>;

/** Pictures of a batch that are sent at once: one that is computed, one that waits. */
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
    const index = results.length;
    const result = look(image).catch((error: unknown) => {
      throw inBatch(error, index, image);
    });
    // It is awaited below. Until then a failure must not count as unhandled.
    result.catch(() => {});
    results.push(result);
    await results.at(-picturesAhead);
  }
  return Promise.all(results);
}

/** Adds to the error of a picture which one of a batch it was. Other errors stay as they are. */
function inBatch(error: unknown, index: number, image: ImageInput): unknown {
  const { code, message } = error as ClassifierError;
  if (!['bad-image', 'bad-argument', 'load-failed'].includes(code)) return error;
  const { name } = Object(image) as Partial<File>;
  const which = `Picture ${index} of the batch${typeof name === 'string' ? ` (${show(name)})` : ''}`;
  return new ClassifierError(code, `${which}: ${message}`, { cause: error });
}

function toModelRequest({ model, version, alpha }: LoadOptions): ModelRequest {
  if (model === undefined) return selectModel(version, alpha);
  if (version !== undefined || alpha !== undefined)
    throw new ClassifierError('bad-argument', "Give either 'model' or 'version' and 'alpha', not both.");
  if (isAddress(model)) return { kind: 'url', url: absolute(model) };
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

/** Copies a view, because cloning it would clone its whole buffer. */
function alone(bytes: ArrayBuffer | Uint8Array): ArrayBuffer | Uint8Array {
  return isBytes(bytes) && bytes.byteLength < bytes.buffer.byteLength ? new Uint8Array(bytes) : bytes;
}

function withoutBase({ id, title, files, labels, preprocess, space, showClasses }: ModelEntry): ModelEntry {
  return { id, title, files, labels, preprocess, space, showClasses };
}
