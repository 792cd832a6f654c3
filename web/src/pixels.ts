// A frame to RGBA in the module's memory. Closes bitmaps and video frames, whatever happens.

import { download } from './download.js';
import { ClassifierError } from './errors.js';
import type { Frame } from './protocol.js';
import type { WasmClassifier } from './wasm-module.js';

/** Writes frames into a classifier's frame buffer; keeps its canvas from frame to frame. */
export class FrameWriter {
  #context: OffscreenCanvasRenderingContext2D | undefined;

  /** Makes `frame` the classifier's current frame. Throws 'bad-image', and 'load-failed' or 'aborted' for an address. */
  async write(frame: Frame, classifier: WasmClassifier, signal?: AbortSignal): Promise<void> {
    switch (frame.kind) {
      case 'rgba':
        return writeRgba(frame, classifier);
      case 'encoded':
        return this.#writeEncoded(frame.bytes, classifier);
      case 'address':
        return this.#writeEncoded(await download(frame.url, { what: 'the picture', hint: 'Check its address.', signal }), classifier);
      case 'bitmap':
        return closing(frame.bitmap, () => this.draw(frame.bitmap, frame.bitmap.width, frame.bitmap.height, classifier));
      case 'video':
        return closing(frame.frame, () => this.#writeVideo(frame.frame, classifier));
    }
  }

  async #writeVideo(frame: VideoFrame, classifier: WasmClassifier): Promise<void> {
    if (isPlain(frame) && (await copyPlain(frame, classifier))) return;
    this.draw(frame, frame.displayWidth, frame.displayHeight, classifier);
  }

  async #writeEncoded(source: Blob | ArrayBuffer | Uint8Array, classifier: WasmClassifier): Promise<void> {
    const bytes = new Uint8Array(source instanceof Blob ? await source.arrayBuffer() : source);
    if (bytes.byteLength === 0) throw new ClassifierError('bad-image', 'The picture file is empty.');
    try {
      classifier.encodedBuffer(bytes.byteLength).set(bytes);
      classifier.decodeFrame();
    } catch (ourError) {
      if ((ourError as { code?: unknown }).code !== 'bad-image') throw ourError;
      // WebP, AVIF, GIF and rare kinds of JPEG: the browser may know what our decoder doesn't.
      const bitmap = await decodeElsewhere(bytes as Uint8Array<ArrayBuffer>).catch(() => {
        const reason = ourError instanceof Error ? ourError.message : String(ourError);
        throw new ClassifierError('bad-image', `Neither this library nor the browser can decode the picture. Use JPEG, PNG, BMP or, in browsers, WebP. (${reason})`, { cause: ourError });
      });
      await closing(bitmap, () => this.draw(bitmap, bitmap.width, bitmap.height, classifier));
    }
  }

  /** Draws what the browser can draw and makes it the current frame, at once. */
  draw(source: CanvasImageSource, width: number, height: number, classifier: WasmClassifier): void {
    const context = this.#canvas(width, height);
    // 'copy' replaces what is there, so a transparent picture doesn't show the one before.
    context.globalCompositeOperation = 'copy';
    context.drawImage(source, 0, 0, width, height);
    const { data } = context.getImageData(0, 0, width, height);
    classifier.frameBuffer(width, height).set(data);
  }

  #canvas(width: number, height: number): OffscreenCanvasRenderingContext2D {
    // willReadFrequently keeps the canvas in main memory: reading back from a GPU stalls each frame.
    this.#context ??= new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true }) ?? undefined;
    if (!this.#context) throw new ClassifierError('unsupported-browser', 'This browser offers no 2D canvas in workers. Safari 17, Chrome 69, Firefox 105 and later do.');
    const { canvas } = this.#context;
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    return this.#context;
  }
}

/** By the browser; rejects where there is none. */
async function decodeElsewhere(bytes: Uint8Array<ArrayBuffer>): Promise<ImageBitmap> {
  return createImageBitmap(new Blob([bytes]), { imageOrientation: 'from-image', premultiplyAlpha: 'none' });
}

function writeRgba({ data, width, height }: { data: Uint8Array | Uint8ClampedArray; width: number; height: number }, classifier: WasmClassifier): void {
  classifier.frameBuffer(width, height).set(data);
}

/** Whether the frame's pixels are its picture: not turned, not cropped to other proportions. */
function isPlain(frame: VideoFrame): boolean {
  const { rotation = 0, flip = false, visibleRect } = frame as VideoFrame & { rotation?: number; flip?: boolean };
  return rotation === 0 && !flip && visibleRect?.width === frame.displayWidth && visibleRect.height === frame.displayHeight;
}

/** False when this browser can't convert this frame to RGBA. */
async function copyPlain(frame: VideoFrame, classifier: WasmClassifier): Promise<boolean> {
  const { displayWidth: width, displayHeight: height } = frame;
  const options: VideoFrameCopyToOptions = { format: 'RGBA', colorSpace: 'srgb' };
  try {
    // Browsers without conversion ignore `format`: they answer with another size, or would copy blue as red.
    if (frame.format?.startsWith('BGR') || frame.allocationSize(options) !== width * height * 4) return false;
    // The view outlives its statement here: requests are served one at a time, so nothing grows the memory meanwhile.
    await frame.copyTo(classifier.frameBuffer(width, height), options);
    return true;
  } catch {
    return false;
  }
}

async function closing(source: { close(): void }, use: () => void | Promise<void>): Promise<void> {
  try {
    await use();
  } finally {
    source.close();
  }
}
