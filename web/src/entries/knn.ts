/**
 * The nearest neighbours alone, for embeddings that come from elsewhere: text, sound, another network.
 * @module teachable-wasm/knn
 */

import { toCount } from '../page/arguments.js';
import { KnnClassifier } from '../page/knn-client.js';
import { type ModuleOptions, startSession } from '../page/session.js';
import { ClassifierError } from '../shared/errors.js';

export type { CallSettings, KnnClassifier, Prediction } from '../page/knn-client.js';
export type { ModuleOptions } from '../page/session.js';
export type { ErrorCode } from '../shared/errors.js';
export { ClassifierError, errorCodes } from '../shared/errors.js';
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
} from '../shared/protocol.js';

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
