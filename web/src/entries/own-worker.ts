/**
 * Runs classifiers in a worker of your own: it answers `load({ worker })` of the page, beside its other work.
 * @module teachable-wasm/worker
 */

import { brandOf } from '../shared/brand.js';
import type { ClassifierMethods, Progress } from '../shared/protocol.js';
import { serve } from '../shared/rpc.js';
import { makeHost } from '../worker/host.js';
import { loadModule } from '../worker/load.js';
import { endThreads } from '../worker/threads.js';

/**
 * Answers every `load({ worker })` that names this worker. Call it once, at the top of the worker's module. It ignores all messages
 * that are not from `load()`.
 *
 * A classifier for use inside the worker itself comes from `load({ worker: false })`, called there.
 */
export function serveClassifiers(): void {
  globalThis.addEventListener('message', (event) => {
    const port = (event as MessageEvent<{ teachableWasm?: unknown } | null>).data?.teachableWasm;
    if (!isPort(port)) return;
    const host = makeHost(loadModule, (module) => {
      endThreads(module);
      port.close();
    });
    serve<ClassifierMethods, Progress>(port, host);
    port.start();
    // The first message tells that this worker serves, whatever else fails in it.
    port.postMessage({ id: 0, kind: 'progress' });
  });
}

function isPort(value: unknown): value is MessagePort {
  return brandOf(value) === 'MessagePort';
}
