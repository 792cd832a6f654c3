// A .wasm file of the package, from its address to compiled code.

import { declaredLength, download, ended, failed, isOnDisk, request, type DownloadOptions } from './download.js';
import { ClassifierError } from './errors.js';

/** What to do when a file of a module isn't where it should be. */
export const whereToPut = "Serve the package's wasm/ folder beside worker.js, or say where it is with the option 'wasmUrl'.";

/**
 * Fetches a file and compiles it: while it comes, where the server says what it is, and then progress has two steps. Throws 'load-failed', 'aborted'.
 */
export async function compileFrom(url: string, { onBytes, signal }: Pick<DownloadOptions, 'onBytes' | 'signal'>): Promise<WebAssembly.Module> {
  const options: DownloadOptions = { what: 'the WebAssembly module', hint: whereToPut, onBytes, signal };
  const response = isOnDisk(url) ? undefined : await request(url, options);
  const isNamed = response?.headers.get('content-type') === 'application/wasm';
  try {
    return await (isNamed ? compileStream(response!, options) : WebAssembly.compile(await download(url, options, response)));
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
