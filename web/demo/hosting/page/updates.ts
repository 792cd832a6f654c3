// Tells the visitor about a new version of the page. It is loaded when the visitor says so.

import { build } from '../../dom/build.js';
import { byId, makeButton } from '../../dom/elements.js';
import { texts } from '../../texts/texts.js';
import { ask } from './ask.js';
import type { HostedPage } from './host.js';

/** Browsers look for a new version when the page loads. A page that stays open looks for one at most this often. */
const minMsBetweenChecks = 3_600_000;

/** Watches for a new version, and shows a notice when it is ready. */
export function watchUpdates(
  container: ServiceWorkerContainer,
  registration: ServiceWorkerRegistration,
  page: HostedPage,
): void {
  const show = () => showNotice(container, registration, page);
  // Without a controller, this is the first visit, or one past the service worker.
  let isControlled = container.controller !== null;
  if (registration.waiting && isControlled) show();
  registration.addEventListener('updatefound', () => {
    const { installing } = registration;
    installing?.addEventListener('statechange', () => installing.state === 'installed' && isControlled && show());
  });
  // Another tab may have switched to the new version. This one still runs the old code.
  container.addEventListener('controllerchange', () => {
    if (isControlled) show();
    isControlled = true;
  });
  let checkedAt = performance.now();
  document.addEventListener('visibilitychange', () => {
    if (document.hidden || performance.now() - checkedAt < minMsBetweenChecks) return;
    checkedAt = performance.now();
    registration.update().catch(() => {});
  });
}

function showNotice(
  container: ServiceWorkerContainer,
  registration: ServiceWorkerRegistration,
  page: HostedPage,
): void {
  if (document.getElementById('update')) return;
  const text = build('span', {}, texts.hosting.update);
  const button = makeButton(texts.hosting.reload, async () => {
    button.disabled = true;
    if (await page.save()) return loadNewVersion(container, registration);
    button.disabled = false;
    text.textContent = texts.hosting.notSaved;
  });
  byId('alert').before(build('p', { class: 'alert', id: 'update', 'data-testid': 'update' }, text, button));
  // Screen readers don't read an element that comes with its text.
  byId('announcer').textContent = texts.hosting.update;
}

async function loadNewVersion(
  container: ServiceWorkerContainer,
  { waiting }: ServiceWorkerRegistration,
): Promise<void> {
  if (waiting) {
    const changed = new Promise((resolve) => container.addEventListener('controllerchange', resolve, { once: true }));
    void ask(waiting, { ask: 'take-over' });
    await changed;
  }
  location.reload();
}
