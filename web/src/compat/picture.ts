// A picture as the original takes it, put into a classifier at once: infer() has no time to await.

import { otherOrigin } from '../page/image.js';
import { ClassifierError } from '../shared/errors.js';
import type { FrameCanvas } from '../worker/frame-canvas.js';
import type { WasmClassifier } from '../worker/wasm-module.js';
import { isTensorLike, readTensor, type TensorLike } from './tensor.js';

/** Pixels. */
export interface PixelArray {
  /** RGBA, [height, width, 4], 0-255. */
  data: ArrayLike<number>;
  /** Pixels a row. */
  width: number;
  /** Rows. */
  height: number;
}

/** What can be looked at. A tensor is [height, width, 3] or a batch [n, height, width, 3], values 0-255. */
export type PictureInput =
  | TensorLike
  | HTMLImageElement
  | HTMLVideoElement
  | HTMLCanvasElement
  | OffscreenCanvas
  | ImageBitmap
  | ImageData
  | PixelArray;

/** Makes each picture of the input the classifier's current frame, one after the other, and calls `look`. */
export function forEachPicture(
  input: PictureInput,
  canvas: FrameCanvas,
  classifier: WasmClassifier,
  look: () => void,
): void {
  if (isTensorLike(input)) forEachOfTensor(input, classifier, look);
  else {
    writePicture(input, canvas, classifier);
    look();
  }
}

function forEachOfTensor(tensor: TensorLike, classifier: WasmClassifier, look: () => void): void {
  const { shape, values } = readTensor(tensor, 'The picture');
  const [height = 0, width = 0, channels] = shape.slice(-3);
  if ((shape.length !== 3 && shape.length !== 4) || channels !== 3) {
    throw new ClassifierError(
      'bad-image',
      `The picture must have the shape [height, width, 3] or [n, height, width, 3]; got [${shape.join(', ')}].`,
    );
  }
  const pixels = height * width;
  for (let first = 0; first < values.length; first += 3 * pixels) {
    // Clamped and rounded as it is stored. Alpha isn't looked at.
    const rgba = new Uint8ClampedArray(4 * pixels);
    for (let i = 0; i < pixels; i++) rgba.set(values.subarray(first + 3 * i, first + 3 * i + 3), 4 * i);
    classifier.frameBuffer(width, height).set(rgba);
    look();
  }
}

function writePicture(input: Exclude<PictureInput, TensorLike>, canvas: FrameCanvas, classifier: WasmClassifier): void {
  // By tag, not instanceof: pictures of another window or frame count too.
  switch (Object.prototype.toString.call(input).slice(8, -1)) {
    case 'HTMLVideoElement': {
      const video = input as HTMLVideoElement;
      if (video.readyState < 2) {
        throw new ClassifierError(
          'bad-image',
          'The video element has not loaded data yet. Please wait for `loadeddata` event on the <video> element.',
        );
      }
      return draw(video, video.videoWidth, video.videoHeight);
    }
    case 'HTMLImageElement': {
      // Its own size, not that of the layout: a picture says the same however large it is shown.
      const image = input as HTMLImageElement;
      if (!image.complete || image.naturalWidth === 0)
        throw new ClassifierError(
          'bad-image',
          "The image has no pixels yet, or couldn't be loaded. Wait for its decode().",
        );
      return draw(image, image.naturalWidth, image.naturalHeight);
    }
    case 'HTMLCanvasElement':
    case 'OffscreenCanvas':
    case 'ImageBitmap': {
      const { width, height } = input as HTMLCanvasElement | OffscreenCanvas | ImageBitmap;
      return draw(input as CanvasImageSource, width, height);
    }
    case 'Null':
    case 'Undefined':
      throw new ClassifierError('bad-argument', `pixels passed to tf.browser.fromPixels() can not be ${input}`);
    default:
      return writePixels(input as ImageData, classifier);
  }

  function draw(source: CanvasImageSource, width: number, height: number): void {
    try {
      canvas.draw(source, width, height, classifier);
    } catch (error) {
      throw (error as Error).name === 'SecurityError' ? otherOrigin(error) : error;
    }
  }
}

function writePixels(
  image: { data: ArrayLike<number>; width: number; height: number },
  classifier: WasmClassifier,
): void {
  const { data, width, height } = Object(image) as Partial<typeof image>;
  if (data?.length === undefined || width === undefined || height === undefined) {
    throw new ClassifierError(
      'bad-argument',
      `pixels passed to tf.browser.fromPixels() must be an image, video or canvas element, OffscreenCanvas, ImageBitmap, ImageData, {data, width, height} or a tensor, but was ${Object.prototype.toString.call(image).slice(8, -1)}`,
    );
  }
  if (data.length !== width * height * 4) {
    throw new ClassifierError(
      'bad-image',
      `A picture of ${width} x ${height} has ${width * height * 4} bytes of RGBA; got ${data.length}.`,
    );
  }
  classifier.frameBuffer(width, height).set(data);
}
