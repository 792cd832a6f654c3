// One module for all that the compat packages make on a page: they are used together, and compiling it twice helps nobody.

import { orAborted } from '../shared/abort.js';
import { type LoadModuleOptions, loadModule } from '../worker/load.js';
import type { WasmModule } from '../worker/wasm-module.js';

const modules = new Map<string, Promise<WasmModule>>();

/** As loadModule(), once for each variant and place. A load that failed is tried again by the next call; an abort is its caller's alone. */
export function sharedModule({ signal, ...options }: LoadModuleOptions): Promise<WasmModule> {
  const key = `${options.variant} ${options.wasmUrl ?? ''}`;
  let loading = modules.get(key);
  if (!loading) {
    loading = loadModule(options);
    modules.set(key, loading);
    loading.catch(() => modules.delete(key));
  }
  return orAborted(loading, signal);
}
