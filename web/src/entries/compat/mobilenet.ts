/**
 * Drop-in replacement for @tensorflow-models/mobilenet 2.1. Like the original, `infer()` is synchronous: the network runs in the
 * caller's thread, which is a page's main thread. The package's own `load()` keeps the page responsive.
 * @module teachable-wasm/compat/mobilenet
 */

import { sharedModule } from '../../compat/module.js';
import { forEachPicture, type PictureInput } from '../../compat/picture.js';
import { Tensor } from '../../compat/tensor.js';
import { limited } from '../../page/limits.js';
import { requirePackagedModel, toRequest } from '../../page/models.js';
import { toModuleRequest } from '../../page/session.js';
import { orAborted } from '../../shared/abort.js';
import { absolute } from '../../shared/addresses.js';
import { isAddress } from '../../shared/brand.js';
import { ClassifierError, toClassifierError } from '../../shared/errors.js';
import { checked, checkMethods } from '../../shared/foreign.js';
import { requireHome } from '../../shared/home.js';
import type { ModelInfo, ModelRequest, Precision, Progress, Variant } from '../../shared/protocol.js';
import { show } from '../../shared/show.js';
import { FrameCanvas } from '../../worker/frame-canvas.js';
import { type OpenClassifier, openClassifier } from '../../worker/open.js';
import { loadImageNetLabels } from '../labels.js';

export type { PictureInput, PixelArray } from '../../compat/picture.js';
export type { Tensor, TensorLike } from '../../compat/tensor.js';
export type { Precision, Progress, Variant } from '../../shared/protocol.js';

/** Version of the original whose interface this is. */
export const version = '2.1.1';

/** Version of MobileNet: 1 (2017), or 2 (2018, with inverted residuals). */
export type MobileNetVersion = 1 | 2;
/** Width multiplier: the network's share of the full number of channels. */
export type MobileNetAlpha = 0.25 | 0.5 | 0.75 | 1;

/** The part of tf.io.IOHandler that is used. */
export interface IOHandler {
  /** Loads the contents of a model.json, and its weights in the order of the specs. */
  load?:
    | (() => Promise<{
        /** Field `modelTopology` of the model.json. */
        modelTopology?: unknown;
        /** Fields `weights` of all groups in its `weightsManifest`, joined. */
        weightSpecs?: unknown;
        /** Contents of the weight files, in one or more buffers. */
        weightData?: ArrayBuffer | ArrayBuffer[] | undefined;
      }>)
    | undefined;
}

/**
 * Options of `load()`. Without `modelUrl`, the packaged network MobileNet V2 1.0 is loaded for all versions and alphas of the
 * original. When another one was requested explicitly, a warning on the console says so.
 */
export interface ModelConfig {
  /** Version of MobileNet. */
  version?: MobileNetVersion | undefined;
  /** Width multiplier. Version 1: 0.25, 0.5, 0.75 or 1; version 2: 0.5, 0.75 or 1. */
  alpha?: MobileNetAlpha | undefined;
  /** A model of your own: the address of a model.json, .tflite file or catalogue entry, or a handler that loads a model.json. */
  modelUrl?: string | URL | IOHandler | undefined;
  /** Real values of a channel at 0 and at 255. Default: the model's own range, else [-1, 1]. */
  inputRange?: readonly [number, number] | undefined;

  // The following options are not in the original.
  /** Class names in the network's order, or the address of a text file with one name per line. */
  labels?: readonly string[] | string | undefined;
  /** Number format of the computation. Default: 'auto', the fastest one for the file. 'exact' gives the same bits as TensorFlow Lite. */
  precision?: Precision | undefined;
  /** Build of the module, 'simd' or 'relaxed'. Default: the faster one that runs here. */
  variant?: Variant | undefined;
  /** Folder that contains <variant>/teachable.js and .wasm. Default: wasm/ beside this file. */
  wasmUrl?: string | URL | undefined;
  /** Aborts the load, which then rejects with code 'aborted'. */
  signal?: AbortSignal | undefined;
  /** Called as bytes arrive. Only the first load reports those of the module, which all loads share. */
  onProgress?: ((progress: Progress) => void) | undefined;
}

const alphas: Record<string, readonly string[]> = {
  '1.00': ['0.25', '0.50', '0.75', '1.00'],
  '2.00': ['0.50', '0.75', '1.00'],
};

/**
 * Loads a network. Throws the errors of the package's `load()`, and 'bad-argument' for a version or alpha that the original doesn't
 * know.
 */
export async function load(modelConfig: ModelConfig = {}): Promise<MobileNet> {
  return checked(() => limited(modelConfig, (limits) => open({ ...modelConfig, ...limits })));
}

async function open(modelConfig: ModelConfig): Promise<MobileNet> {
  requireHome(modelConfig.wasmUrl);
  const { labels, precision, variant, wasmUrl, inputRange, signal, onProgress } = modelConfig;
  const request = {
    // One thread, because a page's main thread must not block.
    ...toModuleRequest({ variant, wasmUrl, threads: 1 }, false),
    model: await orAborted(whichModel(modelConfig), signal),
    labels: typeof labels === 'string' ? absolute(labels) : labels,
    // Preprocessing of the original.
    preprocess: {
      crop: 'squash',
      resize: 'align-corners',
      background: 'none',
      ...(inputRange ? { range: inputRange } : {}),
    } as const,
    precision,
    layers: 'last' as const,
  };
  const running = await openClassifier(request, sharedModule, { report: onProgress, ...(signal ? { signal } : {}) });
  return new MobileNet(running, running.classNames ?? (await imageNetNames(running.model!.classCount)));
}

/** Returns ImageNet's names for a network with as many classes, as the original does. */
async function imageNetNames(classCount: number): Promise<readonly string[] | undefined> {
  if (classCount !== 1000 && classCount !== 1001) return undefined;
  const names = await loadImageNetLabels().catch(() => undefined);
  return names?.slice(names.length - classCount);
}

/** A class with its probability. */
export interface ScoredClass {
  /** Name from the labels. */
  className: string;
  /** Probability, 0-1. */
  probability: number;
}

/** A MobileNet with ImageNet's 1000 classes, or a network of your own. */
export class MobileNet {
  #running: OpenClassifier | undefined;
  readonly #classNames: readonly string[] | undefined;
  readonly #canvas = new FrameCanvas();

  /** @internal Use load(). */
  constructor(running: OpenClassifier, classNames: readonly string[] | undefined) {
    checkMethods(this);
    this.#running = running;
    this.#classNames = classNames;
  }

  /** Does nothing, because `load()` returns a loaded network. The original has this method. */
  async load(): Promise<void> {}

  /**
   * Runs the network on a picture, synchronously.
   * @param img A picture, which is squashed to the network's input; or a tensor [height, width, 3] or [n, height, width, 3] with
   * values 0-255.
   * @param embedding True for the embedding, [n, embeddingSize]; else the classes before softmax, [n, classes], without ImageNet's
   * background class.
   * @throws 'bad-image' or 'bad-argument'.
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
   * Returns the most probable classes of a picture, best first.
   * @param topk Maximum number of classes.
   */
  async classify(img: PictureInput, topk = 3): Promise<ScoredClass[]> {
    if (!(topk >= 0))
      throw new ClassifierError('bad-argument', `topk must be a number of at least 0; got ${show(topk)}.`);
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

  /** Frees the network. The original has no such method. It may be called twice. */
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
  if (isAddress(modelUrl)) return { kind: 'url', url: absolute(modelUrl) };
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
      `MobileNet constructed with invalid alpha ${show(alpha)}. Valid multipliers for this version are: ${known.join()}.`,
    );
  }
  const packaged = requirePackagedModel('modelUrl');
  if ((version ?? packaged.version) !== packaged.version || (alpha ?? packaged.alpha) !== packaged.alpha) {
    // An error would break most pages that change their imports, although the packaged network is no worse.
    console.warn(
      `teachable-wasm: MobileNet v${version ?? packaged.version} ${alpha ?? 1} was requested; v${packaged.version} ${packaged.alpha}, which is in the package, runs instead. ` +
        "Its embeddings aren't comparable with the other's. To run the other one, serve its model.json or .tflite file and pass the address as 'modelUrl'. To silence this warning, leave out 'version' and 'alpha'.",
    );
  }
  return toRequest(packaged);
}

async function fromHandler(handler: IOHandler): Promise<ModelRequest> {
  if (typeof handler.load !== 'function')
    throw new ClassifierError('bad-argument', 'The handler in modelUrl has no load().');
  const { weightSpecs, weightData = [], ...artifacts } = await handler.load();
  const weights = new Uint8Array(await new Blob([weightData].flat()).arrayBuffer());
  const json = { ...artifacts, weightsManifest: [{ paths: ['weights.bin'], weights: weightSpecs }] };
  return { kind: 'bytes', model: new TextEncoder().encode(JSON.stringify(json)), weights };
}

/** Removes the first of ImageNet's 1001 outputs, the background class. */
function withoutBackground(logits: Float32Array): Float32Array {
  return logits.length === 1001 ? logits.subarray(1) : logits;
}

function softmax(logits: Float32Array): Float32Array {
  // Subtracting the greatest value keeps exponentials from overflowing.
  const greatest = logits.reduce((most, each) => Math.max(most, each), -Infinity);
  const powers = logits.map((logit) => Math.exp(logit - greatest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}
