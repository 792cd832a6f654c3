// Numbers as texts.

import { texts } from '../texts/texts.js';

/** Formats a fraction (0-1) as a percentage, for example '87 %'. */
export function percent(fraction: number): string {
  return `${Math.round(fraction * 100)} %`;
}

/** Joins names to a list. Of more than `maxCount`, the first are listed, for example 'a, b and 12 more'. */
export function listSome(names: readonly string[], maxCount: number): string {
  const rest = names.length - maxCount;
  const listed = names.slice(0, maxCount).join(', ');
  return rest > 0 ? texts.common.listWithRest(listed, rest) : listed;
}
