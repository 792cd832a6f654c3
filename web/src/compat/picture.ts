// Writes the pictures that the original accepts into a classifier, synchronously, because infer() can't await.

import { otherOrigin } from '../page/image.js';
import { brandOf } from '../shared/brand.js';
import { ClassifierError } from '../shared/errors.js';
import type { FrameCanvas } from '../worker/frame-canvas.js';
import type { WasmClassifier } from '../worker/wasm-module.js';
import { isTensorLike, readTensor, type TensorLike } from './tensor.js';

/** Raw pixels. */
export interface PixelArray {
  /** [height, width, 4] values, RGBA, 0-255. */
  data: ArrayLike<number>;
  /** Width in pixels. */
  width: number;
  /** Height in pixels. */
  height: number;
}

/** A picture. A tensor has the shape [height, width, 3], or [n, height, width, 3] for a batch, with values 0-255. */
export type PictureInput =
  | TensorLike
  | HTMLImageElement
  | HTMLVideoElement
  | HTMLCanvasElement
  | OffscreenCanvas
  | ImageBitmap
  | ImageData
  | PixelArray;

/** Makes each picture of the input the classifier's current frame and calls `look` for it. */
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
    // Values are clamped and rounded as they are stored. Alpha is ignored.
    const rgba = new Uint8ClampedArray(4 * pixels);
    for (let i = 0; i < pixels; i++) rgba.set(values.subarray(first + 3 * i, first + 3 * i + 3), 4 * i);
    classifier.frameBuffer(width, height).set(rgba);
    look();
  }
}

function writePicture(input: Exclude<PictureInput, TensorLike>, canvas: FrameCanvas, classifier: WasmClassifier): void {
  switch (brandOf(input)) {
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
      // The size of the picture, not of the element: the result doesn't depend on the layout.
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
      `pixels passed to tf.browser.fromPixels() must be an image, video or canvas element, OffscreenCanvas, ImageBitmap, ImageData, {data, width, height} or a tensor, but was ${brandOf(image)}`,
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
