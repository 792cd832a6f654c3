// From options to a running host: where it runs, which model is open, and how it ends.

import { aborted } from '../shared/abort.js';
import { absolute } from '../shared/addresses.js';
import { ClassifierError, toClassifierError } from '../shared/errors.js';
import { foreign } from '../shared/foreign.js';
import { codeUrl } from '../shared/module-files.js';
import type {
  ClassifierMethods,
  EarlyAnswer,
  HostInfo,
  KnnInfo,
  ModelInfo,
  OpenRequest,
  Progress,
  SentAs,
  Variant,
} from '../shared/protocol.js';
import { type Caller, connect, Transfer } from '../shared/rpc.js';
import { show } from '../shared/show.js';
import { chooseVariant, detectFeatures } from '../shared/variant.js';
import { toCount } from './arguments.js';
import { askEarly } from './early-fetch.js';
import { type Engine, neverStarted, runHere, type StartHere, startWorker } from './engine.js';
import { type Limits, limited } from './limits.js';

/** Options of every function that loads the module. */
export interface ModuleOptions extends Limits {
  /**
   * Build of the module to run. Default: the fastest one that this browser and page support. A variant that cannot run here is an
   * error.
   */
  variant?: Variant | undefined;
  /**
   * Number of inference threads, >= 1; only threaded variants use more than one. Default: the number of processors, at most 4. Extra
   * threads start after the first result, so they don't delay it. They sleep between calls.
   */
  threads?: number | undefined;
  /**
   * Where the network runs. Default: in a worker of its own (in Node, a thread) or, where none can start, in the caller's thread;
   * `info()` tells which.
   * - `true`: in a worker, or the load fails.
   * - `false`: in the caller's thread, which each call then blocks.
   * - A `Worker`: one of yours that calls `serveClassifiers()` of 'teachable-wasm/worker'. Call `dispose()` on its classifiers
   *   before you terminate it, because browsers don't report its end.
   */
  worker?: boolean | Worker | undefined;
  /** Address of the worker script. Default: worker.js beside this file. */
  workerUrl?: string | URL | undefined;
  /**
   * Folder of the WebAssembly modules: <variant>/teachable.js and .wasm, image/decoder.wasm, tfjs/converter.wasm. Default: wasm/
   * beside the worker.
   */
  wasmUrl?: string | URL | undefined;
}

type ModuleRequest = Pick<OpenRequest, 'choice' | 'fallsBack' | 'choosesThreads' | 'wasmUrl'>;

/** A running host with an open classifier. */
export interface Session {
  /** Null without a network. */
  readonly model: ModelInfo | null;
  readonly embeddingSize: number;
  readonly sentAs: SentAs;
  readonly caller: Caller<ClassifierMethods>;
  /** Adds what only this side knows: where the host runs. */
  complete(info: HostInfo): KnnInfo;
  /** Ends the host. It may be called twice. */
  end(): void;
}

/** Time that a disposed worker has to end by itself. */
const shutdownMs = 500;

/**
 * Checks the options of the module and chooses its variant.
 * @param worker True when it will run in a worker.
 * @throws 'bad-argument', 'unsupported-browser'.
 */
export function toModuleRequest({ variant, threads, wasmUrl }: ModuleOptions, worker: boolean): ModuleRequest {
  return {
    choice: chooseVariant(detectFeatures(), {
      variant,
      threads: threads === undefined ? undefined : toCount(threads, 'threads'),
      worker,
    }),
    fallsBack: variant === undefined,
    choosesThreads: threads === undefined,
    wasmUrl: wasmUrl === undefined ? undefined : absolute(wasmUrl).replace(/\/*$/, '/'),
  };
}

type Model = Omit<OpenRequest, keyof ModuleRequest>;

/** Starts a host and opens a model in it. */
export function startSession(model: Model, options: ModuleOptions, startHere: StartHere): Promise<Session> {
  return limited(options, (limits) => start(model, { ...options, ...limits }, startHere));
}

async function start(model: Model, options: ModuleOptions, startHere: StartHere): Promise<Session> {
  const { worker, workerUrl, signal } = options;
  if (signal?.aborted) throw aborted(signal);
  if ('ServiceWorkerGlobalScope' in globalThis)
    throw new ClassifierError(
      'unsupported-browser',
      'A service worker can neither start workers nor import modules later. In an extension, run the classifier in an offscreen document (chrome.offscreen); on a site, in the page.',
    );
  if (worker !== undefined && typeof worker !== 'boolean' && typeof Object(worker).postMessage !== 'function')
    throw new ClassifierError('bad-argument', `worker must be true, false or a Worker; got ${show(worker)}.`);
  if (worker === false) return openHere(model, options, startHere);
  const session = await openInWorker({ ...model, ...toModuleRequest(options, true) }, options);
  if (!(session instanceof ClassifierError)) return session;
  // A caller who asked for a worker, or named its script, should learn that it does not start.
  if (worker !== undefined || workerUrl !== undefined) throw session;
  try {
    return await openHere(model, options, startHere, ` It runs in the calling thread: ${session.message}`);
  } catch (error) {
    const { code, message } = toClassifierError(error);
    if (signal?.aborted || code !== 'load-failed') throw error;
    // The first failure is the one that tells what to mend.
    throw new ClassifierError(session.code, `${session.message} In the calling thread, this failed: ${message}`, {
      cause: error,
    });
  }
}

async function openHere(model: Model, options: ModuleOptions, startHere: StartHere, note?: string): Promise<Session> {
  const request = { ...model, ...toModuleRequest(options, false) };
  return open(await runHere(startHere), request, options, note);
}

/** Returns the session, or the reason why no worker started. */
async function openInWorker(request: OpenRequest, options: ModuleOptions): Promise<Session | ClassifierError> {
  let engine: Engine;
  try {
    engine = await startWorker(options);
  } catch (error) {
    return error instanceof ClassifierError ? error : foreign('load-failed', 'The worker could not be started', error);
  }
  try {
    return await open(engine, withEarlyAnswers(request, options), options);
  } catch (error) {
    if (!(error instanceof ClassifierError) || error.code !== 'worker-lost' || engine.heard()) throw error;
    return neverStarted(options, error);
  }
}

/** Starts the first downloads while the worker is still starting. In Node, the thread reads its files itself. */
function withEarlyAnswers(
  request: OpenRequest,
  { worker, workerUrl, signal, onProgress }: ModuleOptions,
): Transfer<OpenRequest> {
  const askFor = (phase: Progress['phase'], { url, byteLength }: KnownFile): EarlyAnswer | undefined => {
    if (!url.startsWith('http')) return undefined;
    const onBytes = onProgress && ((loaded: number, total: number | undefined) => onProgress({ phase, loaded, total }));
    return askEarly(url, { waits: phase === 'model', byteLength, onBytes, signal });
  };
  const earlyModel = askFor('model', firstFile(request.model));
  // Another worker script may have another module beside it.
  const isOurs = workerUrl === undefined && typeof worker !== 'object';
  const earlyCode =
    isOurs || request.wasmUrl
      ? askFor('module', { url: codeUrl(request.choice.variant, request.wasmUrl).href })
      : undefined;
  return new Transfer(
    { ...request, earlyModel, earlyCode },
    [earlyModel, earlyCode].flatMap((each) => each?.port ?? []),
  );
}

interface KnownFile {
  url: string;
  byteLength?: number | undefined;
}

function firstFile(model: OpenRequest['model']): KnownFile {
  if (model.kind === 'url') return { url: model.url };
  try {
    const file = model.kind === 'entry' && model.entry.files[0];
    return file ? { url: new URL(file.path, model.baseUrl).href, byteLength: file.byteLength } : { url: '' };
  } catch {
    // The worker says what is wrong with the entry.
    return { url: '' };
  }
}

async function open(
  engine: Engine,
  request: OpenRequest | Transfer<OpenRequest>,
  { signal, onProgress }: ModuleOptions,
  note = '',
): Promise<Session> {
  const caller = connect<ClassifierMethods>(engine.port);
  const complete = (info: HostInfo): KnnInfo => ({ ...info, reason: info.reason + note, worker: engine.worker });
  try {
    const { model, sentAs } = await caller.call('open', request, { onProgress, signal });
    const embeddingSize = model?.embeddingSize ?? sizeWithoutModel(request);
    return { model, embeddingSize, sentAs, caller, complete, end: () => end(engine, caller) };
  } catch (error) {
    engine.terminate();
    throw error;
  }
}

function sizeWithoutModel(request: OpenRequest | Transfer<OpenRequest>): number {
  const { model } = request instanceof Transfer ? request.value : request;
  return model.kind === 'none' ? model.embeddingSize : 0;
}

function end(engine: Engine, caller: Caller<ClassifierMethods>): void {
  // The host is asked first: the module's threads sleep in a lock, and browsers take seconds to tear down such a worker.
  caller.call('close', {}).catch(() => {});
  caller.close(new ClassifierError('disposed', 'This classifier was disposed. Load a new one.'));
  const timer: unknown = setTimeout(() => engine.terminate(), shutdownMs);
  // A Node process does not wait for it.
  (timer as { unref?(): void }).unref?.();
}
