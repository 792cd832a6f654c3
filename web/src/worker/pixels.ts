// Writes frames as RGBA into the module's memory. Bitmaps and video frames are always closed.

import { aborted } from '../shared/abort.js';
import { isBlob, isBuffer, isBytes } from '../shared/brand.js';
import { download } from '../shared/download.js';
import { ClassifierError, messageOf } from '../shared/errors.js';
import { foreign } from '../shared/foreign.js';
import type { Frame } from '../shared/protocol.js';
import { readBlob } from '../shared/read-blob.js';
import { show } from '../shared/show.js';
import { FrameCanvas } from './frame-canvas.js';
import { type DecoderOptions, loadDecoder, type PictureDecoder, RefusedPicture } from './picture-decoder.js';
import type { WasmClassifier } from './wasm-module.js';
import { maxWholePixels, rowsOf, writeFrame } from './write-frame.js';

/** Writes frames into a classifier's frame buffer. It fetches the decoder with the first encoded picture. */
export class FrameWriter {
  readonly #canvas = new FrameCanvas();
  readonly #options: DecoderOptions;
  #decoder: PictureDecoder | undefined;
  /** True when the network sees the central square of a frame. Then only that is copied where the browser can. */
  seesSquare = false;

  /** @param options.wasmUrl Folder of image/decoder.wasm, ends in '/'. Default: wasm/ beside this file. */
  constructor(options: DecoderOptions = {}) {
    this.#options = options;
  }

  /**
   * Makes `frame` the classifier's current frame. Throws 'bad-image'; for encoded pictures also 'out-of-memory', 'load-failed' or
   * 'aborted'.
   */
  async write(frame: Frame, classifier: WasmClassifier, signal?: AbortSignal): Promise<void> {
    switch (frame.kind) {
      case 'rgba':
        return writeRgba(frame, classifier);
      case 'encoded':
        return this.#writeEncoded(
          await readFile(frame),
          fileOf(frame.name),
          classifier,
          () => this.#loadDecoder(signal),
          signal,
        );
      case 'address':
        return this.#writeAddressed(frame.url, classifier, signal);
      case 'bitmap':
        return closing(frame.bitmap, () =>
          this.#canvas.draw(frame.bitmap, frame.bitmap.width, frame.bitmap.height, classifier),
        );
      case 'video':
        return closing(frame.frame, () => this.#writeVideo(frame, classifier));
    }
  }

  /** Returns false when this browser gives noise in place of the pixels that it draws. */
  readsCanvases(): boolean {
    return this.#canvas.isTrue();
  }

  async #writeVideo(
    { frame, isStraight = false }: Extract<Frame, { kind: 'video' }>,
    classifier: WasmClassifier,
  ): Promise<void> {
    if (this.readsCanvases() && isPlain(frame) && (await this.#copyPlain(frame, isStraight, classifier))) return;
    // A canvas of float16 has no format.
    if (frame.format ? frame.format.endsWith('A') : isPlain(frame)) {
      // Colours that Chromium copies or draws from a canvas's frame are multiplied by alpha. Those of its bitmap are not.
      const bitmap = await createImageBitmap(frame);
      return closing(bitmap, () => this.#canvas.draw(bitmap, frame.displayWidth, frame.displayHeight, classifier));
    }
    this.#canvas.draw(frame, frame.displayWidth, frame.displayHeight, classifier);
  }

  /**
   * Copies a frame as RGBA. Returns false when this browser can't convert it, and when it has transparent pixels and may not be
   * straight.
   */
  async #copyPlain(frame: VideoFrame, isStraight: boolean, classifier: WasmClassifier): Promise<boolean> {
    const { format } = frame;
    const isRgb = /^(RGB|BGR)[AX]$/.test(format ?? '');
    const rect = this.seesSquare ? centralSquare(frame.visibleRect!) : frame.visibleRect!;
    const { width, height } = rect;
    try {
      // The views are used after an await. That is safe, because requests are served one at a time and nothing else grows the memory.
      if (isRgb && isSrgb(frame)) {
        if (width * height > maxWholePixels || frame.allocationSize({ rect }) !== width * height * 4) return false;
        await frame.copyTo(classifier.frameBuffer(width, height), { rect });
        return isStraight || classifier.reorderFrame(format!.startsWith('B'), format!.endsWith('A'));
      }
      // Browsers without conversion ignore `format`. They report another size, or would swap blue and red.
      const options: VideoFrameCopyToOptions = { format: 'RGBA', colorSpace: 'srgb', rect };
      if (isRgb || format?.endsWith('A') || frame.allocationSize(options) !== width * height * 4) return false;
      await frame.copyTo(classifier.frameBuffer(width, height), options);
      return format !== null || classifier.reorderFrame(false, true);
    } catch {
      return false;
    }
  }

  async #writeAddressed(url: string, classifier: WasmClassifier, signal: AbortSignal | undefined): Promise<void> {
    // The decoder is downloaded together with the picture. It is awaited after the picture; until then a failure must not count as
    // unhandled.
    const decoder = this.#loadDecoder(signal);
    decoder.catch(() => {});
    await this.#writeEncoded(
      await download(url, { what: 'the picture', hint: 'Check its address.', signal }),
      `picture ${url}`,
      classifier,
      () => decoder,
      signal,
    );
  }

  async #writeEncoded(
    bytes: Uint8Array<ArrayBuffer>,
    what: string,
    classifier: WasmClassifier,
    decoder: () => Promise<PictureDecoder>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    if (bytes.byteLength === 0) throw new ClassifierError('bad-image', `The ${what} is empty.`);
    const decode = await decoder();
    try {
      await decode(
        bytes,
        (pixels, width, height) => writeFrame(width, height, classifier, rowsOf(pixels, width)),
        signal,
      );
    } catch (decoderError) {
      if ((decoderError as { code?: unknown }).code !== 'bad-image') throw decoderError;
      if (decoderError instanceof RefusedPicture) throw decoderError;
      // The browser may decode what our decoder doesn't support: WebP, AVIF, GIF and rare kinds of JPEG.
      const bitmap = await decodeInBrowser(bytes, signal).catch(() => {
        if (signal?.aborted) throw aborted(signal);
        const reason = messageOf(decoderError);
        throw new ClassifierError(
          'bad-image',
          `Neither this library nor the browser can decode the ${what}. Use JPEG, PNG, BMP or, in browsers, WebP. (${reason})`,
          { cause: decoderError },
        );
      });
      await closing(bitmap, () => this.#canvas.draw(bitmap, bitmap.width, bitmap.height, classifier));
    }
  }

  /** Loads the decoder once. After a failure or abort, the next picture tries again. */
  async #loadDecoder(signal: AbortSignal | undefined): Promise<PictureDecoder> {
    return (this.#decoder ??= await loadDecoder({ ...this.#options, signal }));
  }
}

function fileOf(name: string | undefined): string {
  return name === undefined ? 'picture file' : `picture file ${show(name)}`;
}

/** Reads a file, which may be a folder, or deleted or changed meanwhile. */
async function readFile({ bytes, name }: Extract<Frame, { kind: 'encoded' }>): Promise<Uint8Array<ArrayBuffer>> {
  try {
    if (isBlob(bytes)) return new Uint8Array(await readBlob(bytes));
    if (isBytes(bytes) || isBuffer(bytes)) return new Uint8Array(bytes);
    throw new TypeError('it is not a file');
  } catch (cause) {
    throw foreign('bad-image', `The ${fileOf(name)} can't be read`, cause);
  }
}

/** Time that the browser has to decode a picture, in milliseconds. */
const browserDeadlineMs = 20_000;

/** Decodes in the browser. Rejects where there is none, after the deadline, and when the signal aborts. */
async function decodeInBrowser(bytes: Uint8Array<ArrayBuffer>, signal: AbortSignal | undefined): Promise<ImageBitmap> {
  const bitmap = createImageBitmap(new Blob([bytes]), { imageOrientation: 'from-image', premultiplyAlpha: 'none' });
  let end = () => {};
  const ended = new Promise<never>((_, reject) => {
    end = () => reject(aborted(signal));
  });
  const timer = setTimeout(end, browserDeadlineMs);
  signal?.addEventListener('abort', end);
  try {
    return await Promise.race([bitmap, ended]);
  } catch (error) {
    // Nobody else would close a bitmap that comes too late.
    bitmap.then(
      (late) => late.close(),
      () => {},
    );
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', end);
  }
}

function writeRgba(
  { data, width, height }: { data: Uint8Array | Uint8ClampedArray; width: number; height: number },
  classifier: WasmClassifier,
): void {
  writeFrame(width, height, classifier, rowsOf(data, width));
}

/** Returns true when the frame's pixels are its picture: not rotated, flipped or cropped to other proportions. */
function isPlain(frame: VideoFrame): boolean {
  const { rotation = 0, flip = false, visibleRect } = frame as VideoFrame & { rotation?: number; flip?: boolean };
  return (
    rotation === 0 && !flip && visibleRect?.width === frame.displayWidth && visibleRect.height === frame.displayHeight
  );
}

/** Returns the square that Crop::Center of cpp/image/preprocess.h takes, or the whole where colours of two pixels would be cut. */
function centralSquare(whole: DOMRectReadOnly): DOMRectReadOnly {
  const side = Math.min(whole.width, whole.height);
  const x = whole.x + Math.floor((whole.width - side) / 2);
  const y = whole.y + Math.floor((whole.height - side) / 2);
  return x % 2 === 0 && y % 2 === 0 && side % 2 === 0 ? new DOMRectReadOnly(x, y, side, side) : whole;
}

/** Returns true for sRGB. Frames of a canvas's stream have no colour space in Firefox, which draws them as sRGB. */
function isSrgb({ colorSpace: { primaries, transfer, matrix } }: VideoFrame): boolean {
  if (primaries === null && transfer === null && matrix === null) return true;
  return primaries === 'bt709' && transfer === 'iec61966-2-1' && matrix === 'rgb';
}

async function closing(source: { close(): void }, use: () => void | Promise<void>): Promise<void> {
  try {
    await use();
  } finally {
    source.close();
  }
}
