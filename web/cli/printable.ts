// Makes text safe to print: nothing that a file or a model holds can control the terminal or disguise what is shown.

/**
 * Characters that a terminal acts on or that hide or reorder other characters: control characters (C0, DEL, C1), format
 * characters (bidi controls, zero-width and tag characters), line separators, and halves of surrogate pairs. The joiners
 * U+200C and U+200D stay, because emoji and several scripts need them.
 */
const unsafe = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]|(?![\u200c\u200d])\p{Cf}/gu;

/** Replaces each unsafe character, line breaks and tabs included. */
export function printable(text: string): string {
  return text.replace(unsafe, '\ufffd');
}

/** Formats a value as JSON in which unsafe characters of strings are escaped, so a reader gets the same value. */
export function printableJson(value: unknown, indent?: number): string {
  const escaped = (found: string) =>
    Array.from({ length: found.length }, (_, i) => `\\u${found.charCodeAt(i).toString(16).padStart(4, '0')}`).join('');
  const text = JSON.stringify(value, null, indent);
  return text.replace(unsafe, (found) => (found === '\n' ? found : escaped(found)));
}
