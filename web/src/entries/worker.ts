// Script of the worker that load() starts. In Node it is the script of a thread.

import { nodeModule } from '../shared/node.js';
import type { ClassifierMethods, Progress } from '../shared/protocol.js';
import { type Port, serve } from '../shared/rpc.js';
import { makeHost } from '../worker/host.js';
import { loadModule } from '../worker/load.js';

/** The part of a worker's global scope that is used. In Node the global scope has none of it. */
const scope = globalThis as unknown as Partial<Port & { close(): void }>;
const answer = (port: Port, endWorker: () => void) =>
  serve<ClassifierMethods, Progress>(port, makeHost(loadModule, endWorker));

if (scope.postMessage) {
  answer(scope as Port, () => scope.close!());
} else {
  void nodeModule<{ parentPort: MessagePort }>('node:worker_threads').then(({ parentPort }) => {
    answer(parentPort, () => parentPort.close());
    parentPort.start();
  });
}
