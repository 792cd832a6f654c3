// Draws pictures and writes their RGBA into the module's memory.

import { ClassifierError } from '../shared/errors.js';
import { foreign } from '../shared/foreign.js';
import type { WasmClassifier } from './wasm-module.js';
import { writeFrame } from './write-frame.js';

/** Keeps a canvas in main memory. Reading back from a GPU would stall each frame. */
const readsOften = { willReadFrequently: true };

/** A canvas that is reused for every frame. */
export class FrameCanvas {
  #context: OffscreenCanvasRenderingContext2D | undefined;
  #isTrue: boolean | undefined;

  /**
   * Returns false when the browser answers with noise in place of pixels, as Firefox does with privacy.resistFingerprinting. Smaller
   * changes, as other browsers make, don't matter. The first call reads some pixels back.
   */
  isTrue(): boolean {
    return (this.#isTrue ??= returnsWhatIsDrawn());
  }

  /** Draws the source, which drawImage() must take, and makes it the classifier's current frame. */
  draw(source: object, width: number, height: number, classifier: WasmClassifier): void {
    writeFrame(width, height, classifier, (first, count) => this.#pixels(source, width, height, first, count));
  }

  #pixels(source: object, width: number, height: number, first: number, count: number): Uint8ClampedArray {
    if (!this.isTrue()) {
      throw new ClassifierError(
        'bad-image',
        'This browser gives noise in place of the pixels of elements, canvases and videos, to protect against fingerprinting. Pass picture files in JPEG, PNG or BMP, or allow this site to read canvases (in Firefox: privacy.resistFingerprinting, in the Tor Browser: the icon beside the address).',
      );
    }
    try {
      const context = this.#canvas(width, count);
      // 'copy' replaces the old pixels, so that a transparent picture doesn't show the one before.
      context.globalCompositeOperation = 'copy';
      context.drawImage(source as CanvasImageSource, 0, -first, width, height);
      return context.getImageData(0, 0, width, count).data;
    } catch (cause) {
      if (cause instanceof ClassifierError) throw cause;
      throw foreign('bad-image', `The picture of ${width} x ${height} can't be read`, cause);
    }
  }

  #canvas(width: number, height: number): OffscreenCanvasRenderingContext2D {
    this.#context ??= new OffscreenCanvas(width, height).getContext('2d', readsOften) ?? undefined;
    if (!this.#context)
      throw new ClassifierError(
        'unsupported-browser',
        'This browser has no 2D canvas in workers. Supported: Safari 17, Chrome 69, Firefox 105 and later.',
      );
    const { canvas } = this.#context;
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    return this.#context;
  }
}

function returnsWhatIsDrawn(): boolean {
  const side = 8;
  // Without a canvas, its use has an error of its own.
  const context = globalThis.OffscreenCanvas && new OffscreenCanvas(side, side).getContext('2d', readsOften);
  if (!context) return true;
  context.fillStyle = '#c86432';
  context.fillRect(0, 0, side, side);
  const drawn = [200, 100, 50, 255];
  const { data } = context.getImageData(0, 0, side, side);
  const wrong = data.filter((value, index) => Math.abs(value - drawn[index % 4]!) > 16);
  return wrong.length < data.length / 8;
}
