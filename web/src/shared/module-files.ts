// Where the files of a variant lie.

import { absolute } from './addresses.js';
import type { Variant } from './protocol.js';

// Each address in full: bundlers find files by this literal form only.
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

/** A variant's JavaScript. @param wasmUrl Folder with <variant>/teachable.js and .wasm, ends in '/'. Default: wasm/ beside this file. */
export function glueUrl(variant: Variant, wasmUrl: string | undefined): URL {
  return wasmUrl ? new URL(`${variant}/teachable.js`, wasmUrl) : bundled(glues[variant]());
}

/** A variant's code. @param wasmUrl As of glueUrl(). */
export function codeUrl(variant: Variant, wasmUrl: string | undefined): URL {
  return wasmUrl ? new URL(`${variant}/teachable.wasm`, wasmUrl) : bundled(codes[variant]());
}

/** Turbopack makes something like a URL of the literals, without an origin. */
function bundled({ href }: URL): URL {
  return new URL(absolute(href));
}
