// Loads a variant of the module: its .wasm file and its JavaScript glue.

import { type DownloadOptions, download, failed, isHtml } from '../shared/download.js';
import { ClassifierError, messageOf } from '../shared/errors.js';
import { codeUrl, glueUrl } from '../shared/module-files.js';
import { wasmHashes } from '../shared/packaged.js';
import type { EarlyAnswer, Variant } from '../shared/protocol.js';
import { compileFrom, whereToPut } from './compile.js';
import { makeSharedMemory } from './shared-memory.js';
import type { CreateModule, ModuleSettings, WasmModule } from './wasm-module.js';

export interface LoadModuleOptions {
  variant: Variant;
  /** Folder with <variant>/teachable.js and .wasm, ends in '/'. Default: wasm/ beside this file. */
  wasmUrl?: string | undefined;
  /** The .wasm file, when the page has started to download it. */
  early?: EarlyAnswer | undefined;
  onBytes?: ((loaded: number, total: number | undefined) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** Fetches and starts a variant. The package's own file has to have its SHA-256. Throws 'load-failed'; the caller may fall back to another variant. */
export async function loadModule(options: LoadModuleOptions): Promise<WasmModule> {
  const { variant, wasmUrl } = options;
  const code = codeUrl(variant, wasmUrl);
  // The glue is requested first, because the code may have arrived already.
  const glue = importGlue(glueUrl(variant, wasmUrl).href);
  // The page's bundler may have given another name to the file.
  const compiled = compileFrom(code.href, {
    ...options,
    early: options.early && { ...options.early, url: code.href },
    // Another folder may hold another build.
    sha256: wasmUrl ? undefined : wasmHashes[variant],
  });
  // It is awaited below. Until then a failure must not count as unhandled.
  compiled.catch(() => {});
  try {
    return await start(await glue, compiled, variant.endsWith('-threads') ? makeSharedMemory() : undefined);
  } catch (cause) {
    if (cause instanceof ClassifierError) throw cause;
    const reason = messageOf(cause);
    throw new ClassifierError('load-failed', `The WebAssembly module ${code.href} could not be started: ${reason}`, {
      cause,
    });
  }
}

function start(
  create: CreateModule,
  compiled: Promise<WebAssembly.Module>,
  wasmMemory: WebAssembly.Memory | undefined,
): Promise<WasmModule> {
  return new Promise((resolve, reject) => {
    const settings: ModuleSettings = {
      ...(wasmMemory && { wasmMemory }),
      instantiateWasm(imports, use) {
        void compiled
          .then(async (module) => use(await WebAssembly.instantiate(module, imports as WebAssembly.Imports), module))
          .catch(reject);
        return {};
      },
    };
    create(settings).then(resolve, reject);
  });
}

async function importGlue(url: string): Promise<CreateModule> {
  try {
    const glue = (await import(/* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ url)) as {
      default?: CreateModule;
    };
    if (typeof glue.default === 'function') return glue.default;
  } catch (cause) {
    throw await whyNoImport(url, cause);
  }
  throw new ClassifierError(
    'load-failed',
    `Could not use ${url}: a bundler, such as Parcel, has removed its export. Copy the package's wasm/ folder to your site as it is, and pass its address as the option 'wasmUrl'.`,
  );
}

/** Finds the reason of a failed import(), which gives none, by downloading the file once more. */
async function whyNoImport(url: string, cause: unknown): Promise<ClassifierError> {
  const options: DownloadOptions = { what: "the WebAssembly module's JavaScript", hint: whereToPut };
  try {
    const bytes = await download(url, options);
    if (isHtml(bytes)) return failed(url, options, 'is a web page (HTML)');
  } catch (error) {
    if (error instanceof ClassifierError) return error;
  }
  const reason = messageOf(cause);
  return new ClassifierError(
    'load-failed',
    `Could not import ${url}: ${reason}. The server must send it as text/javascript, and the page's script-src policy must allow it.`,
    { cause },
  );
}
