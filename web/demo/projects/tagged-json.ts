// JSON for data with bytes. Bytes are objects with the field 'base64', in the form of toRawFile() in storage/raw-file.ts.

/** Bytes as they stand in the JSON. */
interface Tagged {
  base64: string;
  type: string;
  /** Type of a Blob's content. */
  content?: string;
}

/** Returns data as JSON. It may contain Uint8Array, Float32Array and Blob besides what JSON has. */
export async function toTaggedJson(value: unknown): Promise<string> {
  return JSON.stringify(await tag(value));
}

/** Reads such JSON. Throws when it is no JSON. */
export function fromTaggedJson(json: string): unknown {
  return untag(JSON.parse(json));
}

async function tag(value: unknown): Promise<unknown> {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Blob)
    return { type: 'Blob', content: value.type, base64: toBase64(new Uint8Array(await value.arrayBuffer())) };
  if (value instanceof Uint8Array) return { type: 'Uint8Array', base64: toBase64(value) };
  if (value instanceof Float32Array)
    return { type: 'Float32Array', base64: toBase64(new Uint8Array(value.buffer, value.byteOffset, value.byteLength)) };
  if (Array.isArray(value)) return Promise.all(value.map(tag));
  const entries = await Promise.all(Object.entries(value).map(async ([key, each]) => [key, await tag(each)] as const));
  return Object.fromEntries(entries);
}

function untag(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(untag);
  const { base64, type, content } = value as Partial<Tagged>;
  if (typeof base64 === 'string' && typeof type === 'string') return fromBase64(base64, type, content);
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, untag(each)]));
}

/** Bytes that are encoded at once: a multiple of 3, so that the parts of base64 can be joined. */
const pieceBytes = 3 << 12;

function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (let start = 0; start < bytes.length; start += pieceBytes)
    text += btoa(String.fromCharCode(...bytes.subarray(start, start + pieceBytes)));
  return text;
}

/** Returns undefined for bytes that are damaged. Whoever reads the data takes that for a damaged field. */
function fromBase64(base64: string, type: string, content: unknown): unknown {
  try {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    if (type === 'Blob') return new Blob([bytes], { type: String(content ?? '') });
    return type === 'Float32Array' ? new Float32Array(bytes.buffer) : bytes;
  } catch {
    return undefined;
  }
}
