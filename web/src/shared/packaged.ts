// What the build knows and the sources don't; web/dev/packaged.mjs writes the module.

import type { ModelEntry } from './protocol.js';

/** A network in the package's models/ folder; paths in its entry are absolute. */
export interface HeldModel {
  version: number;
  alpha: number;
  entry: ModelEntry;
}

/** Undefined in a package without one. */
export declare function packagedModel(): HeldModel | undefined;

/** Address of the names of ImageNet's classes. Undefined in a package without them. */
export declare function packagedLabels(): string | undefined;

/** The catalogue's networks. */
export declare const knownModels: readonly { id: string; version: number; alpha: number }[];

/** SHA-256 of the .wasm file in each folder of wasm/, lower-case hex. */
export declare const wasmHashes: Readonly<
  Record<'simd' | 'simd-threads' | 'relaxed' | 'relaxed-threads' | 'image' | 'tfjs', string>
>;
