// Files in the zip archive behind a .tflite network, as TensorFlow Lite's metadata tools write them. The archive is untrusted: anything
// unexpected means that there is no such file.

/** A list of class names has about 20 kB. */
const maxBytes = 4 << 20;

/** A MobileNet has 14 MB. */
const maxArchiveBytes = 256 << 20;

const endSignature = 0x06054b50;
const entrySignature = 0x02014b50;
const fileSignature = 0x04034b50;

interface Entry {
  name: string;
  /** 0: stored, 8: deflated. */
  method: number;
  compressedSize: number;
  size: number;
  /** Offset of the local header. */
  start: number;
}

/**
 * Returns the text of a file in the archive behind a model.
 * @param name File name as in the metadata; '' for the only .txt file.
 * @returns Undefined when there is no archive or no such file, or when it is damaged, encrypted or larger than 4 MB.
 */
export async function readAssociatedFile(model: Uint8Array, name: string): Promise<string | undefined> {
  try {
    const view = new DataView(model.buffer, model.byteOffset, model.byteLength);
    const entries = readEntries(view, model);
    const wanted = name
      ? entries.filter((entry) => entry.name === name)
      : entries.filter((entry) => entry.name.endsWith('.txt'));
    if (wanted.length !== 1 || !wanted[0]) return undefined;
    const bytes = await unpack(view, model, wanted[0], maxBytes);
    return bytes && new TextDecoder().decode(bytes);
  } catch {
    // A DataView throws beyond the end of the file, a decompressor for damaged data.
    return undefined;
  }
}

/**
 * Unpacks a zip archive, as Teachable Machine gives for download.
 * @returns Its files by their names without folders; undefined for a damaged or encrypted one, and for more than 256 MB in all.
 */
export async function unzip(archive: Uint8Array): Promise<Map<string, Uint8Array> | undefined> {
  try {
    const view = new DataView(archive.buffer, archive.byteOffset, archive.byteLength);
    const files = new Map<string, Uint8Array>();
    let left = maxArchiveBytes;
    for (const entry of readEntries(view, archive)) {
      left -= entry.size;
      const bytes = await unpack(view, archive, entry, left);
      if (!bytes) return undefined;
      files.set(entry.name.slice(entry.name.lastIndexOf('/') + 1), bytes);
    }
    return files;
  } catch {
    return undefined;
  }
}

function readEntries(view: DataView, model: Uint8Array): Entry[] {
  // The end record is followed by a comment of at most 64 kB, which is usually empty.
  let end = view.byteLength - 22;
  const lowest = Math.max(0, end - 0xffff);
  while (end >= lowest && view.getUint32(end, true) !== endSignature) end--;
  if (end < lowest) return [];
  const count = view.getUint16(end + 10, true);
  const size = view.getUint32(end + 12, true);
  // An archive that was appended unchanged counts offsets from its own start.
  const shift = end - size - view.getUint32(end + 16, true);
  const entries: Entry[] = [];
  for (let at = end - size; entries.length < count; ) {
    if (view.getUint32(at, true) !== entrySignature) return [];
    const nameLength = view.getUint16(at + 28, true);
    entries.push({
      name: new TextDecoder().decode(model.subarray(at + 46, at + 46 + nameLength)),
      method: view.getUint16(at + 10, true),
      compressedSize: view.getUint32(at + 20, true),
      size: view.getUint32(at + 24, true),
      start: view.getUint32(at + 42, true) + shift,
    });
    at += 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return entries;
}

async function unpack(
  view: DataView,
  model: Uint8Array,
  { method, compressedSize, size, start }: Entry,
  limit: number,
): Promise<Uint8Array | undefined> {
  if (view.getUint32(start, true) !== fileSignature || size > limit) return undefined;
  const isEncrypted = (view.getUint16(start + 6, true) & 1) !== 0;
  const from = start + 30 + view.getUint16(start + 26, true) + view.getUint16(start + 28, true);
  const packed = model.subarray(from, from + compressedSize);
  if (isEncrypted || packed.byteLength !== compressedSize) return undefined;
  if (method === 0) return packed.byteLength === size ? packed : undefined;
  return method === 8 ? inflate(packed, size) : undefined;
}

/** Inflates to exactly `size` bytes, else returns undefined: a few bytes can expand to gigabytes. */
async function inflate(packed: Uint8Array, size: number): Promise<Uint8Array | undefined> {
  const reader = new Blob([packed as Uint8Array<ArrayBuffer>])
    .stream()
    .pipeThrough(new DecompressionStream('deflate-raw'))
    .getReader();
  const result = new Uint8Array(size);
  let length = 0;
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    if (length + next.value.byteLength > size) {
      await reader.cancel();
      return undefined;
    }
    result.set(next.value, length);
    length += next.value.byteLength;
  }
  return length === size ? result : undefined;
}
