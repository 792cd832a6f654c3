// Numbers as texts.

/** Formats a fraction (0-1) as a percentage, for example '87 %'. */
export function percent(fraction: number): string {
  return `${Math.round(fraction * 100)} %`;
}

/** Formats a number with its noun, for example '1 example' or '3 examples'. The plural is formed with an s. */
export function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** Joins texts to a list. Of more than `maxCount`, the first are listed, for example 'a, b and 12 more'. */
export function listSome(texts: readonly string[], maxCount: number): string {
  const rest = texts.length - maxCount;
  const listed = texts.slice(0, maxCount).join(', ');
  return rest > 0 ? `${listed} and ${rest} more` : listed;
}
