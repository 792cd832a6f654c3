// A Worker for Node tests: the real host with the test double of the module, behind a MessageChannel.

import { makeFakeModule } from './fake-module.mjs';

/**
 * Makes the class that stands in for the global Worker.
 * @param {{serve: Function, makeHost: Function}} sources Of web/src/shared/rpc.ts and web/src/worker/host.ts.
 * @param {object} [module] The module that all workers share.
 */
export function makeWorkerDouble({ serve, makeHost }, module = makeFakeModule()) {
  return class WorkerDouble extends EventTarget {
    static module = module;
    /** Workers that were started and have not ended. */
    static running = new Set();
    #port;

    constructor() {
      super();
      const { port1, port2 } = new MessageChannel();
      this.#port = port1;
      serve(
        port2,
        makeHost(
          async () => module,
          () => this.terminate(),
        ),
      );
      port1.addEventListener('message', ({ data }) => this.dispatchEvent(new MessageEvent('message', { data })));
      port1.start();
      port2.start();
      WorkerDouble.running.add(this);
    }

    postMessage(message, transfer) {
      this.#port.postMessage(message, transfer);
    }

    terminate() {
      this.#port.close();
      WorkerDouble.running.delete(this);
    }
  };
}

/** Bytes that the test double takes for a model. */
export const fakeModel = { bytes: new TextEncoder().encode('TFL3 a model') };
