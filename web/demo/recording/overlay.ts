// What is shown over the preview about a recording: a large number of seconds, and a short hint.

import { build } from '../dom/build.js';

const hintMs = 5000;

/** Shows seconds and hints. Screen readers hear of them through the status line. */
export class RecordingOverlay {
  readonly #seconds = build('p', { class: 'countdown', 'data-testid': 'countdown', hidden: true });
  readonly #hint = build('p', { class: 'preview-hint', 'data-testid': 'preview-hint', hidden: true });
  #timer = 0;

  constructor(preview: HTMLElement) {
    preview.append(build('div', { 'aria-hidden': 'true' }, this.#seconds, this.#hint));
  }

  /** `isRecording`: the seconds are those that are left of the recording. */
  showSeconds(seconds: number, isRecording: boolean): void {
    this.#seconds.hidden = false;
    this.#seconds.textContent = String(seconds);
    this.#seconds.toggleAttribute('data-recording', isRecording);
  }

  hideSeconds(): void {
    this.#seconds.hidden = true;
  }

  /** Shows a hint for some seconds. */
  showHint(text: string): void {
    this.#hint.hidden = false;
    this.#hint.textContent = text;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.hideHint(), hintMs);
  }

  hideHint(): void {
    this.#hint.hidden = true;
  }
}
