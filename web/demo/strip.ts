// The latest examples of a class as a row of small pictures, on one canvas.

const side = 44;
const gap = 4;
const leastMsBetween = 180;

export class Strip {
  readonly #canvas: HTMLCanvasElement;
  #lastAt = -Infinity;

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
  }

  /** Adds the centre of a picture at the left. While one records, only some frames are shown. */
  add(source: HTMLVideoElement | HTMLCanvasElement | ImageBitmap, mirrored: boolean): void {
    const now = performance.now();
    if (now - this.#lastAt < leastMsBetween) return;
    this.#lastAt = now;
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

  clear(): void {
    this.#canvas.hidden = true;
    this.#canvas.width = 1;
  }

  #prepare(): CanvasRenderingContext2D | null {
    if (this.#canvas.hidden) {
      this.#canvas.hidden = false;
      this.#canvas.width = Math.round(this.#canvas.clientWidth * devicePixelRatio);
      this.#canvas.height = Math.round(side * devicePixelRatio);
    }
    return this.#canvas.getContext('2d');
  }
}

function sizeOf(source: HTMLVideoElement | HTMLCanvasElement | ImageBitmap): { width: number; height: number } {
  return source instanceof HTMLVideoElement ? { width: source.videoWidth, height: source.videoHeight } : source;
}
