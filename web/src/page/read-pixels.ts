// Reads the pixels of canvases and bitmaps in the page.

let kept: OffscreenCanvasRenderingContext2D | undefined;

/**
 * Returns the pixels of a picture, RGBA with straight alpha.
 * @throws {DOMException} 'SecurityError' for pixels of another origin, others for what can't be drawn.
 */
export function readPixels(source: HTMLCanvasElement | OffscreenCanvas | ImageBitmap): ImageData {
  const { width, height } = source;
  let context = kept;
  // A picture of another origin makes the canvas unreadable for good, so it is kept only after it was read.
  kept = undefined;
  if (context?.canvas.width !== width || context.canvas.height !== height) {
    // Kept in main memory: reading back from a GPU would stall each picture.
    context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })!;
    // Replaces the old pixels, so that a transparent picture doesn't show the one before.
    context.globalCompositeOperation = 'copy';
  }
  context.drawImage(source, 0, 0);
  const image = context.getImageData(0, 0, width, height);
  kept = context;
  return image;
}
