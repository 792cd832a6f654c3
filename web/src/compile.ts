// A .wasm file of the package, from its address to compiled code.

import { ask, declaredLength, download, ended, failed, isOnDisk, type DownloadOptions } from './download.js';
import { ClassifierError } from './errors.js';

/** What to do when a file of a module isn't where it should be. */
export const whereToPut = "Serve the package's wasm/ folder beside worker.js, or say where it is with the option 'wasmUrl'.";

/**
 * Fetches a file and compiles it: while it comes, where the server says what it is, and then progress has two steps. Throws 'load-failed', 'aborted'.
 */
export async function compileFrom(url: string, { onBytes, signal, early }: Pick<DownloadOptions, 'onBytes' | 'signal' | 'early'>): Promise<WebAssembly.Module> {
  const options: DownloadOptions = { what: 'the WebAssembly module', hint: whereToPut, onBytes, signal, early };
  const answer = isOnDisk(url) ? undefined : await ask(url, options);
  try {
    if (answer instanceof Response && answer.headers.get('content-type') === 'application/wasm') return await compileStream(answer, options);
    return await WebAssembly.compile(await download(url, options, answer));
  } catch (cause) {
    if (cause instanceof ClassifierError) throw cause;
    const { message } = cause as Error;
    throw ended(options) ?? failed(url, options, cause instanceof WebAssembly.CompileError ? `is not a WebAssembly file that runs here (${message})` : `broke off (${message})`);
  }
}

async function compileStream(response: Response, { onBytes }: DownloadOptions): Promise<WebAssembly.Module> {
  const total = declaredLength(response);
  onBytes?.(0, total);
  const compiled = await WebAssembly.compileStreaming(response);
  if (total) onBytes?.(total, total);
  return compiled;
}
