// Announcements for screen readers.

import { byId } from '../dom/elements.js';

const minMsBetweenAnnouncements = 2000;

/** Announces a new winner, at most every two seconds. */
export class Announcer {
  #text = '';
  #announcedAt = -Infinity;

  announce(text: string): void {
    const now = performance.now();
    if (text === this.#text || now - this.#announcedAt < minMsBetweenAnnouncements) return;
    this.#text = text;
    this.#announcedAt = now;
    byId('announcer').textContent = text;
  }
}
