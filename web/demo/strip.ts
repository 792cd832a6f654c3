// The latest examples of a class as a row of small pictures, on one canvas.

import { within } from './element.js';

const side = 44;
const gap = 4;
const leastMsBetween = 180;

export class Strip {
  readonly #canvas: HTMLCanvasElement;
  readonly #empty: HTMLElement;
  #lastAt = -Infinity;

  constructor(root: HTMLElement) {
    this.#canvas = within(root, 'canvas');
    this.#empty = within(root, '.strip-empty');
  }

  /** Adds a frame of a camera, seen as in a mirror. While one records, only some are shown. */
  addFrame(video: HTMLVideoElement): void {
    const now = performance.now();
    if (now - this.#lastAt < leastMsBetween) return;
    this.#lastAt = now;
    this.#add(video, true);
  }

  addPicture(picture: HTMLCanvasElement | ImageBitmap): void {
    this.#add(picture, false);
  }

  clear(): void {
    this.#empty.hidden = false;
    this.#canvas.width = 1;
    this.#lastAt = -Infinity;
  }

  /** Puts the centre of the source at the left and moves the others on. */
  #add(source: HTMLVideoElement | HTMLCanvasElement | ImageBitmap, mirrored: boolean): void {
    const context = this.#prepare();
    if (!context) return;

    const { width: w, height: h } = sizeOf(source);
    const crop = Math.min(w, h);
    const scale = this.#canvas.height / side;
    const step = Math.round((side + gap) * scale);
    context.globalCompositeOperation = 'copy';
    context.drawImage(this.#canvas, step, 0);
    context.globalCompositeOperation = 'source-over';
    context.save();
    if (mirrored) {
      context.translate(side * scale, 0);
      context.scale(-1, 1);
    }
    context.drawImage(source, (w - crop) / 2, (h - crop) / 2, crop, crop, 0, 0, side * scale, side * scale);
    context.restore();
  }

  #prepare(): CanvasRenderingContext2D | null {
    if (!this.#empty.hidden) {
      this.#empty.hidden = true;
      this.#canvas.width = Math.round(this.#canvas.clientWidth * devicePixelRatio);
      this.#canvas.height = Math.round(side * devicePixelRatio);
    }
    return this.#canvas.getContext('2d');
  }
}

function sizeOf(source: HTMLVideoElement | HTMLCanvasElement | ImageBitmap): { width: number; height: number } {
  return source instanceof HTMLVideoElement ? { width: source.videoWidth, height: source.videoHeight } : source;
}
