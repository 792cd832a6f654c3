// Writes zip files. Their files are stored and not compressed, because pictures and data sets would not become smaller.

import { crc32 } from './crc32.js';
import { ZipError } from './zip-error.js';

/** A file for a zip file. */
export interface ZipPart {
  /** Path with '/' between folders. */
  path: string;
  bytes: Uint8Array | Blob;
}

const maxBytes = 0xfffffffe;
const maxFiles = 0xfffe;
/** System number under which programs read names as UTF-8. */
const unix = 3;
/** A plain file that everybody may read and its owner may write. */
const fileMode = 0o100644 << 16;
/** Bytes of a Blob that are in memory at once. */
const pieceBytes = 1 << 20;

/**
 * Returns a zip file. The bytes of its files aren't copied before the browser joins them.
 * @param comment Text about the whole archive, at most 65,535 bytes.
 * @throws ZipError 'too-large' or 'too-many' when the format has no room for so much.
 */
export async function writeZip(files: Iterable<ZipPart>, comment = '', date = new Date()): Promise<Blob> {
  const parts: BlobPart[] = [];
  const list: BlobPart[] = [];
  let position = 0;
  let listBytes = 0;
  let count = 0;
  for (const { path, bytes } of files) {
    const name = new TextEncoder().encode(path);
    const size = bytes instanceof Blob ? bytes.size : bytes.byteLength;
    if (position + size > maxBytes) throw new ZipError('too-large');
    if (++count > maxFiles) throw new ZipError('too-many');
    const facts = factsOf(await sumOf(bytes), size, name.length, date);
    parts.push(join([0x50, 0x4b, 3, 4], facts, name), bytes as BlobPart);
    const rest = numbers([2, 0], [2, 0], [2, 0], [4, fileMode], [4, position]);
    const listEntry = join([0x50, 0x4b, 1, 2, 20, unix], facts, rest, name);
    list.push(listEntry);
    listBytes += listEntry.length;
    position += 4 + facts.length + name.length + size;
  }
  if (position + listBytes > maxBytes) throw new ZipError('too-large');
  const text = new TextEncoder().encode(comment).subarray(0, 0xffff);
  const end = numbers([2, 0], [2, 0], [2, count], [2, count], [4, listBytes], [4, position], [2, text.length]);
  return new Blob([...parts, ...list, join([0x50, 0x4b, 5, 6], end), text], { type: 'application/zip' });
}

/** Returns the fields that stand before each file and in the list: version to extract, UTF-8 names, stored, time, checksum, sizes. */
function factsOf(sum: number, size: number, nameLength: number, date: Date): Uint8Array {
  const time = (date.getHours() << 11) | (date.getMinutes() << 5) | (date.getSeconds() >> 1);
  const day = ((Math.max(1980, date.getFullYear()) - 1980) << 9) | ((date.getMonth() + 1) << 5) | date.getDate();
  return numbers(
    [2, 20],
    [2, 0x800],
    [2, 0],
    [2, time],
    [2, day],
    [4, sum],
    [4, size],
    [4, size],
    [2, nameLength],
    [2, 0],
  );
}

async function sumOf(bytes: Uint8Array | Blob): Promise<number> {
  if (!(bytes instanceof Blob)) return crc32(bytes);
  let sum = 0;
  for (let start = 0; start < bytes.size; start += pieceBytes)
    sum = crc32(new Uint8Array(await bytes.slice(start, start + pieceBytes).arrayBuffer()), sum);
  return sum;
}

/** Returns numbers in little-endian order, each with its number of bytes. */
function numbers(...fields: [byteCount: number, value: number][]): Uint8Array {
  return Uint8Array.from(
    fields.flatMap(([byteCount, value]) =>
      Array.from({ length: byteCount }, (_, index) => (value >>> (8 * index)) & 255),
    ),
  );
}

function join(...arrays: ArrayLike<number>[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let position = 0;
  for (const array of arrays) {
    joined.set(array, position);
    position += array.length;
  }
  return joined;
}
