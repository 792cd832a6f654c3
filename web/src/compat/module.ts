// One module for everything that the compat entries make on a page, because they are used together.

import { orAborted } from '../shared/abort.js';
import { type LoadModuleOptions, loadModule } from '../worker/load.js';
import type { WasmModule } from '../worker/wasm-module.js';

const modules = new Map<string, Promise<WasmModule>>();

/**
 * Loads a module as loadModule() does, once for each variant and folder. After a failure, the next call tries again. An abort affects
 * only its own caller.
 */
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
