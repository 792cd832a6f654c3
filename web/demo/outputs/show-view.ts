// The show view: camera, winner and output fill the screen. Where the browser has no full screen, as on iPhones, they fill the window.

import { build } from '../dom/build.js';
import { byId } from '../dom/elements.js';
import { texts } from '../texts/texts.js';

/** The show view. It is the preview, which style sheets lay out anew. So the camera plays on. */
export class ShowView {
  readonly #preview = byId('preview');
  /** Elements that the visitor can't reach meanwhile. */
  #inert: HTMLElement[] = [];
  #closed: AbortController | undefined;
  #wakeLock: WakeLockSentinel | undefined;
  #exit: HTMLButtonElement | undefined;

  get isOpen(): boolean {
    return this.#closed !== undefined;
  }

  async open(): Promise<void> {
    if (this.isOpen) return;
    this.#closed = new AbortController();
    const { signal } = this.#closed;
    document.documentElement.dataset['show'] = this.#preview.dataset['show'] = '';
    this.#exit = build(
      'button',
      { type: 'button', class: 'show-exit', 'data-testid': 'show-exit', on: { click: () => this.close() } },
      texts.outputs.endShow,
    );
    this.#preview.append(this.#exit);
    this.#hideOthers();
    this.#exit.focus();
    const listen = (type: string, listener: (event: Event) => void) =>
      document.addEventListener(type, listener, { signal });
    window.addEventListener('keydown', (event) => this.#onKey(event), { signal, capture: true });
    listen('visibilitychange', () => void this.#keepAwake());
    void this.#keepAwake();
    try {
      // The whole page: outside of a smaller element, browsers would silence the announcements.
      await document.documentElement.requestFullscreen({ navigationUI: 'hide' });
    } catch {
      // It fills the window.
      return;
    }
    if (!this.isOpen) return leaveFullScreen();
    listen('fullscreenchange', () => {
      if (!document.fullscreenElement) this.close();
    });
  }

  close(): void {
    if (!this.isOpen) return;
    this.#closed?.abort();
    this.#closed = undefined;
    delete document.documentElement.dataset['show'];
    delete this.#preview.dataset['show'];
    this.#exit?.remove();
    for (const element of this.#inert) element.inert = false;
    leaveFullScreen();
    void this.#wakeLock?.release();
    this.#wakeLock = undefined;
    byId('show-view').focus();
  }

  #onKey(event: KeyboardEvent): void {
    if (event.key === 'Escape') this.close();
    // The page's keys, such as those that record, would change what nobody sees.
    if (event.key.length === 1 && event.key !== ' ') event.stopPropagation();
  }

  /** Makes everything outside of the preview inert. Announcements go on, and dialogs are above the preview. */
  #hideOthers(): void {
    this.#inert = [];
    for (let inside: HTMLElement = this.#preview; inside !== document.body; inside = inside.parentElement!) {
      for (const other of inside.parentElement!.children) {
        if (other === inside || other.id === 'announcer' || other instanceof HTMLDialogElement) continue;
        if (!(other instanceof HTMLElement) || other.inert) continue;
        other.inert = true;
        this.#inert.push(other);
      }
    }
  }

  /** The screen stays on. The browser ends this when the page is hidden. */
  async #keepAwake(): Promise<void> {
    if (document.hidden || !('wakeLock' in navigator)) return;
    try {
      const lock = await navigator.wakeLock.request('screen');
      if (this.isOpen) this.#wakeLock = lock;
      else await lock.release();
    } catch {
      // For example, the battery is low.
    }
  }
}

function leaveFullScreen(): void {
  if (document.fullscreenElement) void document.exitFullscreen();
}
