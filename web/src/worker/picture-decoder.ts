// Decodes JPEG, PNG and BMP files with a module of its own (cpp/decoder), which is fetched with the first encoded picture.

import { ClassifierError } from '../shared/errors.js';
import { bundled } from '../shared/home.js';
import { wasmHashes } from '../shared/packaged.js';
import { type BareInstance, startBareModule } from './bare-module.js';
import { compileFrom } from './compile.js';
import { DecodeHelper, type StartHelper } from './decode-helper.js';

/** Exports of wasm/image/decoder.wasm; see cpp/decoder/module.cpp. */
interface DecoderFunctions {
  encodedBuffer(byteLength: number): number;
  sampleCount(): number;
  decode(refusesTruncated: boolean): number;
  isRefused(): number;
  width(): number;
  height(): number;
}

/** Receives RGBA, [height, width, 4], upright. The view must be copied before it returns. */
export type TakePixels = (pixels: Uint8Array<ArrayBuffer>, width: number, height: number) => void;

/**
 * Decodes one file and calls `take`. Throws 'bad-image', 'out-of-memory', 'aborted', and any error of `take`. A signal stops a picture
 * that takes long, where a helper runs.
 */
export type PictureDecoder = (file: Uint8Array, take: TakePixels, signal?: AbortSignal) => Promise<void>;

/** Error 'bad-image' of a picture that no other decoder may try: it would cost too much, or its end is missing. */
export class RefusedPicture extends ClassifierError {
  constructor(message: string) {
    super('bad-image', message);
  }
}

export interface DecoderOptions {
  wasmUrl?: string | undefined;
  signal?: AbortSignal | undefined;
  /** Refuses files whose end is missing. Default: their missing part is grey or black. */
  refusesTruncated?: boolean | undefined;
  /** Starts a worker for pictures that may take long. Without it, they are decoded in this thread. */
  startHelper?: StartHelper | undefined;
  /** Time that such a picture may take, in milliseconds. */
  deadlineMs?: number | undefined;
}

/**
 * Maximum memory of an instance that is kept for the next picture; a photo of 12 megapixels takes 91 MB. Fresh memory costs a fifth of
 * the time of such a photo, and browsers release it late, so that a folder of pictures would use it up. Larger instances are not kept.
 */
const maxKeptBytes = 128 << 20;

/**
 * Maximum number of samples that are decoded in this thread: those of a photo of 20 megapixels, at worst about a second. The helper would
 * add its start and a copy of the pixels.
 */
const maxSamplesHere = 64e6;

const defaultDeadlineMs = 20_000;

/** Fetches and compiles the decoder. Throws 'load-failed' or 'aborted'. */
export async function loadDecoder(options: DecoderOptions): Promise<PictureDecoder> {
  const { wasmUrl, signal, refusesTruncated = false, startHelper, deadlineMs = defaultDeadlineMs } = options;
  const url = wasmUrl
    ? new URL('image/decoder.wasm', wasmUrl).href
    : bundled(new URL('./wasm/image/decoder.wasm', import.meta.url)).href;
  const compiled = await compileFrom(url, { signal, sha256: wasmUrl ? undefined : wasmHashes.image });
  const instances = new Instances(compiled);
  const helper = startHelper && new DecodeHelper(startHelper);
  return async (file, take, stop) => {
    const decode = await instances.write(file);
    if (helper && decode.sampleCount() > maxSamplesHere) {
      const request = { decoder: compiled, file, refusesTruncated };
      const answer = await helper.decode(request, deadlineMs, stop);
      if (answer === 'late') {
        throw new RefusedPicture(
          `Decoding the picture took longer than ${deadlineMs / 1000} s and was stopped. Save it again as a baseline JPEG file or with fewer pixels.`,
        );
      }
      if (answer) {
        if (!('message' in answer)) return take(answer.pixels, answer.width, answer.height);
        throw answer.isRefused ? new RefusedPicture(answer.message) : new ClassifierError(answer.code, answer.message);
      }
    }
    decode(refusesTruncated, take);
  };
}

/** The instances of the decoder in one thread: at most one, which is kept while it is small. */
export class Instances {
  readonly #compiled: WebAssembly.Module;
  #kept: BareInstance<DecoderFunctions> | undefined;

  constructor(compiled: WebAssembly.Module) {
    this.#compiled = compiled;
  }

  /** Copies a file into an instance and returns the function that decodes it. */
  async write(file: Uint8Array) {
    const instance = this.#kept ?? (await startBareModule<DecoderFunctions>(this.#compiled));
    // Not kept until it has answered: an instance that traps or runs out of memory isn't used again.
    this.#kept = undefined;
    const { functions, byteLength, fill, answerAt } = instance;
    fill(functions.encodedBuffer(file.byteLength), file);
    const decode = (refusesTruncated: boolean, take: TakePixels) => {
      const answer = functions.decode(refusesTruncated);
      if (byteLength() <= maxKeptBytes) this.#kept = instance;
      take(pixelsAt(answer), functions.width(), functions.height());
    };
    const pixelsAt = (answer: number) => {
      try {
        return answerAt(answer).bytes;
      } catch (error) {
        throw functions.isRefused() ? new RefusedPicture((error as Error).message) : error;
      }
    };
    /** Returns the number of values that decoding visits, which limits its time. */
    return Object.assign(decode, { sampleCount: () => functions.sampleCount() });
  }
}
