// The script of the worker that load() starts: a module, a port. In Node it is the script of a thread.

import { makeHost } from './host.js';
import { loadModule } from './load.js';
import { nodeModule } from './node.js';
import type { ClassifierMethods, Progress } from './protocol.js';
import { type Port, serve } from './rpc.js';

const scope = globalThis as unknown as Partial<DedicatedWorkerGlobalScope>;
const answer = (port: Port, endWorker: () => void) =>
  serve<ClassifierMethods, Progress>(port, makeHost(loadModule, endWorker));

if (scope.postMessage) {
  answer(scope as DedicatedWorkerGlobalScope, () => scope.close!());
} else {
  void nodeModule<{ parentPort: MessagePort }>('node:worker_threads').then(({ parentPort }) => {
    answer(parentPort, () => parentPort.close());
    parentPort.start();
  });
}
