// One module for all that the compat packages make on a page: they are used together, and compiling it twice helps nobody.

import { loadModule, type LoadModuleOptions } from '../load.js';
import type { WasmModule } from '../wasm-module.js';

const modules = new Map<string, Promise<WasmModule>>();

/** As loadModule(), once for each variant and place. A load that failed is tried again by the next call. */
export function sharedModule(options: LoadModuleOptions): Promise<WasmModule> {
  const key = `${options.variant} ${options.wasmUrl ?? ''}`;
  const known = modules.get(key);
  if (known) return known;
  const loading = loadModule(options);
  modules.set(key, loading);
  loading.catch(() => modules.delete(key));
  return loading;
}
