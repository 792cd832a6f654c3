// Connects the page with its service worker. Where service workers don't run, such as in private windows of Firefox, the page works as
// without it.

import { readUrlOptions } from '../../app/url-options.js';
import { build } from '../../dom/build.js';
import { byId } from '../../dom/elements.js';
import { texts } from '../../texts/texts.js';
import { ask } from './ask.js';
import { connectCores } from './cores.js';
import { watchUpdates } from './updates.js';

/** Functions that hosting needs from the rest of the page. */
export interface HostedPage {
  /** Saves everything now. Resolves with false when examples would be lost if the page closed now. */
  save(): Promise<boolean>;
}

/**
 * Registers the service worker and shows what it offers. Call it when the engine runs, so that it doesn't compete with the download of
 * module and model. `endCopies` as returned by `keepEarlyCopies()`. Rejects where service workers are refused.
 */
export async function connectHosting(page: HostedPage, endCopies: () => Promise<void>): Promise<void> {
  const container = navigator.serviceWorker;
  const registration = await container.register('service-worker.js', { updateViaCache: 'none' });
  watchUpdates(container, registration, page);
  const { active } = await container.ready;
  await endCopies();
  const paths = pathsOf(performance.getEntriesByType('resource'), new URL('./', document.baseURI).href);
  const isKept = ask(active!, { ask: 'keep', paths });
  await connectCores(active!, page);
  // The service worker doesn't know a network that the page's address names.
  if ((await isKept) && readUrlOptions(location.search).model === undefined) showOffline();
}

/** Returns the paths of loaded files within the page's folder. */
export function pathsOf(entries: readonly Pick<PerformanceEntry, 'name'>[], folder: string): string[] {
  return entries.filter(({ name }) => name.startsWith(folder)).map(({ name }) => name.slice(folder.length));
}

function showOffline(): void {
  const { offline, offlineTitle } = texts.hosting;
  byId('variant').after(build('span', { 'data-testid': 'offline', title: offlineTitle }, offline));
}
