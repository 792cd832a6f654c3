// Reads the pixels of canvases and bitmaps in the page.

let kept: OffscreenCanvasRenderingContext2D | undefined;

/**
 * Returns the pixels of a picture, RGBA with straight alpha.
 * @throws {DOMException} 'SecurityError' for pixels of another origin, others for what can't be drawn.
 */
export function readPixels(source: HTMLCanvasElement | OffscreenCanvas | ImageBitmap): ImageData {
  const { width, height } = source;
  // Kept in main memory: reading back from a GPU would stall each picture.
  kept ??= new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })!;
  const { canvas } = kept;
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  try {
    // 'copy' replaces the old pixels, so that a transparent picture doesn't show the one before.
    kept.globalCompositeOperation = 'copy';
    kept.drawImage(source, 0, 0);
    return kept.getImageData(0, 0, width, height);
  } catch (error) {
    // A picture of another origin makes the canvas unreadable for good.
    kept = undefined;
    throw error;
  }
}
