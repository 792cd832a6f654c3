// JPEG, PNG and BMP files to pixels, by a module of its own (cpp/decoder), which only those who give encoded pictures fetch.

import { absolute } from '../shared/addresses.js';
import { type BareInstance, loadBareModule } from './bare-module.js';

/** What wasm/image/decoder.wasm exports; cpp/decoder/module.cpp says what each is. */
interface DecoderFunctions {
  encodedBuffer(byteLength: number): number;
  decode(): number;
  width(): number;
  height(): number;
}

/** Gets RGBA, [height, width, 4], upright. The view is to be copied before it returns. */
export type TakePixels = (pixels: Uint8Array, width: number, height: number) => void;

/** Decodes one file and calls `take`. @throws 'bad-image', 'out-of-memory', and what `take` throws. */
export type PictureDecoder = (file: Uint8Array, take: TakePixels) => Promise<void>;

/**
 * Bytes up to which an instance's memory is kept for the next picture: a photo of 12 megapixels takes 91 MB of them. Fresh memory costs a
 * fifth of such a photo's time, and browsers give it back late: for a folder of pictures they would run out. More goes with its picture.
 */
const mostKept = 128 << 20;

/** Fetches and compiles the decoder. Throws 'load-failed', 'aborted'. */
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
  const start = await loadBareModule<DecoderFunctions>(url, signal);
  let kept: BareInstance<DecoderFunctions> | undefined;
  return async (file, take) => {
    const instance = kept ?? (await start());
    // Until it has answered: one that traps, or has no memory left, isn't used again.
    kept = undefined;
    const { functions, byteLength, fill, answerAt } = instance;
    fill(functions.encodedBuffer(file.byteLength), file);
    const answer = functions.decode();
    if (byteLength() <= mostKept) kept = instance;
    take(answerAt(answer).bytes, functions.width(), functions.height());
  };
}
