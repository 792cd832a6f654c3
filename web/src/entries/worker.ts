// Script of the worker that load() starts. In Node it is the script of a thread. It runs once more, as a helper, for pictures that may
// take long to decode.

import { nodeModule } from '../shared/node.js';
import type { ClassifierMethods, Progress } from '../shared/protocol.js';
import { type Port, serve } from '../shared/rpc.js';
import type { Helper, HelperMethods } from '../worker/decode-helper.js';
import { makeHelper } from '../worker/decode-method.js';
import { makeHost } from '../worker/host.js';
import { loadModule } from '../worker/load.js';

/** The part of a worker's global scope that is used. In Node the global scope has none of it. */
const scope = globalThis as unknown as Partial<Port & { close(): void; importScripts(url: string): void }>;

function answer(port: Port, endWorker: () => void): void {
  serve<ClassifierMethods & HelperMethods, Progress>(port, {
    ...makeHost(loadModule, endWorker, startHelper),
    ...makeHelper(),
  });
}

function startHelper(): Helper | Promise<Helper> {
  return scope.postMessage ? startWebHelper() : startNodeHelper();
}

function startWebHelper(): Helper {
  // Bundlers may have made a classic worker of this script. In a module worker, importScripts() throws a TypeError; in Firefox not
  // without an address. A policy that refuses the address throws another error.
  let type: WorkerType = 'classic';
  try {
    scope.importScripts!('data:,');
  } catch (error) {
    if (error instanceof TypeError) type = 'module';
  }
  const worker = new Worker(/* @vite-ignore */ location.href, { type, name: 'teachable-wasm decoder' });
  return {
    ask(message, onAnswer, onFailure) {
      worker.onmessage = ({ data }) => onAnswer(data);
      worker.onmessageerror = onFailure;
      worker.onerror = (event) => {
        event.preventDefault();
        onFailure();
      };
      worker.postMessage(message);
    },
    terminate: () => worker.terminate(),
  };
}

/** The part of node:worker_threads' Worker that is used. */
interface Thread {
  postMessage(message: unknown): void;
  removeAllListeners(): void;
  on(type: string, listener: (value: unknown) => void): void;
  unref(): void;
  terminate(): unknown;
}

async function startNodeHelper(): Promise<Helper> {
  const { Worker: NodeWorker } = await nodeModule<{ Worker: new (url: URL, options: object) => Thread }>(
    'node:worker_threads',
  );
  const thread = new NodeWorker(new URL(import.meta.url), { name: 'teachable-wasm decoder' });
  return {
    ask(message, onAnswer, onFailure) {
      thread.removeAllListeners();
      thread.on('message', onAnswer);
      for (const type of ['messageerror', 'error', 'exit']) thread.on(type, onFailure);
      thread.unref();
      thread.postMessage(message);
    },
    terminate: () => void thread.terminate(),
  };
}

if (scope.postMessage) {
  answer(scope as Port, () => scope.close!());
} else {
  void nodeModule<{ parentPort: MessagePort }>('node:worker_threads').then(({ parentPort }) => {
    answer(parentPort, () => parentPort.close());
    parentPort.start();
  });
}
