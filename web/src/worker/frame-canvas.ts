// Draws pictures and writes their RGBA into the module's memory.

import { ClassifierError } from '../shared/errors.js';
import type { WasmClassifier } from './wasm-module.js';

/** A canvas that is reused for every frame. */
export class FrameCanvas {
  #context: OffscreenCanvasRenderingContext2D | undefined;

  /** Draws the source and makes it the classifier's current frame. */
  draw(source: CanvasImageSource, width: number, height: number, classifier: WasmClassifier): void {
    const context = this.#canvas(width, height);
    // 'copy' replaces the old pixels, so that a transparent picture doesn't show the one before.
    context.globalCompositeOperation = 'copy';
    context.drawImage(source, 0, 0, width, height);
    const { data } = context.getImageData(0, 0, width, height);
    classifier.frameBuffer(width, height).set(data);
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
