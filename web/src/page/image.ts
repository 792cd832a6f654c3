// Converts what a page calls a picture to a frame that can be sent to the worker.

import { aborted } from '../shared/abort.js';
import { absolute } from '../shared/addresses.js';
import { brandOf, isBlob, isBytes } from '../shared/brand.js';
import { ClassifierError } from '../shared/errors.js';
import { foreign } from '../shared/foreign.js';
import { nodeProcess } from '../shared/node.js';
import type { Frame, SentAs } from '../shared/protocol.js';
import { readBlob } from '../shared/read-blob.js';
import { Transfer } from '../shared/rpc.js';
import { show } from '../shared/show.js';
import { readPixels } from './read-pixels.js';
import { frameOfVideo } from './video.js';

/** Raw pixels in RGBA with straight alpha, sRGB. */
export interface RgbaImage {
  /** [height, width, 4] bytes, top-left pixel first. */
  data: Uint8Array | Uint8ClampedArray;
  /** Width in pixels, >= 1. */
  width: number;
  /** Height in pixels, >= 1. */
  height: number;
}

/**
 * A picture. Elements, videos and bitmaps are used at full resolution and upright. Transparent pixels are blended over white, or over
 * `preprocess.background`. What you pass stays yours.
 * A Blob, ArrayBuffer or Uint8Array is an encoded file: JPEG, PNG, BMP, or another format that the browser decodes. A URL or string is
 * the address of such a file; in Node, a string may be a path.
 */
export type ImageInput =
  | HTMLImageElement
  | HTMLVideoElement
  | HTMLCanvasElement
  | OffscreenCanvas
  | ImageData
  | ImageBitmap
  | VideoFrame
  | Blob
  | ArrayBuffer
  | Uint8Array
  | URL
  | string
  | RgbaImage;

/**
 * Pixels in memory become a frame from this number on: less are copied as quickly, and the browser keeps memory for one size only.
 * write-frame.ts writes at most the second number at once, and the page reads no more from a canvas.
 */
const minFramePixels = 1 << 16;
const maxFramePixels = 4 << 20;

/** What toFrame() has to know. */
export interface FrameContext {
  /** Called from time to time by a picture that is still loading and a video that seeks. They give up when it returns false. */
  wanted(): boolean;
  sentAs: SentAs;
}

/**
 * Converts a picture to a frame.
 * @throws 'bad-argument' for anything that isn't a picture, 'bad-image' for a picture without usable pixels.
 */
export async function toFrame(image: ImageInput, { wanted, sentAs }: FrameContext): Promise<Transfer<Frame>> {
  if (isBlob(image)) return fromBlob(image);
  switch (brandOf(image)) {
    case 'HTMLVideoElement':
      return fromVideo(image as HTMLVideoElement, wanted);
    case 'HTMLImageElement':
      return fromImage(image as HTMLImageElement, wanted);
    case 'HTMLCanvasElement':
    case 'OffscreenCanvas':
      return fromCanvas(image as HTMLCanvasElement | OffscreenCanvas, sentAs);
    case 'ImageBitmap':
      return fromBitmap(image as ImageBitmap, sentAs);
    case 'VideoFrame':
      return fromVideoFrame(image as VideoFrame);
    case 'ArrayBuffer':
    case 'Uint8Array':
      return fromFile(image as ArrayBuffer | Uint8Array);
    case 'URL':
    case 'String':
      return new Transfer({ kind: 'address', url: absolute(image as URL | string) }, []);
    default:
      return fromRgba(image as ImageData | RgbaImage, sentAs === 'frame');
  }
}

async function fromVideo(video: HTMLVideoElement, wanted: () => boolean): Promise<Transfer<Frame>> {
  try {
    const frame = await frameOfVideo(video, wanted);
    return 'timestamp' in frame ? videoFrame(frame) : new Transfer({ kind: 'bitmap', bitmap: frame }, [frame]);
  } catch (error) {
    throw (error as Error).name === 'SecurityError' ? otherOrigin(error) : error;
  }
}

async function fromImage(image: HTMLImageElement, wanted: () => boolean): Promise<Transfer<Frame>> {
  if (typeof createImageBitmap !== 'function')
    throw new ClassifierError(
      'unsupported-browser',
      'This environment does not decode <img> elements, as jsdom. Pass the encoded file or {data, width, height}.',
    );
  // An element whose `src` has just changed shows the earlier picture for one more microtask.
  await null;
  while (!image.complete) {
    if (!wanted()) throw aborted(undefined);
    // A lazy image loads when it is scrolled into view. Making it eager for a moment starts the load and leaves the element as it was.
    if (image.loading === 'lazy') {
      image.loading = 'eager';
      image.loading = 'lazy';
    }
    await change(image);
  }
  if (image.naturalWidth === 0)
    throw new ClassifierError(
      'bad-image',
      `The image ${addressOf(image)} could not be loaded or decoded. Check its address and format.`,
    );
  return bitmapOf(image, 'The image', { width: image.naturalWidth, height: image.naturalHeight });
}

/**
 * Waits for the next event of the image. decode() may refer to the earlier picture of a changed element. The wait is limited, because
 * an element whose `src` is removed has no event.
 */
function change(image: HTMLImageElement): Promise<unknown> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, 200);
    function done() {
      clearTimeout(timer);
      image.removeEventListener('load', done);
      image.removeEventListener('error', done);
      resolve(undefined);
    }
    image.addEventListener('load', done);
    image.addEventListener('error', done);
  });
}

/** Returns the address, shortened for an error message: data: addresses contain the whole picture. */
function addressOf(image: HTMLImageElement): string {
  const address = image.currentSrc || image.src || '(without src)';
  return address.length > 200 ? `${address.slice(0, 60)}…` : address;
}

function fromCanvas(canvas: HTMLCanvasElement | OffscreenCanvas, sentAs: SentAs): Promise<Transfer<Frame>> {
  if (canvas.width === 0 || canvas.height === 0) {
    throw new ClassifierError(
      'bad-image',
      `The canvas is ${canvas.width} x ${canvas.height}. Give it a width and a height above 0.`,
    );
  }
  return sendAs(sentAs, canvas, () => bitmapOf(canvas, 'The canvas', canvas));
}

function fromBitmap(bitmap: ImageBitmap, sentAs: SentAs): Promise<Transfer<Frame>> {
  if (bitmap.width === 0 || bitmap.height === 0)
    throw new ClassifierError('bad-image', 'The ImageBitmap is closed or was transferred. Pass an open one.');
  return sendAs(sentAs, bitmap, () => bitmapOf(bitmap, 'The ImageBitmap'));
}

/** Makes a video frame or pixels, which cost less than a bitmap, or what `otherwise` makes. */
async function sendAs(
  sentAs: SentAs,
  source: HTMLCanvasElement | OffscreenCanvas | ImageBitmap,
  otherwise: () => Promise<Transfer<Frame>>,
): Promise<Transfer<Frame>> {
  try {
    if (sentAs === 'frame') return videoFrame(new VideoFrame(source, { timestamp: 0 }));
    if (sentAs === 'bitmap' || source.width * source.height > maxFramePixels) return otherwise();
    const { data, width, height } = readPixels(source);
    return rgbaFrame(data, width, height);
  } catch (cause) {
    if ((cause as Error).name === 'SecurityError') throw otherOrigin(cause);
    // Such as an OffscreenCanvas without a context.
    return otherwise();
  }
}

function fromVideoFrame(frame: VideoFrame): Transfer<Frame> {
  try {
    return videoFrame(frame.clone());
  } catch (cause) {
    throw new ClassifierError('bad-image', 'The VideoFrame is closed or was transferred. Pass an open one.', { cause });
  }
}

function videoFrame(frame: VideoFrame): Transfer<Frame> {
  return new Transfer({ kind: 'video', frame }, [frame]);
}

function fromRgba(image: ImageData | RgbaImage, asFrame: boolean): Transfer<Frame> {
  const { data, width, height } = Object(image) as Partial<RgbaImage>;
  if (Array.isArray(image) || ArrayBuffer.isView(image)) {
    const { length } = image as ArrayLike<unknown>;
    throw new ClassifierError(
      'bad-argument',
      `Expected a picture or an embedding, which is a Float32Array; got ${brandOf(image)} of ${show(length)} values. Pass Float32Array.from(values).`,
    );
  }
  if (data === undefined || width === undefined || height === undefined) {
    throw new ClassifierError(
      'bad-argument',
      `Expected an image, video or canvas element, OffscreenCanvas, ImageData, ImageBitmap, VideoFrame, Blob, URL, encoded bytes or {data, width, height}; got ${show(image)}.`,
    );
  }
  if (!/^Uint8(Clamped)?Array$/.test(brandOf(data))) {
    throw new ClassifierError(
      'bad-image',
      `The pixels must be a Uint8Array or Uint8ClampedArray of RGBA; got ${show(data)}.`,
    );
  }
  if (!Number.isInteger(width) || !Number.isInteger(height) || width < 1 || height < 1) {
    throw new ClassifierError(
      'bad-image',
      `The picture is ${show(width)} x ${show(height)}. Both must be whole numbers above 0.`,
    );
  }
  if (data.length !== width * height * 4) {
    throw new ClassifierError(
      'bad-image',
      `A picture of ${width} x ${height} has ${width * height * 4} bytes of RGBA; got ${data.length}.`,
    );
  }
  return (asFrame && frameOf(data, width, height)) || copyOf(data, width, height);
}

/** Copies pixels into a frame: the browser keeps its memory for the next one. Returns undefined for what can't be one. */
function frameOf(data: RgbaImage['data'], width: number, height: number): Transfer<Frame> | undefined {
  if (width * height < minFramePixels || width * height > maxFramePixels) return undefined;
  try {
    const frame = new VideoFrame(data as Uint8Array<ArrayBuffer>, {
      format: 'RGBA',
      codedWidth: width,
      codedHeight: height,
      timestamp: 0,
    });
    return new Transfer({ kind: 'video', frame, isStraight: true }, [frame]);
  } catch {
    return undefined;
  }
}

function copyOf(data: RgbaImage['data'], width: number, height: number): Transfer<Frame> {
  // Quicker than the constructor. The slice() of Node's Buffer doesn't copy.
  const copy = Uint8Array.prototype.slice.call(data) as Uint8Array<ArrayBuffer>;
  return rgbaFrame(copy, width, height);
}

function rgbaFrame(data: RgbaImage['data'], width: number, height: number): Transfer<Frame> {
  return new Transfer({ kind: 'rgba', data, width, height }, [data.buffer as ArrayBuffer]);
}

/** Browsers read the file where it is decoded. In Node it is read here, because files of jsdom can't be sent. */
async function fromBlob(file: Blob): Promise<Transfer<Frame>> {
  const { name } = file as File;
  if (!nodeProcess()) return new Transfer({ kind: 'encoded', bytes: file, name }, []);
  const bytes = await readBlob(file).catch((cause: unknown) => {
    throw foreign('bad-image', `The picture file${name === undefined ? '' : ` ${show(name)}`} can't be read`, cause);
  });
  return new Transfer({ kind: 'encoded', bytes, name }, [bytes]);
}

/** Copies the file for the transfer. Cloning a small view would clone its whole buffer, and the file stays the caller's. */
function fromFile(file: ArrayBuffer | Uint8Array): Transfer<Frame> {
  if (file.byteLength === 0)
    throw new ClassifierError(
      'bad-image',
      'The picture file is empty, or its buffer was transferred. Pass a file with bytes.',
    );
  const copy = new Uint8Array(isBytes(file) ? file : file.slice(0));
  return new Transfer({ kind: 'encoded', bytes: copy }, [copy.buffer]);
}

/** Returns true for a picture whose pixels the browser protects. */
export function isProtected(image: unknown): boolean {
  try {
    const context = new OffscreenCanvas(1, 1).getContext('2d')!;
    context.drawImage(image as CanvasImageSource, 0, 0, 1, 1);
    context.getImageData(0, 0, 1, 1);
    return false;
  } catch (error) {
    return (error as Error).name === 'SecurityError';
  }
}

/** `size`: the size at which a source is drawn that the browser can't convert as it is. */
async function bitmapOf(
  source: Exclude<CanvasImageSource, SVGElement>,
  what: string,
  size?: { width: number; height: number },
): Promise<Transfer<Frame>> {
  const options = { imageOrientation: 'from-image', premultiplyAlpha: 'none' } as const;
  try {
    let bitmap = await createImageBitmap(source, options).catch((error: unknown) => {
      if (!size || !isDrawable(source, error)) throw error;
      return drawn(source, size);
    });
    // Firefox gives an SVG picture without a size another shape than the element has.
    if (size && Math.abs(bitmap.width * size.height - bitmap.height * size.width) > 2 * (size.width + size.height)) {
      bitmap.close();
      bitmap = drawn(source, size);
    }
    return new Transfer({ kind: 'bitmap', bitmap }, [bitmap]);
  } catch (cause) {
    if ((cause as Error).name === 'SecurityError') throw otherOrigin(cause);
    throw new ClassifierError('bad-image', `${what} can't be read: ${(cause as Error).message}`, { cause });
  }
}

/** In Chromium, SVG pictures without a size and OffscreenCanvases without a context can be drawn, but not converted. */
function isDrawable(source: object, error: unknown): boolean {
  if ((error as Error).name !== 'InvalidStateError') return false;
  return /without natural dimensions/.test((error as Error).message) || 'convertToBlob' in source;
}

function drawn(source: CanvasImageSource, { width, height }: { width: number; height: number }): ImageBitmap {
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext('2d')!.drawImage(source, 0, 0, width, height);
  return canvas.transferToImageBitmap();
}

/** Makes the error for pictures whose pixels the browser protects. */
export function otherOrigin(cause: unknown): ClassifierError {
  return new ClassifierError(
    'bad-image',
    'The picture comes from another origin and cannot be read. Load it with crossorigin="anonymous" from a server that sends CORS headers.',
    { cause },
  );
}
