// The service worker of the development server: it removes itself, and the files that it kept. Somebody who served the built page under
// the same address before would otherwise see that page forever.

import { cacheName } from '../kept.js';

declare const self: ServiceWorkerGlobalScope;

self.addEventListener('install', () => void self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(remove()));

async function remove(): Promise<void> {
  await caches.delete(cacheName(self.registration.scope));
  await self.clients.claim();
  const windows = await self.clients.matchAll({ type: 'window' });
  await self.registration.unregister();
  for (const each of windows) await each.navigate(each.url);
}
