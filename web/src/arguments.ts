// Checks of what callers pass, before anything is sent.

import { ClassifierError } from './errors.js';

/** A whole number >= 1. */
export function toCount(value: unknown, name: string, least = 1): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least) {
    throw new ClassifierError('bad-argument', `${name} must be a whole number of at least ${least}; got ${show(value)}.`);
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

/** [size] finite numbers. */
export function checkEmbedding(embedding: Float32Array, size: number): void {
  if (embedding.length !== size) {
    throw new ClassifierError('bad-argument', `An embedding of this model has ${size} numbers; got ${embedding.length}.`);
  }
  if (!embedding.every(Number.isFinite)) throw new ClassifierError('bad-argument', 'The embedding holds numbers that are not finite.');
}

function show(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : String(value);
}
