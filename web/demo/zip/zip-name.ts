// Names in zip files: how they are decoded, and how folders and files are named so that every file system takes them.

/** The characters of code page 437 from 128 on, which old zip files use. */
const cp437 =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■ ';

/** Decodes a name. Many programs write UTF-8 without saying so; what isn't UTF-8 is code page 437. */
export function decodeName(bytes: Uint8Array, isUtf8: boolean): string {
  try {
    return new TextDecoder('utf-8', { fatal: !isUtf8, ignoreBOM: true }).decode(bytes);
  } catch {
    return Array.from(bytes, (byte) => (byte < 128 ? String.fromCharCode(byte) : cp437[byte - 128])).join('');
  }
}

/** Splits a path into its parts. Parts such as '..' and drive letters say nothing about a class, so they are left out. */
export function partsOf(path: string): string[] {
  return path
    .split(/[\\/]/)
    .map((part) => part.trim())
    .filter((part) => part !== '' && part !== '.' && part !== '..' && !/^[a-z]:$/i.test(part));
}

/** Returns true for what macOS and other systems add to folders and archives without being asked. */
export function isHidden(parts: readonly string[]): boolean {
  return parts.some((part) => part.startsWith('.') || part === '__MACOSX' || /^(thumbs\.db|desktop\.ini)$/i.test(part));
}

/** Longest name of a folder, in characters. With its ending and number, it stays below the 255 bytes of file systems. */
const maxLength = 60;

/** Returns a name that Windows, macOS and Linux take, and that none of `taken` equals. Adds it to `taken`. */
export function safeName(name: string, fallback: string, taken: Set<string>): string {
  const plain = [
    ...name.replace(/[<>:"/\\|?*\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '_').normalize('NFC'),
  ]
    .slice(0, maxLength)
    .join('')
    .replace(/^[\s.]+|[\s.]+$/g, '');
  // Windows keeps these names for devices, with any ending.
  const isDevice = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(plain);
  const base = (isDevice ? `_${plain}` : plain) || fallback;
  let unique = base;
  for (let number = 2; taken.has(unique.toLowerCase()); number++) unique = `${base} (${number})`;
  taken.add(unique.toLowerCase());
  return unique;
}
