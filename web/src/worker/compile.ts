// Compiles a .wasm file of the package.

import { type DownloadOptions, download, failed, hasSum, wrongSum } from '../shared/download.js';

/** Advice when a file of a module is missing. */
export const whereToPut =
  "Serve the package's wasm/ folder beside worker.js, or say where it is with the option 'wasmUrl'.";

/**
 * Fetches and compiles a file, whatever type the server declares. With `sha256`, it refuses any other file. Throws 'load-failed' or
 * 'aborted'.
 */
export async function compileFrom(
  url: string,
  { onBytes, signal, early, sha256 }: Pick<DownloadOptions, 'onBytes' | 'signal' | 'early' | 'sha256'>,
): Promise<WebAssembly.Module> {
  const options: DownloadOptions = { what: 'the WebAssembly module', hint: whereToPut, onBytes, signal, early };
  const bytes = await download(url, options);
  // The sum is computed while the browser compiles, so it takes no time.
  const compiling = WebAssembly.compile(bytes);
  compiling.catch(() => {});
  if (!(await hasSum(bytes, sha256))) throw failed(url, options, wrongSum);
  try {
    return await compiling;
  } catch (cause) {
    const { message } = cause as Error;
    // Browsers word it differently, and some ask for 'unsafe-eval', which would allow more than is needed.
    if (/unsafe-eval|Content Security Policy|\bCSP\b/i.test(message))
      throw failed(
        url,
        { ...options, hint: '' },
        "is blocked by the page's Content-Security-Policy. Add 'wasm-unsafe-eval' to its script-src",
      );
    throw failed(url, options, `is not a WebAssembly file that runs here (${message})`);
  }
}
