// Copies RGBA into the module: small frames as a whole, large ones in parts of some rows.

import type { WasmClassifier } from './wasm-module.js';

/** Maximum number of pixels that are copied at once: 16 MB. Larger photos would take memory that is never given back. */
export const maxWholePixels = 4 << 20;

/**
 * Makes a picture the classifier's current frame.
 * @param rows Returns `count` rows from row `first` on: [count, width, 4].
 */
export function writeFrame(
  width: number,
  height: number,
  classifier: WasmClassifier,
  rows: (first: number, count: number) => Uint8Array | Uint8ClampedArray,
): void {
  if (width * height <= maxWholePixels) {
    const pixels = rows(0, height);
    classifier.frameBuffer(width, height).set(pixels);
    return;
  }
  let first = classifier.startFrame(width, height);
  for (let length = 0; (length = classifier.rowBuffer().length) > 0; first = classifier.takeRows()) {
    const part = rows(first, length / (4 * width));
    classifier.rowBuffer().set(part);
  }
}

/** Returns rows of a picture that is in memory, for writeFrame(). */
export function rowsOf<T extends Uint8Array | Uint8ClampedArray>(pixels: T, width: number) {
  return (first: number, count: number): T => pixels.subarray(4 * width * first, 4 * width * (first + count)) as T;
}
