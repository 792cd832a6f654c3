// What the build knows and the sources don't; web/dev/packaged.mjs writes the module.

import type { ModelEntry } from './protocol.js';

/** The network in the package's models/ folder; paths in its entry are absolute. Undefined in a package without one. */
export function packagedModel(): { version: number; alpha: number; entry: ModelEntry } | undefined;

/** Address of the names of ImageNet's classes. Undefined in a package without them. */
export function packagedLabels(): string | undefined;

/** The catalogue's networks. */
export const knownModels: readonly { id: string; version: number; alpha: number }[];

/** SHA-256 of wasm/<variant>/teachable.wasm, lower-case hex. */
export const wasmHashes: Readonly<Record<'simd' | 'simd-threads' | 'relaxed' | 'relaxed-threads', string>>;
