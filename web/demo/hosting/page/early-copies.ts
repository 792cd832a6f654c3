// Copies of what the page fetches in the first visit, before its service worker sees the requests: module and model.
//
// The service worker takes them from the browser's own cache, too. But private windows of Safari have no such cache, and some servers
// forbid it. Without the copies, such browsers would download module and model twice.

import { cacheName, earlyParameter } from '../kept.js';

/** Copies what is fetched from the page's folder from now on. Returns a function that ends this and resolves when all copies are made. */
export function keepEarlyCopies(): () => Promise<void> {
  const folder = new URL('./', document.baseURI).href;
  const { fetch } = globalThis;
  const copies: Promise<void>[] = [];
  globalThis.fetch = async (input, init) => {
    const response = await fetch(input, init);
    // The package asks for its files by address.
    if (typeof input === 'string' && input.startsWith(folder) && response.ok)
      copies.push(copy(folder, input, response.clone()));
    return response;
  };
  return async () => {
    globalThis.fetch = fetch;
    await Promise.allSettled(copies);
  };
}

async function copy(folder: string, url: string, response: Response): Promise<void> {
  const cache = await caches.open(cacheName(folder));
  await cache.put(url + earlyParameter, response);
}
