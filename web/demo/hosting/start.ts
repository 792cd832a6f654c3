// Starts what the page has when it is hosted: see page/host.ts.

import { keepEarlyCopies } from './page/early-copies.js';
import type { HostedPage } from './page/host.js';

/**
 * Call it before the engine loads, and what it returns when the engine runs. It does something only in the folder that
 * `npm run build:demo` writes: there the page has a web manifest, which the development server has not.
 */
export function startHosting(page: HostedPage): () => void {
  // Without a secure context, there are no service workers.
  if (!('serviceWorker' in navigator) || !document.querySelector('link[rel=manifest]')) return () => {};
  const isFirstVisit = navigator.serviceWorker.controller === null;
  const endCopies = isFirstVisit ? keepEarlyCopies() : async () => {};
  return () => void connect(page, endCopies);
}

async function connect(page: HostedPage, endCopies: () => Promise<void>): Promise<void> {
  try {
    const { connectHosting } = await import('./page/host.js');
    await connectHosting(page, endCopies);
  } catch {
    // Browsers refuse service workers for many reasons. The page works as without them.
    await endCopies();
  }
}
