// Finds out which pictures the page had better send as video frames instead of bitmaps.

import type { SentAsFrames } from '../shared/protocol.js';

const side = 2;
const colour = [200, 100, 50, 128];

/**
 * Asks the browser with some transparent pixels. A canvas goes as a frame where the frame holds the canvas's own pixels, which are
 * multiplied by alpha: elsewhere (WebKit) they are converted in the page's thread. A bitmap also needs that the colours of transparent
 * pixels come back, whether they were multiplied or not (Firefox confuses the two).
 */
export async function whatToSendAsFrames(): Promise<SentAsFrames> {
  try {
    const context = newContext();
    context.fillStyle = `rgb(${colour.slice(0, 3).join(' ')} / ${colour[3]! / 255})`;
    context.fillRect(0, 0, side, side);
    const ofCanvas = new VideoFrame(context.canvas, { timestamp: 0 });
    const pixels = new Uint8Array(side * side * 4);
    await ofCanvas.copyTo(pixels);
    const isOwn = /^(RGB|BGR)A$/.test(ofCanvas.format ?? '') && isNear(pixels[1]!, (colour[1]! * colour[3]!) / 255);
    const canvas = isOwn && (await comesBack(ofCanvas));
    if (!canvas) return { canvas, bitmap: false };
    const image = new ImageData(side, side);
    image.data.forEach((_, i) => (image.data[i] = colour[i % 4]!));
    const straight = await createImageBitmap(image, { premultiplyAlpha: 'none' });
    const ofBitmap = new VideoFrame(straight, { timestamp: 0 });
    straight.close();
    return { canvas, bitmap: await comesBack(ofBitmap) };
  } catch {
    // There are no video frames, no canvases, or not all of their functions.
    return { canvas: false, bitmap: false };
  }
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
