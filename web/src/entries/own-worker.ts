/**
 * For a worker of your own: it answers load({ worker }) of the page, beside whatever else it does.
 * @module teachable-wasm/worker
 */

import type { ClassifierMethods, Progress } from '../shared/protocol.js';
import { serve } from '../shared/rpc.js';
import { makeHost } from '../worker/host.js';
import { loadModule } from '../worker/load.js';
import { endThreads } from '../worker/threads.js';

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
