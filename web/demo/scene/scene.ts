// The drawn scene: a source of frames for visitors without a camera. A thing on a table moves a little, as if held in a hand.

import { type Outline, type ThingName, things } from './things.js';

/** Size of the scene in pixels. */
const width = 640;
const height = 480;
/** Visitors who want less motion get a new pose this often. */
const calmPoseMs = 700;

const room: readonly Outline[] = [
  { path: 'M0 0 h640 v350 h-640 z', fill: '#cfdfe6' },
  { path: 'M70 36 h150 v170 h-150 z', fill: '#eaf5fa', stroke: '#aac3cf', width: 8 },
  { path: 'M145 36 v170 M70 121 h150', stroke: '#aac3cf', width: 6 },
  { path: 'M0 338 h640 v142 h-640 z', fill: '#b98a5e' },
  { path: 'M0 366 h640 M0 402 h640 M0 446 h640', stroke: '#a47749', width: 3 },
];

/** Draws one frame. The pose depends on the time only, so that frames can be drawn again. */
export function drawScene(context: CanvasRenderingContext2D, thing: ThingName, timeMs: number): void {
  const phase = (timeMs / 1000) * 2.4;
  const x = 22 * Math.sin(phase);
  const y = 7 * Math.sin(1.7 * phase);
  context.setTransform(1, 0, 0, 1, 0, 0);
  drawAll(context, room);
  context.fillStyle = 'rgb(0 0 0 / 0.16)';
  context.beginPath();
  context.ellipse(width / 2 + x, 392, 120, 15, 0, 0, 7);
  context.fill();
  context.translate(x + 320, y + 264);
  context.rotate(((5 * Math.PI) / 180) * Math.sin(0.8 * phase));
  const scale = 1.12 + 0.06 * Math.sin(1.3 * phase);
  context.scale(scale, scale);
  context.translate(-320, -250);
  drawAll(context, things[thing]);
}

function drawAll(context: CanvasRenderingContext2D, outlines: readonly Outline[]): void {
  context.lineCap = 'round';
  for (const { path, fill, stroke, width = 5, dash = [] } of outlines) {
    const outline = new Path2D(path);
    if (fill) {
      context.fillStyle = fill;
      context.fill(outline);
    }
    if (!stroke) continue;
    context.strokeStyle = stroke;
    context.lineWidth = width;
    context.setLineDash(dash);
    context.stroke(outline);
  }
}

/** The scene on a canvas. */
export class Scene {
  readonly canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  #thing: ThingName = 'cup';
  #isPlaying = false;

  constructor(canvas: HTMLCanvasElement) {
    this.canvas = canvas;
    canvas.width = width;
    canvas.height = height;
    this.#context = canvas.getContext('2d', { willReadFrequently: true })!;
  }

  get thing(): ThingName {
    return this.#thing;
  }

  /** Shows another thing from the next frame on. */
  show(thing: ThingName): void {
    this.#thing = thing;
  }

  /** Plays until stop(). Calls `onFrame` for frames; the next one waits for its promise, so that none are queued. */
  async play(onFrame: () => Promise<void>): Promise<void> {
    if (this.#isPlaying) return;
    this.#isPlaying = true;
    const isCalm = matchMedia('(prefers-reduced-motion: reduce)');
    while (this.#isPlaying) {
      const time = await new Promise<number>(requestAnimationFrame);
      if (!this.#isPlaying) return;
      drawScene(this.#context, this.#thing, isCalm.matches ? time - (time % calmPoseMs) : time);
      await onFrame();
    }
  }

  stop(): void {
    this.#isPlaying = false;
  }
}
