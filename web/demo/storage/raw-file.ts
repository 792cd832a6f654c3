// A damaged record as a file, so that nothing in it is lost.

/** Bytes that are encoded at once: a multiple of 3, so that the parts of base64 can be joined. */
const pieceBytes = 3 << 16;

/** Returns any value of the browser's database as JSON. Files and bytes are objects with the field `base64`. */
export async function toRawFile(value: unknown): Promise<Blob> {
  const parts: BlobPart[] = [];
  await write(value, parts, []);
  return new Blob(parts, { type: 'application/json' });
}

async function write(value: unknown, parts: BlobPart[], parents: readonly object[]): Promise<void> {
  if (typeof value !== 'object' || value === null) return void parts.push(toJson(value));
  if (parents.includes(value)) return void parts.push('"[circular]"');
  const inside = [...parents, value];
  const bytes = bytesOf(value);
  if (bytes) return writeBytes(value, bytes, parts);
  if (Array.isArray(value)) {
    parts.push('[');
    for (const [index, each] of value.entries()) {
      if (index > 0) parts.push(',');
      await write(each, parts, inside);
    }
    return void parts.push(']');
  }
  const entries: [string, unknown][] =
    value instanceof Map
      ? [['entries', [...value]]]
      : value instanceof Set
        ? [['values', [...value]]]
        : Object.entries(value);
  if (value instanceof Date) return void parts.push(JSON.stringify(String(value)));
  parts.push('{');
  for (const [index, [key, each]] of entries.entries()) {
    parts.push(`${index > 0 ? ',' : ''}${JSON.stringify(key)}:`);
    await write(each, parts, inside);
  }
  parts.push('}');
}

/** Returns a value as JSON. Numbers without a form in JSON, undefined and big integers become strings. */
function toJson(value: unknown): string {
  const hasForm = value === null || typeof value === 'boolean' || typeof value === 'string' || Number.isFinite(value);
  return JSON.stringify(hasForm ? value : String(value));
}

function bytesOf(value: object): Blob | undefined {
  if (value instanceof Blob) return value;
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return new Blob([value as BlobPart]);
  return undefined;
}

async function writeBytes(value: object, bytes: Blob, parts: BlobPart[]): Promise<void> {
  parts.push(`{"type":${JSON.stringify(value.constructor.name)},"base64":"`);
  try {
    for (let start = 0; start < bytes.size; start += pieceBytes) {
      const piece = new Uint8Array(await bytes.slice(start, start + pieceBytes).arrayBuffer());
      let text = '';
      for (const byte of piece) text += String.fromCharCode(byte);
      parts.push(btoa(text));
    }
    parts.push('"}');
  } catch (error) {
    // The browser has lost the bytes of a stored file.
    parts.push(`","error":${JSON.stringify(String(error))}}`);
  }
}
