// Finds out how the page had better send canvases and bitmaps.

import type { SentAs } from '../shared/protocol.js';

const side = 2;
const colour = [200, 100, 50, 128];

/**
 * Asks the browser with some transparent pixels. Frames are quick where they hold a picture's own pixels, which are multiplied by alpha
 * (Chromium). Elsewhere the browser converts them (WebKit), or confuses pixels that are multiplied with those that are not (Firefox).
 * There, pixels that the page reads are quicker than bitmaps. In Firefox they keep its thread up to a millisecond longer.
 * @param readsCanvases Whether pixels that are read back are those that were drawn.
 */
export async function howToSend(readsCanvases: boolean): Promise<SentAs> {
  // The worker refuses bitmaps with a message. Without video frames, such as on insecure pages, nothing is known.
  if (!readsCanvases || typeof VideoFrame !== 'function') return 'bitmap';
  try {
    return (await framesAreQuick()) ? 'frame' : 'pixels';
  } catch {
    // There are no canvases, or not all of the functions.
    return 'bitmap';
  }
}

async function framesAreQuick(): Promise<boolean> {
  const context = newContext();
  context.fillStyle = `rgb(${colour.slice(0, 3).join(' ')} / ${colour[3]! / 255})`;
  context.fillRect(0, 0, side, side);
  const ofCanvas = new VideoFrame(context.canvas, { timestamp: 0 });
  const pixels = new Uint8Array(side * side * 4);
  await ofCanvas.copyTo(pixels);
  const isOwn = /^(RGB|BGR)A$/.test(ofCanvas.format ?? '') && isNear(pixels[1]!, (colour[1]! * colour[3]!) / 255);
  if (!(await comesBack(ofCanvas)) || !isOwn) return false;
  const image = new ImageData(side, side);
  image.data.forEach((_, i) => (image.data[i] = colour[i % 4]!));
  const straight = await createImageBitmap(image, { premultiplyAlpha: 'none' });
  const ofBitmap = new VideoFrame(straight, { timestamp: 0 });
  straight.close();
  return comesBack(ofBitmap);
}

function newContext(): OffscreenCanvasRenderingContext2D {
  return new OffscreenCanvas(side, side).getContext('2d', { willReadFrequently: true })!;
}

/** Returns true when the frame becomes the right colour on the way of FrameWriter. Closes it. */
async function comesBack(frame: VideoFrame): Promise<boolean> {
  const bitmap = await createImageBitmap(frame).finally(() => frame.close());
  const context = newContext();
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return colour.every((value, channel) => isNear(context.getImageData(0, 0, 1, 1).data[channel]!, value));
}

const isNear = (a: number, b: number) => Math.abs(a - b) <= 8;
