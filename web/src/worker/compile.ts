// Compiles a .wasm file of the package.

import { type DownloadOptions, download, failed } from '../shared/download.js';

/** Advice when a file of a module is missing. */
export const whereToPut =
  "Serve the package's wasm/ folder beside worker.js, or say where it is with the option 'wasmUrl'.";

/** Fetches and compiles a file, whatever type the server declares. Throws 'load-failed' or 'aborted'. */
export async function compileFrom(
  url: string,
  { onBytes, signal, early }: Pick<DownloadOptions, 'onBytes' | 'signal' | 'early'>,
): Promise<WebAssembly.Module> {
  const options: DownloadOptions = { what: 'the WebAssembly module', hint: whereToPut, onBytes, signal, early };
  const bytes = await download(url, options);
  try {
    return await WebAssembly.compile(bytes);
  } catch (cause) {
    throw failed(url, options, `is not a WebAssembly file that runs here (${(cause as Error).message})`);
  }
}
