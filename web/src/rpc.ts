// Typed calls over postMessage, with transfer lists, progress, cancellation and errors that keep their code.

import { ClassifierError, fromWire, toWire, type WireError } from './errors.js';

/** The part of Worker, MessagePort and a worker's global scope that is used here. */
export interface Port {
  postMessage(message: unknown, transfer: Transferable[]): void;
  addEventListener(type: 'message' | 'messageerror' | 'error', listener: (event: Event) => void): void;
  /** Of a thread of Node: whether the process waits for it. */
  ref?(): void;
  unref?(): void;
}

/** Methods keyed by name, each with one argument. */
export type Methods<M> = { [K in keyof M]: (args: never) => unknown };

type Args<M extends Methods<M>, K extends keyof M> = Parameters<M[K]>[0];
type Value<M extends Methods<M>, K extends keyof M> = ReturnType<M[K]>;

interface Request {
  id: number;
  method: string;
  args: unknown;
  /** Whether anyone hears of progress. */
  reports: boolean;
}

interface Cancellation {
  id: number;
  cancel: true;
}

type Response =
  | { id: number; kind: 'value'; value: unknown }
  | { id: number; kind: 'error'; error: WireError }
  | { id: number; kind: 'progress'; progress: unknown };

export interface CallOptions {
  /** Moved to the other side, not copied. */
  transfer?: Transferable[];
  onProgress?: ((progress: never) => void) | undefined;
  /** When it aborts, the call rejects with 'aborted' and has no effect, or the answer comes because the work was done already. */
  signal?: AbortSignal | undefined;
}

/** The calling side of a port. */
export interface Caller<M extends Methods<M>> {
  /** Rejects with the other side's error, with 'worker-lost' when that side dies, with close()'s error after close(). */
  call<K extends keyof M>(method: K, args: Args<M, K>, options?: CallOptions): Promise<Value<M, K>>;
  /** Rejects what is pending and every later call with `error`. The first close counts. */
  close(error: ClassifierError): void;
}

interface Pending {
  settle(): void;
  resolve(value: unknown): void;
  reject(error: ClassifierError): void;
  onProgress: ((progress: never) => void) | undefined;
}

/** Connects to a port that serve() answers. */
export function connect<M extends Methods<M>>(port: Port): Caller<M> {
  const pending = new Map<number, Pending>();
  let lastId = 0;
  let closed: ClassifierError | undefined;

  function take(id: number): Pending | undefined {
    const waiting = pending.get(id);
    if (!pending.delete(id)) return undefined;
    waiting!.settle();
    if (pending.size === 0) port.unref?.();
    return waiting;
  }

  function close(error: ClassifierError): void {
    if (closed) return;
    closed = error;
    for (const id of [...pending.keys()]) take(id)!.reject(error);
  }

  port.addEventListener('message', (event) => {
    const response = (event as MessageEvent<Response>).data;
    if (response.kind === 'progress') {
      pending.get(response.id)?.onProgress?.(response.progress as never);
      return;
    }
    const waiting = take(response.id);
    if (!waiting) return;
    if (response.kind === 'value') waiting.resolve(response.value);
    else waiting.reject(fromWire(response.error));
  });
  port.addEventListener('messageerror', () => {
    close(new ClassifierError('worker-lost', 'A message of the worker could not be read. Dispose this classifier and load a new one.'));
  });
  port.addEventListener('error', (event) => {
    event.preventDefault();
    const cause = whatAndWhere(event);
    close(new ClassifierError('worker-lost', `The worker stopped${cause && `: ${cause}`}. Dispose this classifier and load a new one.`, { cause }));
  });

  return {
    call(method, args, options = {}) {
      return new Promise((resolve, reject) => {
        if (closed) throw closed;
        const { signal, onProgress, transfer = [] } = options;
        if (signal?.aborted) throw aborted(signal);
        const id = ++lastId;
        // Posted before it counts as pending: what can't be cloned throws here and leaves nothing behind.
        port.postMessage({ id, method: String(method), args, reports: onProgress !== undefined } satisfies Request, transfer);
        const cancel = () => port.postMessage({ id, cancel: true } satisfies Cancellation, []);
        signal?.addEventListener('abort', cancel);
        if (pending.size === 0) port.ref?.();
        pending.set(id, { settle: () => signal?.removeEventListener('abort', cancel), resolve: resolve as Pending['resolve'], reject, onProgress });
      });
    },
    close,
  };
}

/** What a call rejects with when its signal aborted. */
export function aborted(signal: AbortSignal | undefined): ClassifierError {
  return new ClassifierError('aborted', 'The call was aborted by its signal.', { cause: signal?.reason });
}

/** Empty for a script that didn't arrive: of that browsers say nothing. */
function whatAndWhere(event: Event): string {
  const { message, filename, lineno } = event as Partial<ErrorEvent>;
  if (!message) return '';
  return `${message}${filename ? ` (${filename}:${lineno})` : ''}`;
}

/** What a handler returns when parts of its value are to be moved, not copied. */
export class Moved<T> {
  constructor(
    readonly value: T,
    readonly transfer: Transferable[],
  ) {}
}

/** What a handler may use besides its argument. */
export interface Context<P> {
  /** Sends progress to the caller; undefined when nobody hears of it. */
  report: ((progress: P) => void) | undefined;
  /** Aborts when the caller doesn't want the answer any more. */
  signal: AbortSignal;
}

/** One function a method. */
export type Handlers<M extends Methods<M>, P = unknown> = {
  [K in keyof M]: (args: Args<M, K>, context: Context<P>) => Result<Value<M, K>>;
};

type Result<T> = T | Moved<T> | Promise<T | Moved<T>>;

/** Answers the requests of a port, one at a time and in order: a handler that awaits is never overtaken. */
export function serve<M extends Methods<M>, P = unknown>(port: Port, handlers: Handlers<M, P>): void {
  const table = new Map(Object.entries(handlers) as [string, (args: unknown, context: Context<P>) => unknown][]);
  const running = new Map<number, AbortController>();
  const send = (response: Response, transfer: Transferable[] = []) => port.postMessage(response, transfer);

  async function answer({ id, method, args, reports }: Request, signal: AbortSignal): Promise<void> {
    try {
      if (signal.aborted) throw aborted(undefined);
      const handler = table.get(method);
      if (!handler) throw new ClassifierError('internal', `The worker has no method '${method}': page and worker are of different versions.`);
      const report = reports ? (progress: P) => send({ id, kind: 'progress', progress }) : undefined;
      const value = await handler(args, { report, signal });
      if (value instanceof Moved) send({ id, kind: 'value', value: value.value }, value.transfer);
      else send({ id, kind: 'value', value });
    } catch (error) {
      send({ id, kind: 'error', error: toWire(error) });
    } finally {
      running.delete(id);
    }
  }

  let last = Promise.resolve();
  port.addEventListener('message', (event) => {
    const message = (event as MessageEvent<Partial<Request & Cancellation>>).data;
    if (typeof message?.id !== 'number') return;
    if (message.cancel) return running.get(message.id)?.abort();
    if (typeof message.method !== 'string') return;
    const controller = new AbortController();
    running.set(message.id, controller);
    last = last.then(() => answer(message as Request, controller.signal)).then(nextTask);
  });
}

/** Lets messages in between two requests: a cancellation that waits behind them would come too late. */
function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { setImmediate } = globalThis as { setImmediate?: (callback: () => void) => void };
    if (setImmediate) return setImmediate(resolve);
    // A timer would wait for milliseconds.
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
