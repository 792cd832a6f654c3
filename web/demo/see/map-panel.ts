// The map of the examples: each example as the shape of its class, and the current frame on its way through them.

import type { ExampleMap } from 'teachable-wasm';
import { colourOf } from '../dataset/slots.js';
import { build } from '../dom/build.js';
import type { DrawerContent } from '../dom/drawer.js';
import { percent } from '../dom/format.js';
import { paintThumbnail } from '../dom/thumbnails.js';
import { texts } from '../texts/texts.js';
import { readColours, shapePath } from './class-shapes.js';
import { describeClasses, layOut, type MapLayout, moveBy, nearestTo } from './map-layout.js';
import { RingBuffer } from './ring-buffer.js';

/** Functions and data that the panel needs from the rest of the page. */
export interface MapSource {
  /** Returns the engine's map of all examples; null while there is no engine. */
  map(): Promise<ExampleMap | null>;
  /** Returns the class of an example, or undefined when it was removed meanwhile. */
  labelOf(id: number): string | undefined;
  slotOf(label: string): number;
  thumbnailOf(id: number): Uint8Array | undefined;
  /** Called with true while the panel wants the places of frames, by showFrame(). */
  onWatch(isWatching: boolean): void;
  onError(error: unknown): void;
}

const margin = 20;
const shapeRadius = 6;
/** Many shapes are drawn smaller, so that they don't hide each other. */
const smallRadius = 3.5;
const manyExamples = 800;
/** Distance in CSS pixels at which a pointer means an example. */
const pointerReach = 20;
const trailLength = 14;
/** Pause between two updates while examples come. */
const minMsBetweenUpdates = 400;

/** The map panel in its drawer. */
export class MapPanel implements DrawerContent {
  readonly #source: MapSource;
  readonly #base = build('canvas', { class: 'map-base', width: 1, height: 1, 'aria-hidden': 'true' });
  readonly #canvas: HTMLCanvasElement;
  readonly #tipPicture = build('canvas', { width: 1, height: 1 });
  readonly #tip = build('div', { class: 'map-tip', 'aria-hidden': 'true', hidden: true }, this.#tipPicture);
  readonly #caption = build('p', { class: 'map-caption', 'aria-live': 'polite', 'data-testid': 'map-caption' });
  readonly #share = build('p', { class: 'hint' });
  readonly #words = build('ul', { class: 'map-words', 'data-testid': 'map-words' });
  readonly #stage: HTMLElement;
  readonly #trail = new RingBuffer<readonly [number, number]>(trailLength);
  readonly #reducedMotion = matchMedia('(prefers-reduced-motion: reduce)');
  #map: ExampleMap = { ids: [], points: new Float32Array(), explained: [0, 0] };
  #labels: (string | undefined)[] = [];
  /** Size of the stage in CSS pixels, and its text colour. Reading them for each frame would cost a layout of the page each time. */
  #size = { width: 1, height: 1 };
  #ink = '';
  #layout: MapLayout = layOut(this.#map, { ...this.#size, margin });
  #chosen = -1;
  #isOpen = false;
  #isStale = true;
  #isUpdating = false;
  #updatedAt = -Infinity;
  #timer = 0;

  constructor(root: HTMLElement, source: MapSource) {
    this.#source = source;
    this.#canvas = build('canvas', {
      class: 'map-points',
      width: 1,
      height: 1,
      tabindex: 0,
      role: 'application',
      'aria-label': texts.see.mapLabel,
      'aria-describedby': 'map-help',
      'data-testid': 'map-canvas',
    });
    this.#stage = build('div', { class: 'map-stage' }, this.#base, this.#canvas, this.#tip);
    root.append(
      build('p', { class: 'hint', id: 'map-help' }, texts.see.mapHelp),
      this.#stage,
      this.#caption,
      this.#share,
      build('details', { class: 'map-list' }, build('summary', {}, texts.see.mapInWords), this.#words),
    );
    this.#listen();
  }

  opened(): void {
    this.#isOpen = true;
    this.#source.onWatch(true);
    void this.#update();
  }

  closed(): void {
    this.#isOpen = false;
    this.#trail.clear();
    this.#source.onWatch(false);
  }

  /** Must be called after each change of the data set. */
  changed(): void {
    this.#isStale = true;
    if (!this.#isOpen || this.#timer !== 0) return;
    const delay = Math.max(0, this.#updatedAt + minMsBetweenUpdates - performance.now());
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      void this.#update();
    }, delay);
  }

  /** Shows where the current frame is on the map; null for no frame. */
  showFrame(point: readonly [number, number] | null): void {
    if (!this.#isOpen) return;
    if (point) this.#trail.add(point);
    else this.#trail.clear();
    this.#drawPoints();
  }

  async #update(): Promise<void> {
    if (!this.#isOpen || !this.#isStale || this.#isUpdating) return;
    this.#isUpdating = true;
    this.#isStale = false;
    try {
      const map = await this.#source.map();
      if (map) this.#show(map);
    } catch (error) {
      this.#source.onError(error);
    }
    this.#isUpdating = false;
    this.#updatedAt = performance.now();
    if (this.#isStale) this.changed();
  }

  #show(map: ExampleMap): void {
    const chosenId = this.#map.ids[this.#chosen];
    this.#map = map;
    this.#labels = map.ids.map((id) => this.#source.labelOf(id));
    this.#chosen = chosenId === undefined ? -1 : map.ids.indexOf(chosenId);
    this.#canvas.dataset['examples'] = String(map.ids.length);
    const explained = map.explained[0] + map.explained[1];
    this.#share.textContent = map.ids.length === 0 ? texts.see.mapEmpty : texts.see.mapShows(percent(explained));
    this.#words.replaceChildren(
      ...describeClasses(map, this.#labels).map(({ label, count, nearest, astray }) =>
        build('li', {}, texts.see.classOnMap(label, count, nearest, astray)),
      ),
    );
    this.#layOut();
    if (this.#chosen < 0) this.#choose(-1);
  }

  /** Fits the map into the canvas, and draws everything. */
  #layOut(): void {
    const { clientWidth: width, clientHeight: height } = this.#stage;
    if (width === 0) return;
    this.#size = { width, height };
    this.#ink = getComputedStyle(this.#stage).color;
    this.#layout = layOut(this.#map, { width, height, margin });
    const scale = Math.min(2, devicePixelRatio);
    for (const canvas of [this.#base, this.#canvas]) {
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(height * scale);
    }
    this.#drawBase();
    this.#drawPoints();
  }

  /** Draws all examples. */
  #drawBase(): void {
    const context = this.#base.getContext('2d');
    if (!context) return;
    const scale = this.#base.width / this.#size.width;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.#base.width, this.#base.height);
    const colours = readColours(this.#stage);
    const radius = this.#labels.length > manyExamples ? smallRadius : shapeRadius;
    const outlines = new Map([...colours.keys()].map((colour) => [colour, shapePath(colour, radius)]));
    context.strokeStyle = getComputedStyle(this.#stage).backgroundColor;
    context.lineWidth = 1;
    this.#labels.forEach((label, index) => {
      if (label === undefined) return;
      const colour = colourOf(this.#source.slotOf(label));
      const { x, y } = this.#placeOf(index);
      context.setTransform(scale, 0, 0, scale, x * scale, y * scale);
      context.fillStyle = colours.get(colour) ?? '';
      context.fill(outlines.get(colour)!);
      context.stroke(outlines.get(colour)!);
    });
  }

  /** Draws the chosen example and the current frame with its trail. */
  #drawPoints(): void {
    const context = this.#canvas.getContext('2d');
    if (!context) return;
    const scale = this.#canvas.width / this.#size.width;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.strokeStyle = context.fillStyle = this.#ink;
    const trail = this.#trail.toArray().map((point) => this.#inside(this.#layout.toCanvas(point)));
    if (!this.#reducedMotion.matches) {
      trail.forEach(({ x, y }, index) => {
        context.globalAlpha = (0.5 * (index + 1)) / trail.length;
        context.fillRect(x - 1.5, y - 1.5, 3, 3);
      });
      context.globalAlpha = 1;
    }
    const frame = trail.at(-1);
    this.#canvas.dataset['frame'] = frame ? `${Math.round(frame.x)},${Math.round(frame.y)}` : '';
    if (frame) drawRing(context, frame, 9, 3);
    if (this.#chosen >= 0) drawRing(context, this.#placeOf(this.#chosen), 11, 2);
  }

  /** A frame unlike all examples may be outside. It is shown at the edge. */
  #inside({ x, y }: { x: number; y: number }): { x: number; y: number } {
    const { width, height } = this.#size;
    const edge = 10;
    return { x: Math.min(width - edge, Math.max(edge, x)), y: Math.min(height - edge, Math.max(edge, y)) };
  }

  #placeOf(index: number): { x: number; y: number } {
    return { x: this.#layout.places[2 * index]!, y: this.#layout.places[2 * index + 1]! };
  }

  /** Shows the picture and the class of an example; -1 for none. */
  #choose(index: number): void {
    this.#chosen = index;
    const id = this.#map.ids[index];
    const label = this.#labels[index];
    const isShown = id !== undefined && label !== undefined;
    this.#tip.hidden = !isShown;
    this.#caption.textContent = isShown ? texts.see.onMap(label, index + 1, this.#map.ids.length) : '';
    this.#canvas.dataset['chosen'] = isShown ? String(id) : '';
    if (isShown) {
      const { x, y } = this.#placeOf(index);
      this.#tip.style.left = `${x}px`;
      this.#tip.style.top = `${y}px`;
      this.#tip.dataset['below'] = String(y < 120);
      this.#tip.dataset['class'] = colourOf(this.#source.slotOf(label));
      void paintThumbnail(this.#tipPicture, this.#source.thumbnailOf(id));
    }
    this.#drawPoints();
  }

  #listen(): void {
    const canvas = this.#canvas;
    const choosePointed = (event: PointerEvent) => {
      const { left, top } = canvas.getBoundingClientRect();
      const index = nearestTo(this.#layout, { x: event.clientX - left, y: event.clientY - top }, pointerReach);
      if (index !== this.#chosen) this.#choose(index);
    };
    canvas.addEventListener('pointermove', choosePointed);
    canvas.addEventListener('pointerdown', choosePointed);
    canvas.addEventListener('pointerleave', (event) => {
      if (event.pointerType === 'mouse') this.#choose(-1);
    });
    canvas.addEventListener('keydown', (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === 'Escape') return this.#choose(-1);
      const index = moveBy(this.#layout, this.#chosen, event.key);
      if (index === undefined) return;
      event.preventDefault();
      this.#choose(index);
    });
    canvas.addEventListener('focus', () => {
      if (this.#chosen < 0 && canvas.matches(':focus-visible')) this.#choose(Math.min(0, this.#map.ids.length - 1));
    });
    canvas.addEventListener('blur', () => this.#choose(-1));
    new ResizeObserver(() => this.#layOut()).observe(this.#stage);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#layOut());
  }
}

function drawRing(
  context: CanvasRenderingContext2D,
  { x, y }: { x: number; y: number },
  radius: number,
  width: number,
) {
  context.lineWidth = width;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.stroke();
}
