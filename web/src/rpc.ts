// Typed calls over postMessage, with transfer lists, progress and errors that keep their code.

import { ClassifierError, fromWire, toWire, type WireError } from './errors.js';

/** The part of Worker, MessagePort and a worker's global scope that is used here. */
export interface Port {
  postMessage(message: unknown, transfer: Transferable[]): void;
  addEventListener(type: 'message' | 'messageerror' | 'error', listener: (event: Event) => void): void;
}

/** Methods keyed by name, each with one argument. */
export type Methods<M> = { [K in keyof M]: (args: never) => unknown };

type Args<M extends Methods<M>, K extends keyof M> = Parameters<M[K]>[0];
type Value<M extends Methods<M>, K extends keyof M> = ReturnType<M[K]>;

interface Request {
  id: number;
  method: string;
  args: unknown;
}

type Response =
  | { id: number; kind: 'value'; value: unknown }
  | { id: number; kind: 'error'; error: WireError }
  | { id: number; kind: 'progress'; progress: unknown };

export interface CallOptions {
  /** Moved to the other side, not copied. */
  transfer?: Transferable[];
  onProgress?: ((progress: never) => void) | undefined;
}

/** The calling side of a port. */
export interface Caller<M extends Methods<M>> {
  /** Rejects with the other side's error, with 'worker-lost' when that side dies, with close()'s error after close(). */
  call<K extends keyof M>(method: K, args: Args<M, K>, options?: CallOptions): Promise<Value<M, K>>;
  /** Rejects what is pending and every later call with `error`. The first close counts. */
  close(error: ClassifierError): void;
}

interface Pending {
  resolve(value: unknown): void;
  reject(error: ClassifierError): void;
  onProgress: ((progress: never) => void) | undefined;
}

/** Connects to a port that serve() answers. */
export function connect<M extends Methods<M>>(port: Port): Caller<M> {
  const pending = new Map<number, Pending>();
  let lastId = 0;
  let closed: ClassifierError | undefined;

  function close(error: ClassifierError): void {
    if (closed) return;
    closed = error;
    for (const { reject } of pending.values()) reject(error);
    pending.clear();
  }

  port.addEventListener('message', (event) => {
    const response = (event as MessageEvent<Response>).data;
    const waiting = pending.get(response.id);
    if (!waiting) return;
    if (response.kind === 'progress') {
      waiting.onProgress?.(response.progress as never);
      return;
    }
    pending.delete(response.id);
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
        const id = ++lastId;
        // Posted before it counts as pending: what can't be cloned throws here and leaves nothing behind.
        port.postMessage({ id, method: String(method), args } satisfies Request, options.transfer ?? []);
        pending.set(id, { resolve: resolve as Pending['resolve'], reject, onProgress: options.onProgress });
      });
    },
    close,
  };
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

/** One function a method; `report` sends progress to the caller. */
export type Handlers<M extends Methods<M>, P = unknown> = {
  [K in keyof M]: (args: Args<M, K>, report: (progress: P) => void) => Result<Value<M, K>>;
};

type Result<T> = T | Moved<T> | Promise<T | Moved<T>>;

/** Answers the requests of a port, one at a time and in order: a handler that awaits is never overtaken. */
export function serve<M extends Methods<M>, P = unknown>(port: Port, handlers: Handlers<M, P>): void {
  const table = new Map(Object.entries(handlers) as [string, (args: unknown, report: (progress: P) => void) => unknown][]);
  const send = (response: Response, transfer: Transferable[] = []) => port.postMessage(response, transfer);

  async function answer({ id, method, args }: Request): Promise<void> {
    try {
      const handler = table.get(method);
      if (!handler) throw new ClassifierError('internal', `The worker has no method '${method}': page and worker are of different versions.`);
      const value = await handler(args, (progress) => send({ id, kind: 'progress', progress }));
      if (value instanceof Moved) send({ id, kind: 'value', value: value.value }, value.transfer);
      else send({ id, kind: 'value', value });
    } catch (error) {
      send({ id, kind: 'error', error: toWire(error) });
    }
  }

  let last = Promise.resolve();
  port.addEventListener('message', (event) => {
    const request = (event as MessageEvent<Partial<Request>>).data;
    if (typeof request?.id !== 'number' || typeof request.method !== 'string') return;
    last = last.then(() => answer(request as Request));
  });
}
