// Draws pictures and writes their RGBA into the module's memory.

import { ClassifierError } from '../shared/errors.js';
import { foreign } from '../shared/foreign.js';
import type { WasmClassifier } from './wasm-module.js';

/** A canvas that is reused for every frame. */
export class FrameCanvas {
  #context: OffscreenCanvasRenderingContext2D | undefined;

  /** Draws the source and makes it the classifier's current frame. */
  draw(source: CanvasImageSource, width: number, height: number, classifier: WasmClassifier): void {
    const { data } = this.#pixels(source, width, height);
    classifier.frameBuffer(width, height).set(data);
  }

  #pixels(source: CanvasImageSource, width: number, height: number): ImageData {
    try {
      const context = this.#canvas(width, height);
      // 'copy' replaces the old pixels, so that a transparent picture doesn't show the one before.
      context.globalCompositeOperation = 'copy';
      context.drawImage(source, 0, 0, width, height);
      return context.getImageData(0, 0, width, height);
    } catch (cause) {
      if (cause instanceof ClassifierError) throw cause;
      throw foreign('bad-image', `The picture of ${width} x ${height} can't be read`, cause);
    }
  }

  #canvas(width: number, height: number): OffscreenCanvasRenderingContext2D {
    // willReadFrequently keeps the canvas in main memory. Reading back from a GPU would stall each frame.
    this.#context ??= new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true }) ?? undefined;
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
