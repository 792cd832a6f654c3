/**
 * Nearest neighbours without a network, for embeddings of text, sound or other networks. Start with `loadKnn()`.
 * @module teachable-wasm/knn
 */

import { type KnnClassifier, type KnnOptions, loadKnnClassifier } from '../page/knn-client.js';
import { startInline } from './start-inline.js';

export type { CallSettings, KnnClassifier, KnnOptions, Prediction } from '../page/knn-client.js';
export type { ModuleOptions } from '../page/session.js';
export type { ErrorCode } from '../shared/errors.js';
export { ClassifierError, errorCodes } from '../shared/errors.js';
export type {
  ExampleMap,
  KnnInfo,
  LoadTimings,
  ModelInfo,
  Neighbour,
  PredictOptions,
  Preprocess,
  Progress,
  Review,
  Storage,
  Thumbnail,
  Timings,
  Variant,
} from '../shared/protocol.js';

/**
 * Loads the module without a network and returns a classifier of embeddings.
 * @throws 'load-failed', 'unsupported-browser', 'bad-argument', 'out-of-memory' or 'aborted'.
 */
export async function loadKnn(options: KnnOptions): Promise<KnnClassifier> {
  return loadKnnClassifier(options, startInline);
}
