// The zoom: which rectangle of the camera's picture the network sees, and how the preview shows exactly that.

import { withinPicture, type Zoom } from './options.js';

/** A rectangle in whole pixels of the source. */
export interface Rectangle {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Way in which the network makes a square of a picture: of its centre, or of all of it. */
export type Crop = 'center' | 'squash';

/** Returns the part of a picture of this size that the network sees. It has at least one pixel. */
export function rectangleOf(zoom: Zoom, size: { width: number; height: number }, crop: Crop): Rectangle {
  const { scale, x, y } = withinPicture(zoom);
  const side = Math.min(size.width, size.height);
  const [wholeWidth, wholeHeight] = crop === 'squash' ? [size.width, size.height] : [side, side];
  const along = (center: number, whole: number, length: number, all: number): [start: number, length: number] => {
    const start = (all - whole) / 2 + center * whole - length / 2;
    return [Math.round(Math.max(0, Math.min(all - length, start))), length];
  };
  const [left, width] = along(x, wholeWidth, Math.max(1, Math.round(wholeWidth / scale)), size.width);
  const [top, height] = along(y, wholeHeight, Math.max(1, Math.round(wholeHeight / scale)), size.height);
  return { x: left, y: top, width, height };
}

/** Returns values of the CSS properties `scale` and `translate` that make a preview of the whole show the part only. */
export function styleOf(zoom: Zoom, mirrored: boolean): { scale: string; translate: string } {
  const { scale, x, y } = withinPicture(zoom);
  if (scale === 1) return { scale: '', translate: '' };
  const percent = (center: number) => `${((0.5 - center) * scale * 100).toFixed(3)}%`;
  return { scale: String(scale), translate: `${percent(mirrored ? 1 - x : x)} ${percent(y)}` };
}

/** Returns the zoom after the picture was dragged over the preview, by fractions of the preview's sides. */
export function dragged(zoom: Zoom, right: number, down: number, mirrored: boolean): Zoom {
  const { scale, x, y } = zoom;
  return withinPicture({ scale, x: x + ((mirrored ? 1 : -1) * right) / scale, y: y - down / scale });
}

/** Draws parts of a picture. */
export class CroppedFrame {
  readonly #canvas = document.createElement('canvas');

  /** Draws the rectangle, pixel by pixel. Every call returns the same canvas. */
  draw(image: HTMLVideoElement | HTMLCanvasElement, { x, y, width, height }: Rectangle): HTMLCanvasElement {
    if (this.#canvas.width !== width) this.#canvas.width = width;
    if (this.#canvas.height !== height) this.#canvas.height = height;
    const context = this.#canvas.getContext('2d')!;
    context.globalCompositeOperation = 'copy';
    context.drawImage(image, x, y, width, height, 0, 0, width, height);
    return this.#canvas;
  }
}
