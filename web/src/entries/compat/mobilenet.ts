/**
 * The interface of @tensorflow-models/mobilenet 2.1 on this package's engine. As there, infer() is synchronous: the network
 * runs where it is called, on a page in the page's own thread. The package's own load() keeps the page free; see there.
 * @module teachable-wasm/compat/mobilenet
 */

import { sharedModule } from '../../compat/module.js';
import { forEachPicture, type PictureInput } from '../../compat/picture.js';
import { Tensor } from '../../compat/tensor.js';
import { heldModel, toRequest } from '../../page/models.js';
import { toModuleRequest } from '../../page/session.js';
import { orAborted } from '../../shared/abort.js';
import { absolute } from '../../shared/addresses.js';
import { ClassifierError, toClassifierError } from '../../shared/errors.js';
import type { ModelInfo, ModelRequest, Precision, Progress, Variant } from '../../shared/protocol.js';
import { FrameCanvas } from '../../worker/frame-canvas.js';
import { type OpenClassifier, openClassifier } from '../../worker/open.js';
import { loadImageNetLabels } from '../labels.js';

export type { PictureInput, PixelArray } from '../../compat/picture.js';
export type { Tensor, TensorLike } from '../../compat/tensor.js';
export type { Precision, Progress, Variant } from '../../shared/protocol.js';

/** Of the original whose interface this is. */
export const version = '2.1.1';

/** 1: of 2017. 2: of 2018, with inverted residuals. */
export type MobileNetVersion = 1 | 2;
/** The network's width: its share of the channels of the full one. */
export type MobileNetAlpha = 0.25 | 0.5 | 0.75 | 1;

/** The part of tf.io.IOHandler, and of what it loads, that is used here. */
export interface IOHandler {
  /** What a model.json holds, and the bytes of its weights in the order of the specs. */
  load?:
    | (() => Promise<{
        /** The model.json's `modelTopology`. */
        modelTopology?: unknown;
        /** The `weights` of all groups of its `weightsManifest`, one after the other. */
        weightSpecs?: unknown;
        /** The weight files, whole or in pieces. */
        weightData?: ArrayBuffer | ArrayBuffer[] | undefined;
      }>)
    | undefined;
}

/**
 * Which network load() loads. Without `modelUrl`, it is the one in the package, MobileNet V2 1.0 as it is published, for all versions and
 * alphas of the original; where another was asked for by name, a warning on the console says so.
 */
export interface ModelConfig {
  /** Of MobileNet. */
  version?: MobileNetVersion | undefined;
  /** The network's width. Version 1: 0.25, 0.5, 0.75 or 1; version 2: 0.5, 0.75 or 1. */
  alpha?: MobileNetAlpha | undefined;
  /** A model of your own: the address of a model.json, .tflite or catalogue entry, or a handler that loads a model.json. */
  modelUrl?: string | URL | IOHandler | undefined;
  /** Real values of a channel at 0 and at 255. Default: as the model says, else [-1, 1]. */
  inputRange?: readonly [number, number] | undefined;

  // Beyond the original.
  /** Names of the classes in the network's order, or the address of a text file with one a line. */
  labels?: readonly string[] | string | undefined;
  /** The numbers that the network computes in; 'auto', the fastest for the file, unless given. 'exact' gives TensorFlow Lite's own numbers. */
  precision?: Precision | undefined;
  /** 'simd' or 'relaxed'; default: the faster one that runs here. */
  variant?: Variant | undefined;
  /** Folder that holds <variant>/teachable.js and .wasm. */
  wasmUrl?: string | URL | undefined;
  /** Ends the load with 'aborted'. */
  signal?: AbortSignal | undefined;
  /** Hears of bytes that have come, as they come; of the module's, which all loads share, the first load's. */
  onProgress?: ((progress: Progress) => void) | undefined;
}

const alphas: Record<string, readonly string[]> = {
  '1.00': ['0.25', '0.50', '0.75', '1.00'],
  '2.00': ['0.50', '0.75', '1.00'],
};

/** Loads a network. Throws 'bad-argument' for a version or alpha that the original doesn't know, and as the package's load(). */
export async function load(modelConfig: ModelConfig = {}): Promise<MobileNet> {
  const { labels, precision, variant, wasmUrl, inputRange, signal, onProgress } = modelConfig;
  const request = {
    // One thread: a page mustn't wait for others.
    ...toModuleRequest({ variant, wasmUrl, threads: 1 }, false),
    model: await orAborted(whichModel(modelConfig), signal),
    labels: typeof labels === 'string' ? absolute(labels) : labels,
    // What the original does to a picture.
    preprocess: { crop: 'squash', resize: 'align-corners', ...(inputRange ? { range: inputRange } : {}) } as const,
    precision,
  };
  const running = await openClassifier(request, sharedModule, { report: onProgress, ...(signal ? { signal } : {}) });
  return new MobileNet(running, running.classNames ?? (await imageNetNames(running.model!.classCount)));
}

/** What the original calls the outputs of any network with as many as ImageNet's have. */
async function imageNetNames(classCount: number): Promise<readonly string[] | undefined> {
  if (classCount !== 1000 && classCount !== 1001) return undefined;
  const names = await loadImageNetLabels().catch(() => undefined);
  return names?.slice(names.length - classCount);
}

/** One of the classes of a picture. */
export interface ScoredClass {
  /** As the labels call it. */
  className: string;
  /** 0-1. */
  probability: number;
}

/** A network of the 1000 ImageNet classes, or your own. */
export class MobileNet {
  #running: OpenClassifier | undefined;
  readonly #classNames: readonly string[] | undefined;
  readonly #canvas = new FrameCanvas();

  /** @internal Use load(). */
  constructor(running: OpenClassifier, classNames: readonly string[] | undefined) {
    this.#running = running;
    this.#classNames = classNames;
  }

  /** Nothing: what load() returns is loaded. The original has it. */
  async load(): Promise<void> {}

  /**
   * What the network computes of a picture, at once.
   * @param img A picture, squashed to the network's input; or a tensor [height, width, 3] or [n, height, width, 3] of 0-255.
   * @param embedding Whether to return the embedding, [n, embeddingSize]; else the classes before softmax, [n, classes] without
   * ImageNet's background class.
   * @throws 'bad-image', 'bad-argument'.
   */
  infer(img: PictureInput, embedding: unknown = false): Tensor {
    const { classifier, model } = this.#use();
    if (!embedding && model.classCount === 0)
      throw new ClassifierError('bad-argument', 'This model has no classes: ask for its embedding.');
    const rows: Float32Array[] = [];
    try {
      forEachPicture(img, this.#canvas, classifier, () =>
        rows.push(embedding ? classifier.embed() : withoutBackground(classifier.logits())),
      );
    } catch (error) {
      throw toClassifierError(error);
    }
    const width = rows[0]?.length ?? 0;
    const values = new Float32Array(rows.length * width);
    rows.forEach((row, index) => values.set(row, index * width));
    return new Tensor(values, [rows.length, width]);
  }

  /**
   * The classes that a picture most likely shows, best first.
   * @param topk How many; at most all are returned.
   */
  async classify(img: PictureInput, topk = 3): Promise<ScoredClass[]> {
    if (!(topk >= 0))
      throw new ClassifierError('bad-argument', `topk must be a number of at least 0; got ${String(topk)}.`);
    const { model } = this.#use();
    const logits = this.infer(img);
    if (logits.shape[0] !== 1)
      throw new ClassifierError('bad-argument', `classify() takes one picture; got ${logits.shape[0]}.`);
    const background = model.classCount - logits.size;
    return Array.from(softmax(logits.dataSync()), (probability, index) => ({ index, probability }))
      .sort((a, b) => b.probability - a.probability)
      .slice(0, Math.floor(topk))
      .map(({ index, probability }) => ({
        className: this.#classNames?.[index + background] ?? `class ${index}`,
        probability,
      }));
  }

  /** Frees the network. The original has no such method. May be called twice. */
  dispose(): void {
    this.#running?.classifier.delete();
    this.#running = undefined;
  }

  #use(): OpenClassifier & { model: ModelInfo } {
    if (!this.#running) throw new ClassifierError('disposed', 'This MobileNet was disposed. Load a new one.');
    return this.#running as OpenClassifier & { model: ModelInfo };
  }
}

async function whichModel({ version, alpha, modelUrl }: ModelConfig): Promise<ModelRequest> {
  if (typeof modelUrl === 'string' || modelUrl instanceof URL) return { kind: 'url', url: absolute(modelUrl) };
  if (modelUrl) return fromHandler(modelUrl);
  const known = version === undefined ? undefined : alphas[typeof version === 'number' ? version.toFixed(2) : ''];
  if (version !== undefined && !known) {
    throw new ClassifierError(
      'bad-argument',
      `Invalid version of MobileNet. Valid versions are: ${Object.keys(alphas).join()}`,
    );
  }
  if (alpha !== undefined && known && !(typeof alpha === 'number' && known.includes(alpha.toFixed(2)))) {
    throw new ClassifierError(
      'bad-argument',
      `MobileNet constructed with invalid alpha ${String(alpha)}. Valid multipliers for this version are: ${known.join()}.`,
    );
  }
  const held = heldModel('modelUrl');
  if ((version ?? held.version) !== held.version || (alpha ?? held.alpha) !== held.alpha) {
    // Refusing would break most pages that change their imports, for the sake of a network that does no better.
    console.warn(
      `teachable-wasm: MobileNet v${version ?? held.version} ${alpha ?? 1} was asked for; v${held.version} ${held.alpha}, which is in the package, runs in its place. ` +
        "Its embeddings aren't comparable with the other's. To run the other, serve its model.json or .tflite file and give the address as 'modelUrl'; to agree, leave 'version' and 'alpha' out.",
    );
  }
  return toRequest(held);
}

async function fromHandler(handler: IOHandler): Promise<ModelRequest> {
  if (typeof handler.load !== 'function')
    throw new ClassifierError('bad-argument', 'The handler in modelUrl has no load().');
  const { weightSpecs, weightData = [], ...artifacts } = await handler.load();
  const weights = new Uint8Array(await new Blob([weightData].flat()).arrayBuffer());
  const json = { ...artifacts, weightsManifest: [{ paths: ['weights.bin'], weights: weightSpecs }] };
  return { kind: 'bytes', model: new TextEncoder().encode(JSON.stringify(json)), weights };
}

/** ImageNet's networks have 1001 outputs, the first for what is none of the classes. */
function withoutBackground(logits: Float32Array): Float32Array {
  return logits.length === 1001 ? logits.subarray(1) : logits;
}

function softmax(logits: Float32Array): Float32Array {
  // Less the greatest, no exponential overflows.
  const greatest = logits.reduce((most, each) => Math.max(most, each), -Infinity);
  const powers = logits.map((logit) => Math.exp(logit - greatest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}
