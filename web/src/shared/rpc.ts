// Typed calls over postMessage, with transfer lists, progress, cancellation and errors that keep their code.

import { aborted, whenAborted } from './abort.js';
import { isPromise } from './brand.js';
import { ClassifierError, fromWire, toClassifierError, toWire, type WireError } from './errors.js';
import { callbackFailed } from './foreign.js';
import { toPlain } from './plain.js';

/** Objects that are transferred, not copied. */
export type Transferable = ArrayBuffer | ImageBitmap | MessagePort | OffscreenCanvas | ReadableStream | VideoFrame;

/** The part of Worker, MessagePort and a worker's global scope that is used here. */
export interface Port {
  postMessage(message: unknown, transfer: Transferable[]): void;
  addEventListener(type: 'message' | 'messageerror' | 'error', listener: (event: Event) => void): void;
  /** Node threads only: makes the process wait for the thread. */
  ref?(): void;
  /** Node threads only: lets the process end without the thread. */
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
  /** True when the caller wants progress reports. */
  reports: boolean;
}

interface Cancellation {
  id: number;
  cancel: true;
}

export type Response =
  | { id: number; kind: 'value'; value: unknown }
  | { id: number; kind: 'error'; error: WireError }
  | { id: number; kind: 'progress'; progress: unknown };

export interface CallOptions {
  /** When it throws, the call is cancelled and rejects with 'bad-argument'. */
  onProgress?: ((progress: never) => void) | undefined;
  /** Aborts the call, which rejects with 'aborted' immediately. The other side is told. */
  signal?: AbortSignal | undefined;
  /** The call changes state. After it was posted, an abort is only a request: the call either rejects without effect or completes. */
  changes?: boolean | undefined;
}

/** Argument of a call: plain, with a transfer list, or still to be made. Objects that are never posted are closed. */
export type Sent<T> = T | Transfer<T> | Promise<T | Transfer<T>>;

/** The calling side of a port. */
export interface Caller<M extends Methods<M>> {
  /**
   * Calls a method. Requests are posted in the order of the calls, even if their arguments take long to make.
   * @throws The other side's error; 'worker-lost' when that side stops; the error of close() after close(); 'bad-argument' for
   * arguments that can't be cloned.
   */
  call<K extends keyof M>(method: K, args: Sent<Args<M, K>>, options?: CallOptions): Promise<Value<M, K>>;
  /** Rejects pending and later calls with `error`. Only the first close counts. */
  close(error: ClassifierError): void;
  isClosed(): boolean;
}

interface Pending {
  settle(): void;
  resolve(value: unknown): void;
  reject(error: unknown): void;
  onProgress: ((progress: never) => void) | undefined;
}

/** Connects to a port that serve() answers. */
export function connect<M extends Methods<M>>(port: Port): Caller<M> {
  const pending = new Map<number, Pending>();
  /** Calls that are not posted yet, in order. The value is undefined while an argument is being made. */
  const unsent = new Map<number, (() => void) | undefined>();
  let lastId = 0;
  let closed: ClassifierError | undefined;

  function take(id: number): Pending | undefined {
    const waiting = pending.get(id);
    if (!pending.delete(id)) return undefined;
    waiting!.settle();
    unsent.delete(id);
    flush();
    if (pending.size === 0) port.unref?.();
    return waiting;
  }

  function flush(): void {
    for (const [id, post] of unsent) {
      if (!post) return;
      unsent.delete(id);
      post();
    }
  }

  function close(error: ClassifierError): void {
    if (closed) return;
    closed = error;
    for (const id of [...pending.keys()]) take(id)?.reject(error);
  }

  port.addEventListener('message', (event) => {
    const response = Object((event as MessageEvent).data) as Response;
    const { id } = response;
    if (response.kind === 'progress') {
      try {
        pending.get(id)?.onProgress?.(response.progress as never);
      } catch (error) {
        port.postMessage({ id, cancel: true } satisfies Cancellation, []);
        take(id)?.reject(callbackFailed(error));
      }
      return;
    }
    const waiting = take(id);
    if (!waiting) return;
    if (response.kind === 'value') waiting.resolve(response.value);
    else waiting.reject(fromWire(response.error));
  });
  port.addEventListener('messageerror', () => {
    close(
      new ClassifierError(
        'worker-lost',
        'A message from the worker could not be read. Dispose this classifier and load a new one.',
      ),
    );
  });
  port.addEventListener('error', (event) => {
    event.preventDefault();
    const cause = whatAndWhere(event);
    close(
      new ClassifierError(
        'worker-lost',
        `The worker stopped${cause && `: ${cause}`}. Dispose this classifier and load a new one.`,
        { cause },
      ),
    );
  });

  return {
    call(method, args, { signal, onProgress, changes } = {}) {
      return new Promise((resolve, reject) => {
        const id = ++lastId;
        let transfer: Transferable[] = [];
        let posted = false;
        const cancel = () => {
          if (posted) port.postMessage({ id, cancel: true } satisfies Cancellation, []);
          if (!posted || !changes) take(id)?.reject(aborted(signal));
        };
        // These lines throw for what isn't a signal, so they come before anything is kept.
        const isAborted = signal?.aborted;
        const ignore = whenAborted(signal, cancel);
        const settle = () => {
          ignore();
          if (!posted) closeAll(transfer);
        };
        const onceMade = (made: unknown) => {
          const sent = made instanceof Transfer ? made : new Transfer(made, []);
          if (!pending.has(id)) return closeAll(sent.transfer);
          transfer = sent.transfer;
          unsent.set(id, () => {
            const post = (args: unknown) =>
              port.postMessage(
                { id, method: String(method), args, reports: onProgress !== undefined } satisfies Request,
                transfer,
              );
            try {
              postOrCopy(post, sent.value);
              posted = true;
            } catch (error) {
              take(id)!.reject(notSent(String(method), error));
            }
          });
          flush();
        };
        if (pending.size === 0) port.ref?.();
        pending.set(id, { settle, resolve: resolve as Pending['resolve'], reject, onProgress });
        unsent.set(id, undefined);
        if (closed) take(id)!.reject(closed);
        else if (isAborted) cancel();
        if (isPromise(args)) args.then(onceMade, (error: unknown) => take(id)?.reject(error));
        else onceMade(args);
      });
    },
    close,
    isClosed: () => closed !== undefined,
  };
}

/** Posts the arguments. Proxies, as Vue and MobX make them, can't be cloned: then plain copies are posted. */
function postOrCopy(post: (args: unknown) => void, args: unknown): void {
  try {
    post(args);
  } catch (cause) {
    if ((cause as Error).name !== 'DataCloneError') throw cause;
    // Copies of all arguments take time and memory, so they are made only where they may help.
    post(toPlain(args));
  }
}

/** Closes bitmaps and video frames, whose memory no garbage collector counts. */
function closeAll(transfer: Transferable[]): void {
  for (const each of transfer as { close?(): void }[]) each.close?.();
}

function notSent(method: string, cause: unknown): ClassifierError {
  // Besides values that can't be cloned: values that are nested too deeply, getters that throw, and a lack of memory.
  const { code, message } = toClassifierError(cause);
  return new ClassifierError(
    code === 'out-of-memory' ? code : 'bad-argument',
    `An argument of ${method}() can't be sent to the worker: ${message} Pass plain values, without functions.`,
    { cause },
  );
}

/** Describes an error event; empty for a missing script, about which browsers give no details. */
function whatAndWhere(event: Event): string {
  const { message, filename, lineno } = event as Partial<ErrorEvent>;
  if (!message) return '';
  return `${message}${filename ? ` (${filename}:${lineno})` : ''}`;
}

/** A value with its transfer list: these parts are transferred, not copied. */
export class Transfer<T> {
  constructor(
    readonly value: T,
    readonly transfer: Transferable[],
  ) {}
}

/** Progress report and abort signal for a handler. */
export interface Context<P> {
  /** Sends progress to the caller; undefined when the caller doesn't want it. */
  report: ((progress: P) => void) | undefined;
  /** Aborts when the caller no longer wants the answer. */
  signal: AbortSignal;
}

/** One function for each method. */
export type Handlers<M extends Methods<M>, P = unknown> = {
  [K in keyof M]: (args: Args<M, K>, context: Context<P>) => Result<Value<M, K>>;
};

type Result<T> = T | Transfer<T> | Promise<T | Transfer<T>>;

/** Answers the requests of a port one at a time and in order, so that a handler that awaits is never overtaken. */
export function serve<M extends Methods<M>, P = unknown>(port: Port, handlers: Handlers<M, P>): void {
  const table = new Map(Object.entries(handlers) as [string, (args: unknown, context: Context<P>) => unknown][]);
  const running = new Map<number, AbortController>();
  const send = (response: Response, transfer: Transferable[] = []) => port.postMessage(response, transfer);

  async function answer({ id, method, args, reports }: Request, signal: AbortSignal): Promise<void> {
    try {
      if (signal.aborted) throw aborted(undefined);
      const handler = table.get(method);
      if (!handler)
        throw new ClassifierError(
          'internal',
          `The worker has no method '${method}': page and worker have different versions.`,
        );
      const report = reports ? (progress: P) => send({ id, kind: 'progress', progress }) : undefined;
      const value = await handler(args, { report, signal });
      if (value instanceof Transfer) send({ id, kind: 'value', value: value.value }, value.transfer);
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

/** Lets messages arrive between two requests. Otherwise a cancellation would wait behind the requests that it cancels. */
function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { setImmediate } = globalThis as { setImmediate?: (callback: () => void) => void };
    if (setImmediate) return setImmediate(resolve);
    // Jest's jsdom environment has neither.
    if (typeof MessageChannel !== 'function') return void setTimeout(resolve);
    // A timer would wait for several milliseconds.
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
