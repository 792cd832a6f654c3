/**
 * Says what a picture shows, by a network's own classes and by classes that you teach. Begin with load().
 * @module teachable-wasm
 */

import { wasmHashes } from './packaged.js';
import type { Variant } from './protocol.js';

export type { Classifier, LoadOptions, ModelSource, Observation, ObserveOptions, Pictures } from './client.js';
export { load } from './client.js';
export type { ErrorCode } from './errors.js';
export { ClassifierError, errorCodes } from './errors.js';
export type { ImageInput, RgbaImage } from './image.js';
export type { CallSettings, KnnClassifier, Prediction } from './knn-client.js';
export type { Alpha, Version } from './models.js';
export type {
  Choice,
  ClassScore,
  Info,
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
} from './protocol.js';
export type { ModuleOptions } from './session.js';
export type { Features, Wanted } from './variant.js';
export { chooseVariant, detectFeatures } from './variant.js';

/**
 * SHA-256 of this version's .wasm file in each folder of wasm/, in lower-case hex: wasm/<variant>/teachable.wasm,
 * 'image': wasm/image/decoder.wasm, 'tfjs': wasm/tfjs/converter.wasm.
 */
export const wasmSha256: Readonly<Record<Variant | 'image' | 'tfjs', string>> = wasmHashes;
