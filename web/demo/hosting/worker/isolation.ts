// The headers that isolate a page, for hosts that can't send them. Browsers let only isolated pages share memory, which threads need.
//
// The service worker adds them only when the visitor has asked for it: isolation takes effect with a load of the page, fetches another
// build of the module, and cuts the ties to windows that opened the page.

import { cacheName } from '../kept.js';

/** The visitor's decision. It is kept beside the files, because a service worker has no other storage that is as simple. */
export class Isolation {
  readonly #scope: string;
  readonly #caches: Pick<CacheStorage, 'open'>;
  #isOn: Promise<boolean> | undefined;

  constructor(scope: string, caches: Pick<CacheStorage, 'open'>) {
    this.#scope = scope;
    this.#caches = caches;
  }

  /** True when the headers are to be added. */
  isOn(): Promise<boolean> {
    this.#isOn ??= this.#read();
    return this.#isOn;
  }

  /** Stores a decision. Rejects when the browser has no space for it. */
  async decide(isOn: boolean): Promise<void> {
    const cache = await this.#open();
    if (isOn) await cache.put(this.#key, new Response());
    else await cache.delete(this.#key);
    this.#isOn = Promise.resolve(isOn);
  }

  async #read(): Promise<boolean> {
    return (await (await this.#open()).match(this.#key)) !== undefined;
  }

  get #key(): string {
    return `${this.#scope}?isolated`;
  }

  #open(): Promise<Cache> {
    return this.#caches.open(cacheName(this.#scope));
  }
}

/** Returns the response with the headers that isolate a page. They are needed by the page and by its workers. */
export function isolated(response: Response): Response {
  // The browser itself follows the redirect of a navigation, and an error stays one.
  if (response.type === 'opaqueredirect' || response.type === 'error') return response;
  const { body, status, statusText } = response;
  const headers = new Headers(response.headers);
  headers.set('Cross-Origin-Opener-Policy', 'same-origin');
  headers.set('Cross-Origin-Embedder-Policy', 'require-corp');
  // A response with one of these statuses must not have a body.
  return new Response([204, 205, 304].includes(status) ? null : body, { status, statusText, headers });
}
