// The square that shows what the network sees: the camera, the scene, a picture, or the buttons that start them.

import type { WebcamState } from 'teachable-wasm/webcam';
import { colourOf } from '../dataset/slots.js';
import { byId, setText, within } from '../dom/elements.js';
import { percent } from '../dom/format.js';
import type { Zoom } from '../recording/options.js';
import { styleOf } from '../recording/zoom.js';
import { texts } from '../texts/texts.js';

/** The kind of input that the preview shows. */
export type InputKind = 'none' | 'camera' | 'scene' | 'picture';

/** The winning class, as the preview names it. */
export interface Winner {
  slot: number;
  name: string;
  /** Confidence, 0-1. */
  confidence: number;
}

/** Longest side of the picture on the preview, in pixels. The network gets the file in its full size. */
const maxPictureSide = 1024;

/** The preview. */
export class Preview {
  readonly video = byId<HTMLVideoElement>('video');
  readonly picture = byId<HTMLCanvasElement>('picture');
  readonly scene = byId<HTMLCanvasElement>('scene');
  readonly root = byId('preview');
  readonly #winner = byId('winner');

  get kind(): InputKind {
    return this.root.dataset['kind'] as InputKind;
  }

  show(kind: InputKind): void {
    this.root.dataset['kind'] = kind;
    byId('camera-prompt').hidden = kind !== 'none';
    if (kind === 'none') this.showWinner(null);
  }

  get crop(): 'center' | 'squash' {
    return this.root.dataset['crop'] === 'squash' ? 'squash' : 'center';
  }

  /** Sets how the network crops, so that the preview shows the same part. */
  setCrop(crop: 'center' | 'squash'): void {
    this.root.dataset['crop'] = crop;
  }

  /** Makes the camera, which may be mirrored, and the scene show the part that the network sees. */
  showZoom(zoom: Zoom, mirrored: boolean): void {
    Object.assign(this.video.style, styleOf(zoom, mirrored));
    Object.assign(this.scene.style, styleOf(zoom, false));
    const isZoomed = zoom.scale > 1;
    this.root.toggleAttribute('data-zoomed', isZoomed);
    // Only a zoomed picture can be moved by keyboard.
    const attributes = { 'aria-label': texts.recording.zoomedPreview, tabindex: '0' };
    for (const [name, value] of Object.entries(attributes)) {
      if (isZoomed) this.root.setAttribute(name, value);
      else this.root.removeAttribute(name);
    }
  }

  showCameraState(state: WebcamState): void {
    const { headline, help, button } = texts.camera[state];
    byId('camera-headline').textContent = headline;
    byId('camera-help').textContent = help;
    const start = byId<HTMLButtonElement>('start-camera');
    start.textContent = button;
    start.disabled = state === 'prompting';
    this.root.dataset['camera'] = state;
  }

  /** Draws a picture, upright, and shows it. Throws when the file is not a picture. */
  async showPicture(file: Blob): Promise<void> {
    const bitmap = await createImageBitmap(file, { imageOrientation: 'from-image' });
    const scale = Math.min(1, maxPictureSide / Math.max(bitmap.width, bitmap.height));
    this.picture.width = Math.max(1, Math.round(bitmap.width * scale));
    this.picture.height = Math.max(1, Math.round(bitmap.height * scale));
    this.picture.getContext('2d')?.drawImage(bitmap, 0, 0, this.picture.width, this.picture.height);
    bitmap.close();
    this.show('picture');
  }

  /** Shows the winning class over the picture; null shows nothing. */
  showWinner(winner: Winner | 'unknown' | null): void {
    this.#winner.hidden = winner === null;
    if (!winner) return;
    const isUnknown = winner === 'unknown';
    this.#winner.dataset['class'] = colourOf(isUnknown ? 0 : winner.slot);
    setText(within(this.#winner, '.winner-name'), isUnknown ? texts.common.unknown : winner.name);
    setText(within(this.#winner, '.winner-confidence'), isUnknown ? '' : percent(winner.confidence));
  }
}
