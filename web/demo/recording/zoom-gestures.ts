// Moves the zoomed picture on the preview, by drag and by keyboard.

import { listenForDrag } from '../dom/drag.js';
import { withinPicture, type Zoom } from './options.js';
import { dragged } from './zoom.js';

/** Data and callbacks of the gestures. */
export interface ZoomGestureParts {
  /** Returns the zoom, or undefined while the preview shows nothing that can be zoomed. */
  zoom(): Zoom | undefined;
  mirrored(): boolean;
  onZoom(zoom: Zoom): void;
}

/** Way of one arrow key, as a fraction of the preview. */
const keyStep = 0.1;
const keyScale = 0.25;

/** Listens on the preview until the page ends. */
export function listenForZoomGestures(preview: HTMLElement, { zoom, mirrored, onZoom }: ZoomGestureParts): void {
  const move = (right: number, down: number) => {
    const current = zoom();
    if (current) onZoom(dragged(current, right, down, mirrored()));
  };
  listenForDrag(preview, (event) => {
    const current = zoom();
    if (!current || current.scale === 1 || (event.target as HTMLElement).closest('button')) return undefined;
    return {
      onMove: (_x, _y, dx, dy) => move(dx / preview.clientWidth, dy / preview.clientHeight),
      onEnd() {},
    };
  });
  preview.addEventListener('keydown', (event) => {
    const current = zoom();
    if (!current || event.target !== preview || event.ctrlKey || event.metaKey || event.altKey) return;
    // An arrow key moves the part that is seen, so the picture moves the other way.
    const moves: Record<string, [right: number, down: number]> = {
      ArrowLeft: [keyStep, 0],
      ArrowRight: [-keyStep, 0],
      ArrowUp: [0, keyStep],
      ArrowDown: [0, -keyStep],
    };
    const step = moves[event.key];
    const scale = { '+': keyScale, '-': -keyScale }[event.key];
    if (step) move(...step);
    else if (scale) onZoom(withinPicture({ ...current, scale: current.scale + scale }));
    else return;
    event.preventDefault();
  });
}
