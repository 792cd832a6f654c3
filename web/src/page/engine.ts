// Places where the worker's half runs: a worker, a thread of Node, a worker of the caller, or the caller's own thread.

import { absolute } from '../shared/addresses.js';
import { ClassifierError } from '../shared/errors.js';
import { importingScript } from '../shared/foreign-script.js';
import { atHome } from '../shared/home.js';
import { nodeModule, nodeProcess } from '../shared/node.js';
import type { Port, Transferable } from '../shared/rpc.js';

export interface EngineOptions {
  /** `true`: in a worker, or the load fails. `false`: in the calling thread. Default: in a worker where one can start. */
  worker?: boolean | Worker | undefined;
  workerUrl?: string | URL | undefined;
}

/** The place that answers the calls. */
export interface Engine {
  port: Port;
  /** True in a worker or a thread. */
  worker: boolean;
  /** Returns true when it has sent a message. */
  heard(): boolean;
  /** Ends it immediately. */
  terminate(): void;
}

function engineOf(port: Port, worker: boolean, terminate: () => void): Engine {
  let heard = false;
  port.addEventListener('message', () => {
    heard = true;
  });
  return { port, worker, heard: () => heard, terminate };
}

/** Asks a host that can't be terminated to free its memory. */
function close(port: Port): void {
  port.postMessage({ id: 0, method: 'close', args: {}, reports: false }, []);
}

// A variable, because bundlers would turn the literal form into a second file of the script, or search for all files that it might name.
const here = import.meta.url;

const aboutWorkers =
  "Serve worker.js beside the package's entry, or say where it is with the option 'workerUrl', and allow it in the worker-src policy. If Vite serves the package from another folder than the project's own node_modules, add 'teachable-wasm' to optimizeDeps.exclude.";

/** Starts a worker. Throws 'unsupported-browser' where there are none, 'load-failed' when it can't be started. */
export async function startWorker({ worker, workerUrl }: EngineOptions): Promise<Engine> {
  if (typeof worker === 'object') return connectTo(worker);
  if (typeof Worker === 'function') return startWebWorker(workerUrl);
  if (nodeProcess()) return startNodeThread(workerUrl);
  throw new ClassifierError('unsupported-browser', 'This environment has no workers.');
}

/**
 * Starts the worker's half in the calling thread and returns a port to it. The entries pass it in, because the page's half does not
 * import the worker's; its code is fetched only when it is called.
 */
export type StartHere = () => Promise<Port>;

/** Runs the worker's half in the calling thread. */
export async function runHere(startHere: StartHere): Promise<Engine> {
  const port = await startHere();
  return engineOf(port, false, () => close(port));
}

/** Makes the error for a worker that ended before it sent a message. */
export function neverStarted({ worker, workerUrl }: EngineOptions, lost: ClassifierError): ClassifierError {
  const reason = lost.cause ? `: ${String(lost.cause)}` : '';
  const [what, advice] =
    typeof worker === 'object'
      ? ['that was given', "Its module has to call serveClassifiers() of 'teachable-wasm/worker'."]
      : [scriptUrl(workerUrl), aboutWorkers];
  return new ClassifierError('load-failed', `The worker ${what} did not start${reason}. ${advice}`, { cause: lost });
}

function scriptUrl(workerUrl: string | URL | undefined): string {
  return workerUrl === undefined ? new URL('./worker.js', here).href : absolute(workerUrl);
}

/** Time that a worker of the caller has, after an error in it, to show that it serves us nevertheless. */
const firstMessageMs = 5000;

/**
 * Connects to a worker of the caller that runs `serveClassifiers()` (entries/own-worker.ts). It may do other work too, and is not ours
 * to end.
 */
function connectTo(worker: Worker): Engine {
  const { port1, port2 } = new MessageChannel();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let onError = (_: Event) => {};
  const settle = () => {
    clearTimeout(timer);
    worker.removeEventListener('error', onError);
  };
  const port: Port = {
    postMessage: (message, transfer) => port1.postMessage(message, transfer),
    addEventListener(type, listener) {
      port1.addEventListener(type, listener);
      if (type !== 'error') return;
      // An error in the worker's other code doesn't end the worker. It matters only if nobody ever answers us.
      onError = (event) => {
        // For a missing script, browsers report an error without a message.
        timer ??= setTimeout(() => (settle(), listener(event)), 'message' in event ? firstMessageMs : 0);
      };
      worker.addEventListener('error', onError);
    },
  };
  port1.addEventListener('message', settle, { once: true });
  port1.start();
  worker.postMessage({ teachableWasm: port2 }, [port2]);
  return engineOf(port, true, () => {
    settle();
    close(port);
  });
}

function startWebWorker(workerUrl: string | URL | undefined): Engine {
  try {
    try {
      const worker = newWorker(workerUrl);
      return engineOf(worker, true, () => worker.terminate());
    } catch (cause) {
      // Scripts of another origin, such as a CDN's, can't become workers. A script of our own may import them.
      if ((cause as Error).name !== 'SecurityError') throw cause;
      return startThroughBlob(scriptUrl(workerUrl));
    }
  } catch (cause) {
    // A policy that forbids workers: WebKit throws, other engines report it later.
    const what = `The worker ${scriptUrl(workerUrl)} did not start: ${(cause as Error).message}`;
    throw new ClassifierError('load-failed', `${what} ${aboutWorkers}`, { cause });
  }
}

/** Returns the address of the worker's script if a development server has moved this script away from it. */
function movedScript(): string | undefined {
  const address = scriptUrl(undefined);
  const home = atHome(address);
  return home === address ? undefined : home;
}

function newWorker(workerUrl: string | URL | undefined): Worker {
  // Bundlers recognize a worker by this literal form only, so it is written out twice.
  const url = workerUrl ?? movedScript();
  return url
    ? new Worker(url, { type: 'module', name: 'teachable-wasm' })
    : new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'teachable-wasm' });
}

function startThroughBlob(url: string): Engine {
  const address = importingScript(url);
  const worker = new Worker(/* @vite-ignore */ address, { type: 'module', name: 'teachable-wasm' });
  return engineOf(worker, true, () => {
    worker.terminate();
    URL.revokeObjectURL(address);
  });
}

/** The part of node:worker_threads' Worker that is used. */
interface NodeThread {
  postMessage(message: unknown, transfer: readonly Transferable[]): void;
  on(type: string, listener: (value: unknown) => void): void;
  ref(): void;
  unref(): void;
  terminate(): Promise<unknown>;
}

async function startNodeThread(workerUrl: string | URL | undefined): Promise<Engine> {
  const { Worker: Thread } = await nodeModule<{ Worker: new (url: URL, options: object) => NodeThread }>(
    'node:worker_threads',
  );
  const thread = new Thread(new URL(scriptUrl(workerUrl)), { name: 'teachable-wasm' });
  // An idle classifier must not keep the process alive.
  thread.unref();
  // A test environment takes its classes away before the thread ends, and they fit no others.
  const { EventTarget, Event, MessageEvent } = globalThis;
  const events = new EventTarget();
  thread.on('message', (data) => events.dispatchEvent(new MessageEvent('message', { data })));
  thread.on('messageerror', () => events.dispatchEvent(new Event('messageerror')));
  thread.on('error', (error) =>
    events.dispatchEvent(Object.assign(new Event('error'), { message: (error as Error).message })),
  );
  thread.on('exit', () => events.dispatchEvent(new Event('error')));
  const port: Port = {
    postMessage: (message, transfer) => thread.postMessage(message, transfer),
    addEventListener: (type, listener) => events.addEventListener(type, listener),
    ref: () => thread.ref(),
    unref: () => thread.unref(),
  };
  return engineOf(port, true, () => void thread.terminate());
}
