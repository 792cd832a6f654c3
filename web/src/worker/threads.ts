// Workers of a threaded module, in which its threads run.

import { ClassifierError } from '../shared/errors.js';
import { importingScript } from '../shared/foreign-script.js';
import type { WasmModule, WasmThreads } from './wasm-module.js';

/** Time after which a thread that hasn't started counts as failed. Browsers don't report it. */
const startTimeoutMs = 10_000;

/** Aborts the wait for starting threads, because the wait keeps the module's memory. */
const waits = new WeakMap<WasmThreads, AbortController>();

/**
 * Adds `count` workers that run `glue`, so that the module can have as many more threads. They live until endThreads(). Throws
 * 'load-failed' and then adds none.
 */
export async function addThreads(module: WasmModule, glue: URL, count: number): Promise<void> {
  const threads = module.PThread!;
  const script = scriptOf(glue);
  const workers = Array.from(
    { length: count },
    () => new Worker(/* @vite-ignore */ script, { type: 'module', name: 'em-pthread' }),
  );
  const wait = new AbortController();
  waits.set(threads, wait);
  try {
    threads.unusedWorkers.push(...workers);
    // This comes first, because its listeners must run before those of the glue.
    const failure = failureOf(workers, wait.signal);
    await Promise.race([failure, Promise.all(workers.map(threads.loadWasmModuleToWorker))]);
  } catch (error) {
    for (const worker of workers) {
      // A worker that fails later must not report an error.
      worker.onerror = null;
      worker.terminate();
    }
    threads.unusedWorkers = threads.unusedWorkers.filter((worker) => !workers.includes(worker));
    throw error;
  } finally {
    wait.abort();
    if (script.startsWith('blob:')) URL.revokeObjectURL(script);
  }
}

/** Rejects when a worker fails, when the time is up, or when the signal aborts. */
function failureOf(workers: readonly Worker[], signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const timer = setTimeout(
      () => reject(new ClassifierError('load-failed', `The threads did not start within ${startTimeoutMs / 1000} s.`)),
      startTimeoutMs,
    );
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(new ClassifierError('disposed', 'The module was ended while its threads started.'));
    });
    const onError = (event: ErrorEvent) => {
      event.preventDefault();
      // The glue would throw the error into this scope.
      event.stopImmediatePropagation();
      reject(new ClassifierError('load-failed', `A thread failed to start: ${event.message || 'no reason given'}`));
    };
    for (const worker of workers) worker.addEventListener('error', onError, { signal });
  });
}

/** Ends a module's threads. Its classifiers must have been deleted. */
export function endThreads(module: Pick<WasmModule, 'PThread'> | undefined): void {
  if (!module?.PThread) return;
  waits.get(module.PThread)?.abort();
  module.PThread.terminateAllThreads();
}

/**
 * Returns the script of a thread. Bundlers rename the glue, so it can't find itself. A script of another origin is imported by one of
 * ours.
 */
function scriptOf({ href, origin }: URL): string {
  return origin === globalThis.origin ? href : importingScript(href);
}
