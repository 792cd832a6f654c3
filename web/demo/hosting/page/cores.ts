// The switch "Use all cores", on hosts that don't send the headers for threads.

import { detectFeatures } from 'teachable-wasm';
import { build } from '../../dom/build.js';
import { byId } from '../../dom/elements.js';
import { texts } from '../../texts/texts.js';
import { ask } from './ask.js';
import type { HostedPage } from './host.js';
import { canHelp, isNotedReload, noteReload, stateAfterLoad } from './reload-guard.js';

const storage = () => sessionStorage;

/** Shows the switch where it can help. A change of it saves the examples and reloads the page once. */
export async function connectCores(worker: ServiceWorker, page: HostedPage): Promise<void> {
  const features = detectFeatures();
  const state = stateAfterLoad({
    isIsolated: features.isolated && features.sharedMemory,
    isAsked: await ask(worker, { ask: 'isolates' }),
    isReload: isNotedReload(storage),
    canHelp: canHelp({ ...features, isFramed: window.top !== window }),
  });
  if (state === 'hidden') return;
  const text = build('span', { class: 'cores-text', role: 'status', 'data-testid': 'cores-text' });
  const input = build('input', {
    type: 'checkbox',
    role: 'switch',
    'data-testid': 'cores',
    on: { change: () => void change(worker, page, input, text) },
  });
  input.checked = state === 'on';
  const label = build('label', { class: 'cores', title: texts.hosting.coresTitle }, input, texts.hosting.cores);
  byId('variant').parentElement!.append(label, text);
  if (state !== 'failed') return;
  await ask(worker, { ask: 'isolate', on: false });
  text.textContent = texts.hosting.coresFailed;
}

async function change(
  worker: ServiceWorker,
  page: HostedPage,
  input: HTMLInputElement,
  text: HTMLElement,
): Promise<void> {
  input.disabled = true;
  text.textContent = texts.hosting.saving;
  const isSaved = await page.save();
  if (!(await ask(worker, { ask: 'isolate', on: input.checked })) || !noteReload(storage)) {
    input.checked = !input.checked;
    input.disabled = false;
    text.textContent = texts.hosting.coresFailed;
    return;
  }
  if (isSaved) return location.reload();
  input.disabled = false;
  text.textContent = texts.hosting.notSaved;
}
