// Addresses of the files of a variant.

import { bundled } from './home.js';
import type { Variant } from './protocol.js';

// Every address is written out, because bundlers find files by this literal form only.
const glues: Record<Variant, () => URL> = {
  simd: () => new URL('./wasm/simd/teachable.js', import.meta.url),
  'simd-threads': () => new URL('./wasm/simd-threads/teachable.js', import.meta.url),
  relaxed: () => new URL('./wasm/relaxed/teachable.js', import.meta.url),
  'relaxed-threads': () => new URL('./wasm/relaxed-threads/teachable.js', import.meta.url),
}; // prettier-ignore

const codes: Record<Variant, () => URL> = {
  simd: () => new URL('./wasm/simd/teachable.wasm', import.meta.url),
  'simd-threads': () => new URL('./wasm/simd-threads/teachable.wasm', import.meta.url),
  relaxed: () => new URL('./wasm/relaxed/teachable.wasm', import.meta.url),
  'relaxed-threads': () => new URL('./wasm/relaxed-threads/teachable.wasm', import.meta.url),
}; // prettier-ignore

/**
 * Returns the address of a variant's JavaScript.
 * @param wasmUrl Folder with <variant>/teachable.js and .wasm, ends in '/'. Default: wasm/ beside this file.
 */
export function glueUrl(variant: Variant, wasmUrl: string | undefined): URL {
  return wasmUrl ? new URL(`${variant}/teachable.js`, wasmUrl) : bundled(glues[variant]());
}

/** Returns the address of a variant's .wasm file. `wasmUrl` as in glueUrl(). */
export function codeUrl(variant: Variant, wasmUrl: string | undefined): URL {
  return wasmUrl ? new URL(`${variant}/teachable.wasm`, wasmUrl) : bundled(codes[variant]());
}
