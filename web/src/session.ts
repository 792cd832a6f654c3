// From options to a running host: where it runs, what is open in it, and how it ends.

import { aborted } from './abort.js';
import { absolute } from './addresses.js';
import { toCount } from './arguments.js';
import { askEarly } from './early-fetch.js';
import { neverStarted, runHere, startWorker, type Engine } from './engine.js';
import { ClassifierError, toClassifierError } from './errors.js';
import type { ClassifierMethods, HostInfo, Info, ModelInfo, OpenRequest, Progress, Variant } from './protocol.js';
import { connect, Moved, type Caller } from './rpc.js';

/** Options of everything that loads the module. */
export interface ModuleOptions {
  /** Default: the best that this browser and page can run. Asking for one that can't is an error. */
  variant?: Variant | undefined;
  /** >= 1. Default: the processors, at most 4. Only threaded variants use more than 1. Between two calls threads sleep. */
  threads?: number | undefined;
  /**
   * Where it runs. Default: in a worker of its own (in Node, a thread) or, where none can start, in the caller's thread; info()
   * says which. true: in a worker or not at all. false: in the caller's thread, which each call then blocks. A Worker: one of
   * yours that calls serveClassifiers() of 'teachable-wasm/worker'; dispose() of its classifiers before you end it, as browsers
   * don't tell them.
   */
  worker?: boolean | Worker | undefined;
  /** Default: worker.js beside this file. */
  workerUrl?: string | URL | undefined;
  /** Folder of the modules: <variant>/teachable.js and .wasm, image/decoder.wasm, tfjs/converter.wasm. Default: wasm/ beside the worker. */
  wasmUrl?: string | URL | undefined;
  /** Ends the load with 'aborted'. After the load it has no effect: call dispose(). */
  signal?: AbortSignal | undefined;
  /** Hears of bytes that have come, as they come. */
  onProgress?: ((progress: Progress) => void) | undefined;
}

/** A host with something open in it. */
export interface Session {
  readonly model: ModelInfo;
  readonly caller: Caller<ClassifierMethods>;
  /** Adds what the host can't know: where it runs. */
  complete(info: HostInfo): Info;
  /** May be called twice. */
  end(): void;
}

/** How long a disposed worker may take to end by itself. */
const lastWordsMs = 500;

/** What any load asks of the module. Throws 'bad-argument'. */
export function toModuleRequest({ variant, threads, wasmUrl }: ModuleOptions): Omit<OpenRequest, 'model'> {
  return {
    variant,
    threads: threads === undefined ? undefined : toCount(threads, 'threads'),
    wasmUrl: wasmUrl === undefined ? undefined : absolute(wasmUrl).replace(/\/*$/, '/'),
  };
}

/** Starts a host and opens `request` in it. */
export async function startSession(request: OpenRequest, options: ModuleOptions): Promise<Session> {
  const { worker, workerUrl, signal } = options;
  if (signal?.aborted) throw aborted(signal);
  if (worker === false) return open(await runHere(), request, options);
  const session = await openInWorker(request, options);
  if (!(session instanceof ClassifierError)) return session;
  // Who asks for a worker, or says where its script is, wants to know that it doesn't start.
  if (worker !== undefined || workerUrl !== undefined) throw session;
  return open(await runHere(), request, options, ` It runs in the calling thread: ${session.message}`);
}

/** The session, or why no worker started. */
async function openInWorker(request: OpenRequest, options: ModuleOptions): Promise<Session | ClassifierError> {
  let engine: Engine;
  try {
    engine = await startWorker(options);
  } catch (error) {
    return toClassifierError(error);
  }
  try {
    return await open(engine, withEarlyAnswer(request, options), options);
  } catch (error) {
    const known = toClassifierError(error);
    if (known.code !== 'worker-lost' || engine.heard()) throw known;
    return neverStarted(options, known);
  }
}

/** Asks for the model's first file before the worker does, which is only starting. Node's files are its own to read. */
function withEarlyAnswer(request: OpenRequest, { signal, onProgress }: ModuleOptions): OpenRequest | Moved<OpenRequest> {
  const { model } = request;
  const url = model.kind === 'url' ? model.url : model.kind === 'entry' ? new URL(model.entry.files[0]?.path ?? '', model.baseUrl).href : '';
  if (!url.startsWith('http')) return request;
  const early = askEarly(url, !onProgress, signal);
  return new Moved({ ...request, early }, [early.port]);
}

async function open(engine: Engine, request: OpenRequest | Moved<OpenRequest>, { signal, onProgress }: ModuleOptions, note = ''): Promise<Session> {
  const caller = connect<ClassifierMethods>(engine.port);
  const complete = (info: HostInfo): Info => ({ ...info, reason: info.reason + note, worker: engine.worker });
  try {
    const { model } = await caller.call('open', request, { onProgress, signal });
    return { model, caller, complete, end: () => end(engine, caller) };
  } catch (error) {
    engine.terminate();
    throw error;
  }
}

function end(engine: Engine, caller: Caller<ClassifierMethods>): void {
  // Asked first: the module's threads sleep in a lock, and browsers take seconds to tear down such a worker.
  caller.call('close', {}).catch(() => {});
  caller.close(new ClassifierError('disposed', 'This classifier was disposed. Load a new one.'));
  const timer: unknown = setTimeout(() => engine.terminate(), lastWordsMs);
  // A process of Node needn't wait for it.
  (timer as { unref?(): void }).unref?.();
}
