// A line in each class card: the confidence in the class during the last 10 seconds.

import type { Prediction } from 'teachable-wasm';
import { build } from '../dom/build.js';
import { ConfidenceHistory, type LinePoint } from './confidence-history.js';

/** A card whose meter gets a line. */
export interface CardWithMeter {
  readonly root: HTMLElement;
  readonly label: string;
}

/** Time between two drawings of the lines with reduced motion, in milliseconds. */
const calmMsBetweenDrawings = 1000;

/** The lines of all cards that are on the page. */
export class Sparklines {
  readonly #history = new ConfidenceHistory();
  readonly #reducedMotion = matchMedia('(prefers-reduced-motion: reduce)');
  /** Colours of the lines. Reading one makes the browser compute the styles of the page. */
  #colours = new WeakMap<HTMLCanvasElement, string>();
  #drawnAt = -Infinity;

  constructor() {
    for (const theme of ['(prefers-color-scheme: dark)', '(forced-colors: active)'])
      matchMedia(theme).addEventListener('change', () => (this.#colours = new WeakMap()));
  }

  /** Adds a prediction and draws the lines. Null removes them. */
  show(prediction: Prediction | null, cards: Iterable<CardWithMeter>, now = performance.now()): void {
    if (!prediction) this.#history.clear();
    else if (!this.#history.add(prediction.confidences, now)) return;
    if (prediction && this.#reducedMotion.matches && now - this.#drawnAt < calmMsBetweenDrawings) return;
    this.#drawnAt = now;
    for (const { root, label } of cards) {
      const canvas = canvasOf(root);
      draw(canvas, this.#history.line(label, now), this.#colourOf(canvas));
    }
  }

  #colourOf(canvas: HTMLCanvasElement): string {
    let colour = this.#colours.get(canvas);
    if (colour === undefined) {
      colour = getComputedStyle(canvas).color;
      this.#colours.set(canvas, colour);
    }
    return colour;
  }
}

function canvasOf(card: HTMLElement): HTMLCanvasElement {
  const meter = card.querySelector('.meter')!;
  let canvas = meter.querySelector<HTMLCanvasElement>('.sparkline');
  if (!canvas) {
    // The meter tells screen readers the confidence.
    canvas = build('canvas', { class: 'sparkline', width: 1, height: 1, 'aria-hidden': 'true' });
    meter.append(canvas);
  }
  return canvas;
}

function draw(canvas: HTMLCanvasElement, line: readonly LinePoint[], colour: string): void {
  const [width, height] = [240, 32];
  if (canvas.width !== width) {
    canvas.width = width;
    canvas.height = height;
  }
  const context = canvas.getContext('2d');
  if (!context) return;
  context.clearRect(0, 0, width, height);
  canvas.dataset['points'] = String(line.length);
  if (line.length < 2) return;
  context.strokeStyle = colour;
  context.lineWidth = 3;
  context.lineJoin = 'round';
  context.beginPath();
  line.forEach(({ age, confidence }, index) => {
    const [x, y] = [(1 - age) * width, 2 + (1 - confidence) * (height - 4)];
    if (index === 0) context.moveTo(x, y);
    else context.lineTo(x, y);
  });
  context.stroke();
}
