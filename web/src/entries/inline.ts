// The worker's half in the caller's thread, behind the same port.

import { toPlain } from '../shared/plain.js';
import type { ClassifierMethods, Progress } from '../shared/protocol.js';
import { type Port, serve } from '../shared/rpc.js';
import { makeHost } from '../worker/host.js';
import { loadModule } from '../worker/load.js';
import { endThreads } from '../worker/threads.js';

/** Returns a port that is answered in this thread. */
export function makeInlinePort(): Port {
  const [near, far] = makePorts();
  serve<ClassifierMethods, Progress>(far, makeHost(loadModule, endThreads));
  return near;
}

/** Makes two connected ports. Messages are cloned, so that what callers pass stays theirs. */
function makePorts(): [Port, Port] {
  // A test environment takes its classes away before the last message, and they fit no others.
  const { EventTarget, MessageEvent } = globalThis;
  const near = new EventTarget();
  const far = new EventTarget();
  const portTo = (here: EventTarget, there: EventTarget): Port => ({
    postMessage(message, transfer) {
      // Jest's jsdom environment has no structuredClone().
      const data = typeof structuredClone === 'function' ? structuredClone(message, { transfer }) : toPlain(message);
      queueMicrotask(() => there.dispatchEvent(new MessageEvent('message', { data })));
    },
    addEventListener: (type, listener) => here.addEventListener(type, listener),
  });
  return [portTo(near, far), portTo(far, near)];
}
