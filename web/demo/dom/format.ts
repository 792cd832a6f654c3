// Numbers as texts.

/** Formats a fraction (0-1) as a percentage, for example '87 %'. */
export function percent(fraction: number): string {
  return `${Math.round(fraction * 100)} %`;
}

/** Formats a number with its noun, for example '1 example' or '3 examples'. The plural is formed with an s. */
export function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
