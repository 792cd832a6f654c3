// A threaded module's workers: what its threads run in.

import { ClassifierError } from '../shared/errors.js';
import type { WasmModule, WasmThreads } from './wasm-module.js';

/** Browsers don't report a thread that never starts, so after so long it counts as failed. */
const startTimeoutMs = 10_000;

/** Of modules whose threads are starting: what ends the wait for them, which keeps the module's memory. */
const waits = new WeakMap<WasmThreads, AbortController>();

/** Adds `count` workers that run `glue`, the module's: it may have as many threads more. They live until endThreads(). Throws 'load-failed', and adds none. */
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
    // First, as its listeners must be before the glue's.
    const failure = failureOf(workers, wait.signal);
    await Promise.race([failure, Promise.all(workers.map(threads.loadWasmModuleToWorker))]);
  } catch (error) {
    for (const worker of workers) {
      // As below, of those that fail after the first.
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

/** Rejects when one fails, none is heard of for too long, or nobody waits any more. */
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
      // The glue would throw it at whoever else runs in this scope.
      event.stopImmediatePropagation();
      reject(new ClassifierError('load-failed', `A thread failed to start: ${event.message || 'no reason given'}`));
    };
    for (const worker of workers) worker.addEventListener('error', onError, { signal });
  });
}

/** Ends a module's threads; its classifiers must be deleted. */
export function endThreads(module: Pick<WasmModule, 'PThread'> | undefined): void {
  if (!module?.PThread) return;
  waits.get(module.PThread)?.abort();
  module.PThread.terminateAllThreads();
}

/** Bundlers rename the glue, so it can't find itself; a worker of another origin's needs a script of ours. */
function scriptOf({ href, origin }: URL): string {
  return origin === globalThis.origin
    ? href
    : URL.createObjectURL(new Blob([`import ${JSON.stringify(href)};`], { type: 'text/javascript' }));
}
