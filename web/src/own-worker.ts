/**
 * For a worker of your own: it answers load({ worker }) of the page, beside whatever else it does.
 * @module teachable-wasm/worker
 */

import { makeHost } from './host.js';
import { loadModule } from './load.js';
import type { ClassifierMethods, Progress } from './protocol.js';
import { serve } from './rpc.js';
import { endThreads } from './threads.js';

/**
 * Answers every load({ worker }) that names this worker. Call it once, at the top of the worker's module. Messages that
 * aren't from load() are left alone.
 *
 * To use a classifier inside of the worker itself, call load({ worker: false }) there instead.
 */
export function serveClassifiers(): void {
  globalThis.addEventListener('message', (event) => {
    const port = (event as MessageEvent<{ teachableWasm?: unknown } | null>).data?.teachableWasm;
    if (!(port instanceof MessagePort)) return;
    const host = makeHost(loadModule, (module) => {
      endThreads(module);
      port.close();
    });
    serve<ClassifierMethods, Progress>(port, host);
    port.start();
    // The first word tells that somebody serves, whatever else fails in this worker.
    port.postMessage({ id: 0, kind: 'progress' });
  });
}
