// The service worker of the page. It has two tasks: the page starts without a network after the first visit, and it can have threads on
// hosts that don't send the headers for them.

import type { Question } from '../messages.js';
import { type FileList, isNamedByContent, pathOf, sumOf } from './files.js';
import { Isolation, isolated } from './isolation.js';
import { Shelf } from './shelf.js';

/** The files of this version; the build replaces the name by their list. */
declare const fileList: FileList;
declare const self: ServiceWorkerGlobalScope;

const { scope } = self.registration;
const shelf = new Shelf({
  scope,
  files: fileList,
  caches,
  fetch: (url, options) => fetch(url, options),
  sum: async (bytes) => toHex(await crypto.subtle.digest('SHA-256', bytes)),
});
const isolation = new Isolation(scope, caches);

self.addEventListener('install', (event) => event.waitUntil(shelf.keepCore()));
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
self.addEventListener('message', (event) => event.waitUntil(reply(event.data as Question, event.ports[0])));
self.addEventListener('fetch', (event) => {
  const path = pathOf(event.request, scope);
  if (path === undefined) return;
  if (sumOf(path, fileList)) event.respondWith(answer(path, event));
  else if (isNamedByContent(path)) event.respondWith(answerEarlier(path, event.request));
});

async function answer(path: string, event: FetchEvent): Promise<Response> {
  if (event.request.mode === 'navigate') event.waitUntil(removeEarlierFiles());
  const kept = await shelf.find(path).catch(() => undefined);
  const response = kept ?? (await load(path, event));
  return (await isIsolating()) ? isolated(response) : response;
}

/** Answers a tab whose page is of an earlier version. */
async function answerEarlier(path: string, request: Request): Promise<Response> {
  const kept = await shelf.findAny(path).catch(() => undefined);
  const response = kept ?? (await fetch(request));
  return (await isIsolating()) ? isolated(response) : response;
}

/** Loads a file from the server, and keeps it when it is of this version. */
async function load(path: string, event: FetchEvent): Promise<Response> {
  const { request } = event;
  // A navigation can't be changed. For all others, the browser asks the server whether its own copy is still the right one.
  const response = await (request.mode === 'navigate' ? fetch(request) : fetch(request, { cache: 'no-cache' }));
  const copy = response.clone();
  const keeping = shelf.take(path, copy).then((isKept) => {
    // The server has a newer version of the page. The browser would find it only with the next navigation.
    if (response.ok && !isKept) return self.registration.update().then(() => {});
    return undefined;
  });
  // Without space for it, the page works all the same.
  event.waitUntil(keeping.catch(() => {}));
  return response;
}

/** Removes files of earlier versions, unless an open tab may still need them. */
async function removeEarlierFiles(): Promise<void> {
  const windows = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  if (windows.length === 0) await shelf.removeOthers().catch(() => {});
}

const isIsolating = () => isolation.isOn().catch(() => false);

async function reply(question: Question, port: MessagePort | undefined): Promise<void> {
  port?.postMessage(await answerTo(question).catch(() => false));
}

async function answerTo(question: Question): Promise<boolean> {
  switch (question.ask) {
    case 'keep':
      return shelf.keepGroupsOf(question.paths);
    case 'isolates':
      return isolation.isOn();
    case 'isolate':
      await isolation.decide(question.on);
      return true;
    case 'take-over':
      // The answer doesn't wait for it: the page hears of the change from the browser.
      void self.skipWaiting();
      return true;
  }
}

function toHex(bytes: ArrayBuffer): string {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
