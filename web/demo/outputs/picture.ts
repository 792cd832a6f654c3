// Shows the picture or emoji of an output.

import { build } from '../dom/build.js';
import type { Output, OwnFile } from './output.js';

/** Shows pictures in an element, one at a time. */
export class PicturePlayer {
  readonly #stage: HTMLElement;
  #address = '';
  #turn = 0;

  constructor(stage: HTMLElement) {
    this.#stage = stage;
  }

  /** Shows a picture in place of the current one. `name` tells screen readers what it is. */
  async show({ emoji, own }: Output['picture'], name: string): Promise<void> {
    this.hide();
    const turn = this.#turn;
    const picture = own ? await this.#draw(own, name) : writeEmoji(emoji, name);
    if (turn !== this.#turn) return;
    this.#stage.replaceChildren(picture);
  }

  hide(): void {
    this.#turn++;
    this.#stage.replaceChildren();
    if (this.#address) URL.revokeObjectURL(this.#address);
    this.#address = '';
  }

  async #draw({ data, type }: OwnFile, name: string): Promise<HTMLElement> {
    const file = new Blob([data as Uint8Array<ArrayBuffer>], { type });
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) return drawStill(file, name);
    // An <img> plays animations in every browser; ImageDecoder is missing in Safari.
    this.#address = URL.createObjectURL(file);
    return build('img', { class: 'output-picture', src: this.#address, alt: name, decoding: 'async' });
  }
}

/** Draws the first picture of an animation on a canvas, which doesn't move. */
async function drawStill(file: Blob, name: string): Promise<HTMLElement> {
  const bitmap = await createImageBitmap(file);
  const canvas = build('canvas', { class: 'output-picture', role: 'img', 'aria-label': name });
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  canvas.getContext('2d')?.drawImage(bitmap, 0, 0);
  bitmap.close();
  return canvas;
}

function writeEmoji(emoji: string, name: string): HTMLElement {
  const element = build('span', { class: 'output-emoji', role: 'img', 'aria-label': name }, emoji);
  // The more signs there are, the smaller they must be.
  element.style.setProperty('--signs', String(Math.max(1, countSigns(emoji))));
  return element;
}

/** Returns the number of signs that are seen. An emoji may consist of several characters. */
export function countSigns(text: string): number {
  if (!('Segmenter' in Intl)) return [...text].length;
  return [...new Intl.Segmenter().segment(text)].length;
}
