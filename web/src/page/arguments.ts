// Checks of the arguments that callers pass, before anything is sent.

import { brandOf, isBytes, isFloats } from '../shared/brand.js';
import { ClassifierError } from '../shared/errors.js';
import { wrongLabel } from '../shared/label.js';
import { predictDefaults } from '../shared/predict-defaults.js';
import type { PredictOptions, Storage, Thumbnail, WirePredictOptions } from '../shared/protocol.js';
import { show } from '../shared/show.js';

/** Returns `value`, a whole number of at least `min`. */
export function toCount(value: unknown, name: string, min = 1): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min) {
    throw new ClassifierError('bad-argument', `${name} must be a whole number of at least ${min}; got ${show(value)}.`);
  }
  // C++ takes 32 bits. Anything larger means 'all'.
  return Math.min(value, 0x7fffffff);
}

/** Returns a label as a string: 1 and '1' are the same class. */
export function toLabel(value: unknown): string {
  if (typeof value !== 'string' && typeof value !== 'number') {
    throw new ClassifierError('bad-argument', `A label must be a string or a number; got ${show(value)}.`);
  }
  if (Number.isNaN(value)) throw new ClassifierError('bad-argument', 'A label must not be NaN.');
  const label = String(value);
  const wrong = wrongLabel(label);
  if (wrong) throw new ClassifierError('bad-argument', `A label ${wrong}`);
  return label;
}

/** Describes what was passed as numbers, with its length. */
function kindOf(value: unknown): string {
  const { length } = Object(value) as { length?: unknown };
  const isList = Array.isArray(value) || ArrayBuffer.isView(value);
  return isList ? `${brandOf(value)} of ${show(length)} numbers` : show(value);
}

/** Checks [count, size] finite numbers. */
export function checkEmbeddings(embeddings: Float32Array, size: number): void {
  if (!isFloats(embeddings) || (embeddings as Float32Array).length % size !== 0) {
    throw new ClassifierError(
      'bad-argument',
      `Embeddings must be a Float32Array of ${size} numbers each; got ${kindOf(embeddings)}.`,
    );
  }
  if (!embeddings.every(Number.isFinite))
    throw new ClassifierError('bad-argument', 'The embeddings contain numbers that are not finite.');
}

/** Checks [size] finite numbers. */
export function checkEmbedding(embedding: Float32Array, size: number): void {
  if (!isFloats(embedding)) {
    throw new ClassifierError(
      'bad-argument',
      `An embedding must be a Float32Array of ${size} numbers; got ${kindOf(embedding)}.`,
    );
  }
  if (embedding.length !== size) {
    throw new ClassifierError(
      'bad-argument',
      `An embedding of this model has ${size} numbers; got ${embedding.length}.`,
    );
  }
  if (!embedding.every(Number.isFinite))
    throw new ClassifierError('bad-argument', 'The embedding contains numbers that are not finite.');
}

/** Returns the 32-bit float that C++ computes with, so that it is the one that is checked. */
function toFloat(value: unknown): number {
  return typeof value === 'number' ? Math.fround(value) : NaN;
}

/** Fills in the defaults for options that are absent or undefined. */
function withDefaults(options: PredictOptions): WirePredictOptions {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return { ...predictDefaults, ...Object.fromEntries(given) };
}

/** Options that only the rule 'neighbours' reads. */
const ofNeighbours = ['weighting', 'temperature', 'prior', 'balanced'] as const;

/** Checks the options of a prediction and fills in the defaults. */
export function toPredictOptions(options: PredictOptions): WirePredictOptions {
  const all = withDefaults(options);
  const { rule, k, weighting, temperature, prior, sharpness, balanced, unknownThreshold, smoothing } = all;
  if (rule !== 'combined' && rule !== 'neighbours') {
    throw new ClassifierError('bad-argument', `rule must be 'combined' or 'neighbours'; got ${show(rule)}.`);
  }
  if (weighting !== 'votes' && weighting !== 'similarity') {
    throw new ClassifierError('bad-argument', `weighting must be 'votes' or 'similarity'; got ${show(weighting)}.`);
  }
  if (!(toFloat(temperature) > 0 && toFloat(temperature) < Infinity)) {
    throw new ClassifierError('bad-argument', `temperature must be a 32-bit float above 0; got ${show(temperature)}.`);
  }
  if (!(toFloat(prior) >= 0 && toFloat(prior) < Infinity)) {
    throw new ClassifierError('bad-argument', `prior must be a 32-bit float of at least 0; got ${show(prior)}.`);
  }
  if (!(toFloat(sharpness) > 0 && toFloat(sharpness) < Infinity)) {
    throw new ClassifierError('bad-argument', `sharpness must be a 32-bit float above 0; got ${show(sharpness)}.`);
  }
  if (!(toFloat(unknownThreshold) >= -1 && toFloat(unknownThreshold) <= 1)) {
    throw new ClassifierError('bad-argument', `unknownThreshold must be -1 to 1; got ${show(unknownThreshold)}.`);
  }
  if (typeof smoothing !== 'number' || !(smoothing >= 0 && smoothing < Infinity)) {
    throw new ClassifierError(
      'bad-argument',
      `smoothing must be a finite number of at least 0; got ${show(smoothing)}.`,
    );
  }
  // The module's results are 32-bit floats: review() returns the default temperature as 0.05000000074505806.
  const isDefault = (name: (typeof ofNeighbours)[number]) =>
    all[name] === predictDefaults[name] || all[name] === Math.fround(Number(predictDefaults[name]));
  const unused = rule === 'combined' && ofNeighbours.find((name) => !isDefault(name));
  if (unused) {
    throw new ClassifierError(
      'bad-argument',
      `${unused} has no effect with rule 'combined', which is the default; got ${show(all[unused])}. Pass rule: 'neighbours' with it.`,
    );
  }
  return {
    rule,
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

/** Returns the id of an example. */
export function toId(value: unknown): number {
  // The range of C++ is 32 bits, and the last number is never given.
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value >= 0xffffffff) {
    throw new ClassifierError('bad-argument', `An id must be a whole number of 0 to 4294967294; got ${show(value)}.`);
  }
  return value;
}

/** Returns one label for each embedding. */
export function toLabels(values: unknown): string[] {
  if (!Array.isArray(values))
    throw new ClassifierError(
      'bad-argument',
      `Labels must be an array with one label for each embedding; got ${show(values)}.`,
    );
  // Unlike map(), this ends at the first gap of a sparse list, which may claim to be long.
  return Array.from(values.values(), toLabel);
}

/** Returns the number format of examples. */
export function toStorage(value: unknown): Storage {
  if (value !== 'f32' && value !== 'i16' && value !== 'i8') {
    throw new ClassifierError('bad-argument', `storage must be 'f32', 'i16' or 'i8'; got ${show(value)}.`);
  }
  return value;
}

/** Returns copies of the thumbnails. */
export function toThumbnails(values: unknown): Thumbnail[] {
  if (!Array.isArray(values))
    throw new ClassifierError('bad-argument', `Thumbnails must be an array of { id, bytes }; got ${show(values)}.`);
  return Array.from(values.values(), (value: unknown) => {
    const { id, bytes } = Object(value) as { id?: unknown; bytes?: unknown };
    if (!isBytes(bytes))
      throw new ClassifierError('bad-argument', `A thumbnail's bytes must be a Uint8Array; got ${show(bytes)}.`);
    // Copies, because cloning a view would clone its whole buffer.
    return { id: toId(id), bytes: new Uint8Array(bytes) };
  });
}
