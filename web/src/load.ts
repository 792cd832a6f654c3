// A variant's module: its bytes, its glue, its start.

import { absolute } from './addresses.js';
import { compileFrom, whereToPut } from './compile.js';
import { download, failed, isHtml, type DownloadOptions } from './download.js';
import { ClassifierError } from './errors.js';
import type { Variant } from './protocol.js';
import { isThreaded } from './variant.js';
import type createModule from './wasm-module.js';
import type { ModuleSettings, WasmModule } from './wasm-module.js';

export interface LoadModuleOptions {
  variant: Variant;
  /** >= 1. */
  threads: number;
  /** Folder with <variant>/teachable.js and .wasm, ends in '/'. Default: wasm/ beside this file. */
  wasmUrl?: string | undefined;
  onBytes?: ((loaded: number, total: number | undefined) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** Browsers don't report a thread that never starts, so this long after the code has come it counts as failed. */
const threadStartTimeoutMs = 10_000;

// Each address in full: bundlers find files by this literal form only.
const places: Record<Variant, () => [glue: URL, wasm: URL]> = {
  'simd': () => [new URL('./wasm/simd/teachable.js', import.meta.url), new URL('./wasm/simd/teachable.wasm', import.meta.url)],
  'simd-threads': () => [new URL('./wasm/simd-threads/teachable.js', import.meta.url), new URL('./wasm/simd-threads/teachable.wasm', import.meta.url)],
  'relaxed': () => [new URL('./wasm/relaxed/teachable.js', import.meta.url), new URL('./wasm/relaxed/teachable.wasm', import.meta.url)],
  'relaxed-threads': () => [new URL('./wasm/relaxed-threads/teachable.js', import.meta.url), new URL('./wasm/relaxed-threads/teachable.wasm', import.meta.url)],
}; // prettier-ignore

/** Turbopack makes something like a URL of the literals, without an origin. */
function bundledAddresses(variant: Variant): [glue: URL, wasm: URL] {
  const [glue, wasm] = places[variant]();
  return [new URL(absolute(glue.href)), new URL(absolute(wasm.href))];
}

/** Fetches and starts a variant. Throws 'load-failed'; falling back to another variant is the caller's. */
export async function loadModule(options: LoadModuleOptions): Promise<WasmModule> {
  const { variant, threads, wasmUrl } = options;
  const [glueUrl, binaryUrl] = wasmUrl ? [new URL(`${variant}/teachable.js`, wasmUrl), new URL(`${variant}/teachable.wasm`, wasmUrl)] : bundledAddresses(variant);
  const code = compileFrom(binaryUrl.href, options);
  // Awaited below; until then its failure must not count as unhandled.
  code.catch(() => {});
  const create = await importGlue(glueUrl.href);
  const settings: ModuleSettings = isThreaded(variant) ? { pthreadPoolSize: threads - 1, mainScriptUrlOrBlob: threadScript(glueUrl) } : {};
  // The glue starts its threads at once, and they take as long as the code to come.
  const broken = new Promise<never>((_, reject) => {
    settings.instantiateWasm = (imports, use) => {
      void code.then(async (module) => use(await WebAssembly.instantiate(module, imports), module)).catch(reject);
      return {};
    };
  });
  const starting = Promise.race([create(settings), broken]);
  try {
    return await (isThreaded(variant) ? withThreadGuard(starting, code) : starting);
  } catch (cause) {
    endThreads(settings);
    if (cause instanceof ClassifierError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ClassifierError('load-failed', `The WebAssembly module ${binaryUrl.href} could not be started: ${reason}`, { cause });
  }
}

/** Ends a module's threads; its classifiers must be deleted. */
export function endThreads(module: Pick<WasmModule, 'PThread'> | undefined): void {
  module?.PThread?.terminateAllThreads();
}

/** What threads run: the glue. Bundlers rename it, so it can't find itself; a worker of another origin's needs a script of ours. */
function threadScript({ href, origin }: URL): string | Blob {
  return origin === globalThis.origin ? href : new Blob([`import ${JSON.stringify(href)};`], { type: 'text/javascript' });
}

async function importGlue(url: string): Promise<typeof createModule> {
  try {
    const glue = (await import(/* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ url)) as { default: typeof createModule };
    return glue.default;
  } catch (cause) {
    throw await whyNoImport(url, cause);
  }
}

/** A failed import() tells nothing of the answer, so the file is asked for once more. */
async function whyNoImport(url: string, cause: unknown): Promise<ClassifierError> {
  const options: DownloadOptions = { what: "the WebAssembly module's JavaScript", hint: whereToPut };
  try {
    const bytes = await download(url, options);
    if (isHtml(bytes)) return failed(url, options, 'is a web page (HTML)');
  } catch (error) {
    if (error instanceof ClassifierError) return error;
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new ClassifierError('load-failed', `Could not import ${url}: ${reason}. The server must send it as text/javascript, and the page's script-src policy must allow it.`, { cause });
}

/** A thread that fails to start throws in our global scope, or is never heard of: both become a rejection. `code` is what all wait for. */
async function withThreadGuard<T>(starting: Promise<T>, code: Promise<unknown>): Promise<T> {
  let onError: ((event: Event) => void) | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const trouble = new Promise<never>((_, reject) => {
    onError = (event) => {
      // The glue throws on the event that it had of the thread; other code's errors are no business of ours.
      if (!((event as Partial<ErrorEvent>).error instanceof Event)) return;
      event.preventDefault();
      reject(new ClassifierError('load-failed', `A thread failed to start: ${(event as Partial<ErrorEvent>).message || 'no reason given'}`));
    };
    const startTimer = () => {
      timer = setTimeout(() => reject(new ClassifierError('load-failed', `The threads did not start within ${threadStartTimeoutMs / 1000} s.`)), threadStartTimeoutMs);
    };
    code.then(startTimer, () => {});
  });
  globalThis.addEventListener?.('error', onError!);
  try {
    return await Promise.race([starting, trouble]);
  } finally {
    clearTimeout(timer);
    globalThis.removeEventListener?.('error', onError!);
  }
}
