// From options to a running host: where it runs, what is open in it, and how it ends.

import { aborted } from '../shared/abort.js';
import { absolute } from '../shared/addresses.js';
import { ClassifierError, toClassifierError } from '../shared/errors.js';
import { codeUrl } from '../shared/module-files.js';
import type {
  ClassifierMethods,
  EarlyAnswer,
  HostInfo,
  Info,
  ModelInfo,
  OpenRequest,
  Progress,
  Variant,
} from '../shared/protocol.js';
import { type Caller, connect, Moved } from '../shared/rpc.js';
import { chooseVariant, detectFeatures } from '../shared/variant.js';
import { toCount } from './arguments.js';
import { askEarly } from './early-fetch.js';
import { type Engine, neverStarted, runHere, type StartHere, startWorker } from './engine.js';

/** Options of everything that loads the module. */
export interface ModuleOptions {
  /** Default: the best that this browser and page can run. Asking for one that can't is an error. */
  variant?: Variant | undefined;
  /**
   * >= 1. Default: the processors, at most 4. Only threaded variants use more than 1. They start after the first result, for which they
   * would come too late; between two calls they sleep.
   */
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

type ModuleRequest = Pick<OpenRequest, 'choice' | 'fallsBack' | 'wasmUrl'>;

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

/** What any load asks of the module. Throws 'bad-argument', 'unsupported-browser'. @param worker Whether it is to run in a worker. */
export function toModuleRequest({ variant, threads, wasmUrl }: ModuleOptions, worker: boolean): ModuleRequest {
  return {
    choice: chooseVariant(detectFeatures(), {
      variant,
      threads: threads === undefined ? undefined : toCount(threads, 'threads'),
      worker,
    }),
    fallsBack: variant === undefined,
    wasmUrl: wasmUrl === undefined ? undefined : absolute(wasmUrl).replace(/\/*$/, '/'),
  };
}

/** Starts a host and opens a model in it. */
export async function startSession(
  model: Omit<OpenRequest, keyof ModuleRequest>,
  options: ModuleOptions,
  startHere: StartHere,
): Promise<Session> {
  const { worker, workerUrl, signal } = options;
  if (signal?.aborted) throw aborted(signal);
  if (worker === false) return openHere(model, options, startHere);
  const session = await openInWorker({ ...model, ...toModuleRequest(options, true) }, options);
  if (!(session instanceof ClassifierError)) return session;
  // Who asks for a worker, or says where its script is, wants to know that it doesn't start.
  if (worker !== undefined || workerUrl !== undefined) throw session;
  return openHere(model, options, startHere, ` It runs in the calling thread: ${session.message}`);
}

async function openHere(
  model: Omit<OpenRequest, keyof ModuleRequest>,
  options: ModuleOptions,
  startHere: StartHere,
  note?: string,
): Promise<Session> {
  const request = { ...model, ...toModuleRequest(options, false) };
  return open(await runHere(startHere), request, options, note);
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
    return await open(engine, withEarlyAnswers(request, options), options);
  } catch (error) {
    const known = toClassifierError(error);
    if (known.code !== 'worker-lost' || engine.heard()) throw known;
    return neverStarted(options, known);
  }
}

/** Asks for what the worker will want first, while it is only starting. Node's files are its own to read. */
function withEarlyAnswers(
  request: OpenRequest,
  { worker, workerUrl, signal, onProgress }: ModuleOptions,
): Moved<OpenRequest> {
  const askFor = (phase: Progress['phase'], { url, byteLength }: KnownFile): EarlyAnswer | undefined => {
    if (!url.startsWith('http')) return undefined;
    // An error of the caller's is its own affair.
    const onBytes =
      onProgress &&
      ((loaded: number, total: number | undefined) => queueMicrotask(() => onProgress({ phase, loaded, total })));
    return askEarly(url, { waits: phase === 'model', byteLength, onBytes, signal });
  };
  const earlyModel = askFor('model', firstFile(request.model));
  // Another worker than the package's may have other code beside it.
  const isOurs = workerUrl === undefined && typeof worker !== 'object';
  const earlyCode =
    isOurs || request.wasmUrl
      ? askFor('module', { url: codeUrl(request.choice.variant, request.wasmUrl).href })
      : undefined;
  return new Moved(
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
  const file = model.kind === 'entry' && model.entry.files[0];
  return file ? { url: new URL(file.path, model.baseUrl).href, byteLength: file.byteLength } : { url: '' };
}

async function open(
  engine: Engine,
  request: OpenRequest | Moved<OpenRequest>,
  { signal, onProgress }: ModuleOptions,
  note = '',
): Promise<Session> {
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
