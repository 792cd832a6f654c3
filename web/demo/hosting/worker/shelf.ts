// The files that the service worker keeps. Each is kept under its path and its checksum. So a file that two versions of the page share is
// downloaded once, and files of two versions never mix.

import { cacheName, earlyParameter, sumParameter } from '../kept.js';
import { type FileList, sumOf, withTheirGroups } from './files.js';

/** Functions that the shelf needs from its surroundings. Tests replace them. */
export interface Surroundings {
  /** Address of the page's folder, ends in '/'. */
  scope: string;
  files: FileList;
  caches: Pick<CacheStorage, 'open'>;
  fetch(url: string, options: { cache: RequestCache }): Promise<Response>;
  /** Computes the SHA-256 of bytes, in hexadecimal. */
  sum(bytes: ArrayBuffer): Promise<string>;
}

/** Headers of a response that no longer fit once it is decoded and kept. */
const headersOfTransfer = ['content-encoding', 'content-length', 'transfer-encoding', 'vary', 'age'];

/** The kept files. */
export class Shelf {
  readonly #around: Surroundings;
  #cache: Promise<Cache> | undefined;

  constructor(around: Surroundings) {
    this.#around = around;
  }

  /** Returns a file of this version if it is kept. */
  async find(path: string): Promise<Response | undefined> {
    return (await this.#open()).match(this.#keyOf(path));
  }

  /** Returns a kept file with this path, of any version. */
  async findAny(path: string): Promise<Response | undefined> {
    return (await this.#open()).match(this.#around.scope + path, { ignoreSearch: true });
  }

  /** Keeps the files that every visitor needs. Rejects when one can't be had in this version. */
  async keepCore(): Promise<void> {
    await Promise.all(Object.keys(this.#around.files.core).map((path) => this.#keep(path, path === '')));
  }

  /** Keeps the groups of files that hold one of these files. Returns false when a file can't be had in this version. */
  async keepGroupsOf(paths: readonly string[]): Promise<boolean> {
    const wanted = withTheirGroups(paths, this.#around.files);
    const results = await Promise.allSettled(wanted.map((path) => this.#keep(path, false)));
    return results.every(({ status }) => status === 'fulfilled');
  }

  /** Keeps a response that is a file of this version. Returns false for any other response. It consumes the response. */
  async take(path: string, response: Response): Promise<boolean> {
    if (!response.ok) return false;
    const bytes = await response.arrayBuffer();
    if ((await this.#around.sum(bytes)) !== sumOf(path, this.#around.files)) return false;
    await (await this.#open()).put(this.#keyOf(path), decoded(response, bytes));
    return true;
  }

  /** Removes the files of other versions, and copies that nobody took. */
  async removeOthers(): Promise<void> {
    const cache = await this.#open();
    const { core, groups } = this.#around.files;
    const wanted = new Set([core, ...groups].flatMap(Object.keys).map((path) => this.#keyOf(path)));
    for (const { url } of await cache.keys()) {
      const isFile = url.includes(sumParameter) || url.endsWith(earlyParameter);
      if (isFile && !wanted.has(url)) await cache.delete(url);
    }
  }

  /**
   * Keeps a file. The page has just loaded most of them, so its own copy and the browser's cache come first, whatever their age. The
   * checksum tells whether the file is of this version; if not, the server is asked.
   * @param again Whether to fetch a file that is kept: its headers may have changed.
   */
  async #keep(path: string, again: boolean): Promise<void> {
    const early = await this.#takeEarlyCopy(path);
    if (!again && (await this.find(path))) return;
    if (early && (await this.take(path, early))) return;
    for (const cache of ['force-cache', 'reload'] as const) {
      const response = await this.#around.fetch(this.#around.scope + path, { cache });
      if (await this.take(path, response)) return;
    }
    throw new Error(`${this.#around.scope + path} is not the file of this version of the page.`);
  }

  /** Returns the page's own copy of a file, if there is one, and removes it from the cache. */
  async #takeEarlyCopy(path: string): Promise<Response | undefined> {
    const cache = await this.#open();
    const key = this.#around.scope + path + earlyParameter;
    const copy = await cache.match(key);
    if (copy) await cache.delete(key);
    return copy;
  }

  #keyOf(path: string): string {
    return this.#around.scope + path + sumParameter + sumOf(path, this.#around.files);
  }

  #open(): Promise<Cache> {
    this.#cache ??= this.#around.caches.open(cacheName(this.#around.scope));
    return this.#cache;
  }
}

/** Makes a response of its own: browsers refuse one that followed a redirect as an answer to a navigation. */
function decoded({ headers }: Response, bytes: ArrayBuffer): Response {
  const kept = new Headers(headers);
  for (const name of headersOfTransfer) kept.delete(name);
  // The page shows the progress of the download.
  kept.set('content-length', String(bytes.byteLength));
  return new Response(bytes, { headers: kept });
}
