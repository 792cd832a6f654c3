// Describes values in error messages.

import { brandOf } from './brand.js';

const maxLength = 100;

/** Describes a value of a list. */
function showPlain(value: unknown): string {
  return Object(value) === value ? '…' : show(value);
}

/** Describes any value in a few words. It never throws, also for values whose own code does. */
export function show(value: unknown): string {
  if (typeof value === 'string') return `'${value.length > maxLength ? `${value.slice(0, maxLength)}…` : value}'`;
  if (Object(value) !== value) return String(value);
  try {
    // The name of its kind, because its text may be endless. Lists show their first values.
    if (Array.isArray(value)) return `[${value.slice(0, 4).map(showPlain).join(', ')}${value.length > 4 ? ', …' : ''}]`;
    return brandOf(value).slice(0, maxLength);
  } catch {
    return "an object that can't be read";
  }
}
