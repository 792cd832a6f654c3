/**
 * The nearest neighbours alone, for embeddings that come from elsewhere: text, sound, another network.
 * @module teachable-wasm/knn
 */

import { toCount } from './arguments.js';
import { ClassifierError } from './errors.js';
import { KnnClassifier } from './knn-client.js';
import { type ModuleOptions, startSession } from './session.js';

export type { ErrorCode } from './errors.js';
export { ClassifierError, errorCodes } from './errors.js';
export type { CallSettings, KnnClassifier, Prediction } from './knn-client.js';
export type {
  Info,
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
} from './protocol.js';
export type { ModuleOptions } from './session.js';

/** Of loadKnn(). */
export interface KnnOptions extends ModuleOptions {
  /** Floats in an embedding, >= 1. */
  embeddingSize: number;
  /** What makes the embeddings. Data sets keep it, and one of another id isn't loaded. Default 'embeddings'. */
  id?: string | undefined;
}

/**
 * Loads the module without a network.
 * Throws 'load-failed', 'unsupported-browser', 'bad-argument', 'out-of-memory' or 'aborted'.
 */
export async function loadKnn(options: KnnOptions): Promise<KnnClassifier> {
  const { embeddingSize, id = 'embeddings' } = options;
  if (typeof id !== 'string') throw new ClassifierError('bad-argument', `id must be a string; got ${String(id)}.`);
  const model = { kind: 'none', id, embeddingSize: toCount(embeddingSize, 'embeddingSize') } as const;
  return new KnnClassifier(await startSession({ model }, options));
}
