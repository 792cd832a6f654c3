// Decodes JPEG, PNG and BMP files with a module of its own (cpp/decoder), which is fetched with the first encoded picture.

import { absolute } from '../shared/addresses.js';
import { wasmHashes } from '../shared/packaged.js';
import { type BareInstance, loadBareModule } from './bare-module.js';

/** Exports of wasm/image/decoder.wasm; see cpp/decoder/module.cpp. */
interface DecoderFunctions {
  encodedBuffer(byteLength: number): number;
  decode(): number;
  width(): number;
  height(): number;
}

/** Receives RGBA, [height, width, 4], upright. The view must be copied before it returns. */
export type TakePixels = (pixels: Uint8Array, width: number, height: number) => void;

/** Decodes one file and calls `take`. Throws 'bad-image', 'out-of-memory', and any error of `take`. */
export type PictureDecoder = (file: Uint8Array, take: TakePixels) => Promise<void>;

/**
 * Maximum memory of an instance that is kept for the next picture; a photo of 12 megapixels takes 91 MB. Fresh memory costs a fifth of
 * the time of such a photo, and browsers release it late, so that a folder of pictures would use it up. Larger instances are not kept.
 */
const maxKeptBytes = 128 << 20;

/** Fetches and compiles the decoder. Throws 'load-failed' or 'aborted'. */
export async function loadDecoder({
  wasmUrl,
  signal,
}: {
  wasmUrl?: string | undefined;
  signal?: AbortSignal | undefined;
}): Promise<PictureDecoder> {
  const url = wasmUrl
    ? new URL('image/decoder.wasm', wasmUrl).href
    : absolute(new URL('./wasm/image/decoder.wasm', import.meta.url).href);
  const start = await loadBareModule<DecoderFunctions>(url, { signal, sha256: wasmUrl ? undefined : wasmHashes.image });
  let kept: BareInstance<DecoderFunctions> | undefined;
  return async (file, take) => {
    const instance = kept ?? (await start());
    // Not kept until it has answered: an instance that traps or runs out of memory isn't used again.
    kept = undefined;
    const { functions, byteLength, fill, answerAt } = instance;
    fill(functions.encodedBuffer(file.byteLength), file);
    const answer = functions.decode();
    if (byteLength() <= maxKeptBytes) kept = instance;
    take(answerAt(answer).bytes, functions.width(), functions.height());
  };
}
