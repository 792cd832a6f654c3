// Checks of what callers pass, before anything is sent.

import { ClassifierError } from '../shared/errors.js';
import type { PredictOptions, Storage, Thumbnail, WirePredictOptions } from '../shared/protocol.js';

/** A whole number >= 1. */
export function toCount(value: unknown, name: string, least = 1): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least) {
    throw new ClassifierError(
      'bad-argument',
      `${name} must be a whole number of at least ${least}; got ${show(value)}.`,
    );
  }
  // C++ takes 32 bits; everything beyond means 'all' anyway.
  return Math.min(value, 0x7fffffff);
}

/** A class's label: 1 and '1' are the same class. */
export function toLabel(value: unknown): string {
  if (typeof value !== 'string' && typeof value !== 'number') {
    throw new ClassifierError('bad-argument', `A label must be a string or a number; got ${show(value)}.`);
  }
  if (Number.isNaN(value)) throw new ClassifierError('bad-argument', 'A label must not be NaN.');
  return String(value);
}

/** [count, size] finite numbers. */
export function checkEmbeddings(embeddings: Float32Array, size: number): void {
  if (!(embeddings instanceof Float32Array) || embeddings.length % size !== 0) {
    throw new ClassifierError(
      'bad-argument',
      `Embeddings of this model come as a Float32Array of ${size} numbers each; got ${show(embeddings?.length)}.`,
    );
  }
  if (!embeddings.every(Number.isFinite))
    throw new ClassifierError('bad-argument', 'The embeddings hold numbers that are not finite.');
}

/** [size] finite numbers. */
export function checkEmbedding(embedding: Float32Array, size: number): void {
  if (!(embedding instanceof Float32Array)) {
    throw new ClassifierError(
      'bad-argument',
      `An embedding must be a Float32Array of ${size} numbers; got ${show(embedding)}.`,
    );
  }
  if (embedding.length !== size) {
    throw new ClassifierError(
      'bad-argument',
      `An embedding of this model has ${size} numbers; got ${embedding.length}.`,
    );
  }
  if (!embedding.every(Number.isFinite))
    throw new ClassifierError('bad-argument', 'The embedding holds numbers that are not finite.');
}

/** Options of a prediction, complete and checked. */
export function toPredictOptions(options: PredictOptions): WirePredictOptions {
  const {
    k = 3,
    weighting = 'votes',
    temperature = 0.05,
    prior = 0,
    sharpness = 1,
    balanced = false,
    unknownThreshold = -1,
    smoothing = 0,
  } = options;
  if (weighting !== 'votes' && weighting !== 'similarity') {
    throw new ClassifierError('bad-argument', `weighting must be 'votes' or 'similarity'; got ${show(weighting)}.`);
  }
  if (typeof temperature !== 'number' || !(temperature > 0 && temperature < Infinity)) {
    throw new ClassifierError('bad-argument', `temperature must be a finite number above 0; got ${show(temperature)}.`);
  }
  if (typeof prior !== 'number' || !(prior >= 0 && prior < Infinity)) {
    throw new ClassifierError('bad-argument', `prior must be a finite number of at least 0; got ${show(prior)}.`);
  }
  if (typeof sharpness !== 'number' || !(sharpness > 0 && sharpness < Infinity)) {
    throw new ClassifierError('bad-argument', `sharpness must be a finite number above 0; got ${show(sharpness)}.`);
  }
  if (typeof unknownThreshold !== 'number' || !(unknownThreshold >= -1 && unknownThreshold <= 1)) {
    throw new ClassifierError('bad-argument', `unknownThreshold must be -1 to 1; got ${show(unknownThreshold)}.`);
  }
  if (typeof smoothing !== 'number' || !(smoothing >= 0 && smoothing < Infinity)) {
    throw new ClassifierError(
      'bad-argument',
      `smoothing must be a finite number of at least 0; got ${show(smoothing)}.`,
    );
  }
  return {
    k: toCount(k, 'k'),
    weighting,
    temperature,
    prior,
    sharpness,
    balanced: Boolean(balanced),
    unknownThreshold,
    smoothing,
  };
}

/** An example's id. */
export function toId(value: unknown): number {
  return toCount(value, 'An id', 0);
}

/** One label for each embedding. */
export function toLabels(values: unknown): string[] {
  if (!Array.isArray(values))
    throw new ClassifierError('bad-argument', `Labels must be a list, one for each embedding; got ${show(values)}.`);
  return values.map(toLabel);
}

/** How examples are kept. */
export function toStorage(value: unknown): Storage {
  if (value !== 'f32' && value !== 'i16' && value !== 'i8') {
    throw new ClassifierError('bad-argument', `Examples are kept as 'f32', 'i16' or 'i8'; got ${show(value)}.`);
  }
  return value;
}

/** Picture files of examples. */
export function toThumbnails(values: unknown): Thumbnail[] {
  if (!Array.isArray(values))
    throw new ClassifierError('bad-argument', `Thumbnails must be a list of { id, bytes }; got ${show(values)}.`);
  return values.map((value: unknown) => {
    const { id, bytes } = Object(value) as { id?: unknown; bytes?: unknown };
    if (!(bytes instanceof Uint8Array))
      throw new ClassifierError('bad-argument', `A thumbnail's bytes must be a Uint8Array; got ${show(bytes)}.`);
    // As copies: a clone would take along all of the buffers that they are views of.
    return { id: toId(id), bytes: new Uint8Array(bytes) };
  });
}

function show(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : String(value);
}
