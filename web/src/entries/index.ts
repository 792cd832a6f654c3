/**
 * Classifies pictures by a network's own classes and by classes that you teach. Start with `load()`.
 * @module teachable-wasm
 */

import { type Classifier, type LoadOptions, loadClassifier } from '../page/client.js';
import { wasmHashes } from '../shared/packaged.js';
import type { Variant } from '../shared/protocol.js';
import { startInline } from './start-inline.js';

export type {
  Classifier,
  LoadOptions,
  ModelSource,
  Observation,
  ObserveOptions,
  Pictures,
  TeachOptions,
} from '../page/client.js';
export type { ImageInput, RgbaImage } from '../page/image.js';
export type { CallSettings, KnnClassifier, Prediction } from '../page/knn-client.js';
export type { Alpha, Version } from '../page/models.js';
export type { ModuleOptions } from '../page/session.js';
export type { ErrorCode } from '../shared/errors.js';
export { ClassifierError, errorCodes } from '../shared/errors.js';
export type {
  Choice,
  ClassScore,
  ExampleMap,
  Info,
  KnnInfo,
  Layers,
  LoadTimings,
  ModelEntry,
  ModelFile,
  ModelInfo,
  Neighbour,
  Precision,
  PredictOptions,
  Preprocess,
  Progress,
  Review,
  Storage,
  Thumbnail,
  Timings,
  Variant,
} from '../shared/protocol.js';
export type { Features, Wanted } from '../shared/variant.js';
export { chooseVariant, detectFeatures } from '../shared/variant.js';

/**
 * SHA-256 checksums of this version's .wasm files in lower-case hex, by folder of wasm/: wasm/<variant>/teachable.wasm, 'image' for
 * wasm/image/decoder.wasm, 'tfjs' for wasm/tfjs/converter.wasm.
 */
export const wasmSha256: Readonly<Record<Variant | 'image' | 'tfjs', string>> = wasmHashes;

/**
 * Loads a network, by default the one in the package, and returns a classifier that runs it.
 * @throws 'load-failed', 'bad-model', 'unsupported-op', 'unsupported-browser', 'bad-argument', 'out-of-memory' or 'aborted'.
 */
export async function load(options: LoadOptions = {}): Promise<Classifier> {
  return loadClassifier(options, startInline);
}
