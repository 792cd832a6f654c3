// Plain copies of what a framework's proxies wrap.

import { brandOf } from './brand.js';

/**
 * Copies lists and plain objects at every depth. All other values stay as they are: numbers, typed arrays, files, pictures. Throws a
 * RangeError for values that are nested too deeply, and what getters throw.
 */
export function toPlain(value: unknown): unknown {
  // A list with gaps may claim to be longer than memory.
  if (Array.isArray(value)) return Object.keys(value).length === value.length ? value.map(toPlain) : value;
  if (brandOf(value) !== 'Object') return value;
  return Object.fromEntries(Object.entries(value as object).map(([key, each]) => [key, toPlain(each)]));
}
