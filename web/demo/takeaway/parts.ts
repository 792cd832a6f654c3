// Parts of the downloaded page: files inside one HTML file. Each is compressed with gzip and written as Base85 into a script element
// of a type that browsers don't run.

import { decodeBase85, encodeBase85 } from './base85.js';

/** Addresses of the parts begin with this text. No browser can fetch them: the player answers requests for them itself. */
export const partsAddress = 'embedded:///';

/** A file to embed. */
export interface Part {
  /** Path, such as 'wasm/simd/teachable.wasm'. The writer allows ASCII letters, digits and ./%_~- only. */
  name: string;
  bytes: Blob;
}

/** Bytes that are encoded in one go. Between two pieces, the page can show a frame. The size is a multiple of 4 * 400, so no group of four bytes is divided and all lines are full. */
const pieceSize = 160 * 1600;

/** Returns the HTML element of a part, in pieces. */
export async function encodePart({ name, bytes }: Part): Promise<BlobPart[]> {
  if (!/^[\w./%~-]+$/.test(name)) throw new Error(`A part can't have the name '${name}'.`);
  const compressed = await bytesOf(through(bytes, new CompressionStream('gzip')));
  const pieces: BlobPart[] = [`<script type="text/plain" data-part="${name}">\n`];
  for (let start = 0; start < compressed.length; start += pieceSize) {
    pieces.push(encodeBase85(compressed.subarray(start, start + pieceSize)));
    await new Promise((resolve) => setTimeout(resolve));
  }
  pieces.push('\n</script>\n');
  return pieces;
}

/** Returns the bytes of a part. `text` is the text of its element. */
export function decodePart(text: string): Promise<Uint8Array<ArrayBuffer>> {
  return bytesOf(through(new Blob([decodeBase85(text)]), new DecompressionStream('gzip')));
}

function through(bytes: Blob, transform: CompressionStream | DecompressionStream): ReadableStream<Uint8Array> {
  return bytes.stream().pipeThrough(transform as ReadableWritablePair<Uint8Array, Uint8Array<ArrayBuffer>>);
}

async function bytesOf(stream: ReadableStream<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
