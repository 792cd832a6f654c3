// Base85: bytes as text that can stand in any HTML file. Four bytes become five characters, so a file grows by a quarter; Base64 adds a
// third. The characters are ASCII and have no meaning in HTML or JavaScript strings, and line breaks between them don't matter.
// Therefore a server's encoding, an editor, or a mail program can't damage the file.

const alphabet = '!#%()*+,./0123456789:;=?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_abcdefghijklmnopqrstuvwxyz{|}~';
const base = alphabet.length;
const codes = Uint8Array.from(alphabet, (character) => character.charCodeAt(0));
const lineBreak = 10;
/** Characters in a line, a multiple of 5. Editors are slow with very long lines. */
const lineLength = 2000;

/** Returns the bytes as ASCII characters, in lines. A last group of n < 4 bytes becomes n + 1 characters. */
export function encodeBase85(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const length = Math.ceil((bytes.length * 5) / 4);
  const text = new Uint8Array(length + Math.floor(length / lineLength));
  let at = 0;
  for (let start = 0, written = 0; start < bytes.length; start += 4) {
    let value = 0;
    for (let i = 0; i < 4; i++) value = value * 256 + (bytes[start + i] ?? 0);
    const count = Math.min(bytes.length - start, 4) + 1;
    for (let i = 4; i >= 0; i--) {
      if (i < count) text[at + i] = codes[value % base]!;
      value = Math.floor(value / base);
    }
    at += count;
    written += count;
    if (written % lineLength === 0) text[at++] = lineBreak;
  }
  return text;
}

/** Returns the bytes of a text that encodeBase85() made. White space is ignored. Throws for any other character. */
export function decodeBase85(text: string): Uint8Array<ArrayBuffer> {
  const values = new Uint8Array(128).fill(base);
  codes.forEach((code, value) => {
    values[code] = value;
  });
  const characters = text.replace(/\s+/g, '');
  const bytes = new Uint8Array(Math.floor((characters.length * 4) / 5));
  for (let start = 0, at = 0; start < characters.length; start += 5) {
    let value = 0;
    for (let i = 0; i < 5; i++) {
      // Missing characters of the last group count as the highest, so that the bytes before them come out right.
      const digit = start + i < characters.length ? (values[characters.charCodeAt(start + i)] ?? base) : base - 1;
      if (digit === base) throw new Error(`The file is damaged: character ${start + i} of a part is not of Base85.`);
      value = value * base + digit;
    }
    for (let i = 3; i >= 0; i--) {
      if (at + i < bytes.length) bytes[at + i] = value % 256;
      value = Math.floor(value / 256);
    }
    at += 4;
  }
  return bytes;
}
