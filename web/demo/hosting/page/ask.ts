// Questions to the service worker.

import type { Question } from '../messages.js';

/** Asks a service worker and resolves with its answer. */
export function ask(worker: ServiceWorker, question: Question): Promise<boolean> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = ({ data }) => {
      port1.close();
      resolve(data === true);
    };
    worker.postMessage(question, [port2]);
  });
}
