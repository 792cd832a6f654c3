// Reads zip files that visitors choose. Only the list of files is read at first; each file is read when it is needed. Anything may
// stand in such a file, so every length is checked, and decompression ends at the size that the list says.

import { crc32 } from './crc32.js';
import { ZipError, type ZipProblem } from './zip-error.js';
import { decodeName } from './zip-name.js';

/** A file in a zip file. */
export interface ZipEntry {
  /** Path as it stands in the archive. It may contain anything. */
  path: string;
  /** Number of bytes that the archive says it has. */
  size: number;
  /** Why it cannot be read, or undefined. */
  problem: ZipProblem | undefined;
  /** Reads and checks the file. Throws ZipError. */
  read(): Promise<Uint8Array<ArrayBuffer>>;
}

/** An open zip file. */
export interface ZipFile {
  /** Its files, without folders, in the order of the list. */
  entries: ZipEntry[];
  /** Text that belongs to the whole archive, or ''. */
  comment: string;
}

/** Limits of what is read. */
export interface ZipLimits {
  /** Maximum number of entries. */
  entries: number;
  /** Maximum size of one file, in bytes. */
  fileBytes: number;
  /** Maximum size of all files together, in bytes. */
  totalBytes: number;
}

const endSignature = 0x06054b50;
const listSignature = 0x02014b50;
const fileSignature = 0x04034b50;
const endBytes = 22;
const maxCommentBytes = 0xffff;
const listEntryBytes = 46;
const fileHeadBytes = 30;
const stored = 0;
const deflated = 8;

/** Opens a zip file. Throws ZipError. */
export async function openZip(file: Blob, limits: ZipLimits): Promise<ZipFile> {
  const tailStart = Math.max(0, file.size - endBytes - maxCommentBytes);
  const tail = await viewOf(file, tailStart, file.size);
  const end = findEnd(tail);
  if (end < 0) throw new ZipError('not-zip');
  const count = tail.getUint16(end + 10, true);
  const listBytes = tail.getUint32(end + 12, true);
  const listStart = tail.getUint32(end + 16, true);
  if (count === 0xffff || listBytes === 0xffffffff || listStart === 0xffffffff) throw new ZipError('zip64');
  if (tail.getUint16(end + 4, true) !== 0 || tail.getUint16(end + 8, true) !== count) throw new ZipError('split');
  if (count > limits.entries) throw new ZipError('too-many');
  if (listStart + listBytes > tailStart + end) throw new ZipError('damaged');
  const list = await viewOf(file, listStart, listStart + listBytes);
  const comment = decodeName(bytesOf(tail, end + endBytes, tail.getUint16(end + 20, true)), true);
  return { entries: readList(file, list, count, limits), comment };
}

/** Returns the index of the end record, whose comment ends where the file does, or -1. */
function findEnd(tail: DataView): number {
  for (let index = tail.byteLength - endBytes; index >= 0; index--) {
    if (
      tail.getUint32(index, true) === endSignature &&
      index + endBytes + tail.getUint16(index + 20, true) === tail.byteLength
    )
      return index;
  }
  return -1;
}

function readList(file: Blob, list: DataView, count: number, limits: ZipLimits): ZipEntry[] {
  const entries: ZipEntry[] = [];
  let position = 0;
  let packedTotal = 0;
  let total = 0;
  for (let number = 0; number < count; number++) {
    if (position + listEntryBytes > list.byteLength || list.getUint32(position, true) !== listSignature)
      throw new ZipError('damaged');
    const flags = list.getUint16(position + 8, true);
    const method = list.getUint16(position + 10, true);
    const sum = list.getUint32(position + 16, true);
    const packedSize = list.getUint32(position + 20, true);
    const size = list.getUint32(position + 24, true);
    const nameLength = list.getUint16(position + 28, true);
    const extraLength = list.getUint16(position + 30, true);
    const commentLength = list.getUint16(position + 32, true);
    const start = list.getUint32(position + 42, true);
    const next = position + listEntryBytes + nameLength + extraLength + commentLength;
    if (next > list.byteLength) throw new ZipError('damaged');
    const path = decodeName(bytesOf(list, position + listEntryBytes, nameLength), (flags & 0x800) !== 0);
    position = next;
    if (/[\\/]$/.test(path)) continue;
    let problem: ZipProblem | undefined;
    if (flags & 1) problem = 'encrypted';
    else if ([packedSize, size, start].includes(0xffffffff)) problem = 'zip64';
    else if (method !== stored && method !== deflated) problem = 'method';
    else if (size > limits.fileBytes) problem = 'too-large';
    else {
      packedTotal += packedSize;
      total += size;
    }
    // Files that share their bytes are how a small archive becomes a huge one.
    if (packedTotal > file.size) throw new ZipError('damaged');
    if (total > limits.totalBytes) throw new ZipError('too-large');
    const read = () => readEntry(file, { problem, method, sum, packedSize, size, start });
    entries.push({ path, size, problem, read });
  }
  return entries;
}

interface Place {
  problem: ZipProblem | undefined;
  method: number;
  sum: number;
  packedSize: number;
  size: number;
  start: number;
}

async function readEntry(file: Blob, { problem, method, sum, packedSize, size, start }: Place) {
  if (problem) throw new ZipError(problem);
  const head = await viewOf(file, start, start + fileHeadBytes);
  if (head.byteLength < fileHeadBytes || head.getUint32(0, true) !== fileSignature) throw new ZipError('damaged');
  // Name and extra field of this place may have other lengths than those of the list.
  const dataStart = start + fileHeadBytes + head.getUint16(26, true) + head.getUint16(28, true);
  const packed = file.slice(dataStart, dataStart + packedSize);
  if (packed.size !== packedSize) throw new ZipError('damaged');
  const bytes = method === stored ? await storedBytes(packed, size) : await inflate(packed, size);
  if (crc32(bytes) !== sum) throw new ZipError('damaged');
  return bytes;
}

async function storedBytes(packed: Blob, size: number): Promise<Uint8Array<ArrayBuffer>> {
  if (packed.size !== size) throw new ZipError('damaged');
  return new Uint8Array(await packed.arrayBuffer());
}

/** Decompresses into a buffer of exactly `size` bytes, and stops when there is more. */
async function inflate(packed: Blob, size: number): Promise<Uint8Array<ArrayBuffer>> {
  let decompression: DecompressionStream;
  try {
    decompression = new DecompressionStream('deflate-raw');
  } catch (cause) {
    throw new ZipError('no-inflate', { cause });
  }
  const bytes = new Uint8Array(size);
  let filled = 0;
  const reader = packed.stream().pipeThrough(decompression).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      if (filled + value.length > size) throw new ZipError('too-large');
      bytes.set(value, filled);
      filled += value.length;
    }
  } catch (cause) {
    void reader.cancel().catch(() => {});
    throw cause instanceof ZipError ? cause : new ZipError('damaged', { cause });
  }
  if (filled !== size) throw new ZipError('damaged');
  return bytes;
}

async function viewOf(file: Blob, start: number, end: number): Promise<DataView> {
  return new DataView(await file.slice(start, end).arrayBuffer());
}

function bytesOf(view: DataView, start: number, length: number): Uint8Array {
  return new Uint8Array(view.buffer, start, length);
}
