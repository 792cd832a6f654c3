// The square that shows what the network sees: the camera, a picture, or an invitation.

import type { WebcamState } from 'teachable-wasm/webcam';
import { cameraTexts } from './camera-texts.js';
import { byId, colourOf, percent, within } from './element.js';

export type Source = 'none' | 'camera' | 'picture';

/** What it is taken for. */
export interface Verdict {
  place: number;
  name: string;
  /** 0-1 */
  share: number;
}

/** Longest side of a picture's copy on the stage, in pixels. The network gets the file itself. */
const shownSide = 1024;

export class Stage {
  readonly video = byId<HTMLVideoElement>('video');
  readonly picture = byId<HTMLCanvasElement>('picture');
  readonly #root = byId('stage');
  readonly #verdict = byId('verdict');

  get source(): Source {
    return this.#root.dataset['source'] as Source;
  }

  show(source: Source): void {
    this.#root.dataset['source'] = source;
    byId('invitation').hidden = source !== 'none';
    if (source === 'none') this.showVerdict(null);
  }

  get crop(): 'center' | 'squash' {
    return this.#root.dataset['crop'] === 'squash' ? 'squash' : 'center';
  }

  /** How the network crops, so that the stage shows the same part. */
  setCrop(crop: 'center' | 'squash'): void {
    this.#root.dataset['crop'] = crop;
  }

  showCamera(state: WebcamState): void {
    const { lead, help, button } = cameraTexts[state];
    byId('camera-lead').textContent = lead;
    byId('camera-help').textContent = help;
    const start = byId<HTMLButtonElement>('start-camera');
    start.textContent = button;
    start.disabled = state === 'prompting';
    this.#root.dataset['camera'] = state;
  }

  /** Draws a picture, upright, and shows it. Throws when the file is no picture. */
  async showPicture(file: Blob): Promise<void> {
    const bitmap = await createImageBitmap(file, { imageOrientation: 'from-image' });
    const scale = Math.min(1, shownSide / Math.max(bitmap.width, bitmap.height));
    this.picture.width = Math.max(1, Math.round(bitmap.width * scale));
    this.picture.height = Math.max(1, Math.round(bitmap.height * scale));
    this.picture.getContext('2d')?.drawImage(bitmap, 0, 0, this.picture.width, this.picture.height);
    bitmap.close();
    this.show('picture');
  }

  showVerdict(verdict: Verdict | 'unknown' | null): void {
    this.#verdict.hidden = verdict === null;
    if (!verdict) return;
    const { place, name, share } = verdict === 'unknown' ? { place: 0, name: 'Unknown', share: undefined } : verdict;
    this.#verdict.dataset['class'] = colourOf(place);
    within(this.#verdict, '.verdict-name').textContent = name;
    within(this.#verdict, '.verdict-share').textContent = share === undefined ? '' : percent(share);
  }
}
