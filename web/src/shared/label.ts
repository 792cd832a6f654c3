// What a label may be, for callers and for files.

/** Returns what is wrong with a label, as the end of a sentence; undefined for a label that can be stored. */
export function wrongLabel(label: string): string | undefined {
  // With the flag 'u', whole pairs are one character, and only halves match.
  if (/[\ud800-\udfff]/u.test(label)) return `must not have half of a surrogate pair; got ${JSON.stringify(label)}.`;
  // C++ allows 65,535 bytes of UTF-8. A UTF-16 unit takes at most 3.
  if (label.length > maxLabelLength) return `must have at most ${maxLabelLength} characters; got ${label.length}.`;
  return undefined;
}

const maxLabelLength = 21_845;
