// Starts what the page has when it is hosted: see page/host.ts.

import type { HostedPage } from './page/host.js';

/** Starts it in the folder that `npm run build:demo` writes. Only there the page has a web manifest; the development server has none. */
export function startHosting(page: HostedPage): void {
  // Without a secure context, there is no such property.
  if (!('serviceWorker' in navigator) || !document.querySelector('link[rel=manifest]')) return;
  // Where it can't be loaded, the page works as without it.
  import('./page/host.js').then(({ connectHosting }) => connectHosting(page)).catch(() => {});
}
