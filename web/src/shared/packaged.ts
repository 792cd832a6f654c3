// Facts that are known at build time only. web/dev/packaged.mjs writes the module that replaces this file.

import type { ModelEntry } from './protocol.js';

/** A network in the package's models/ folder. The paths in its entry are absolute. */
export interface PackagedModel {
  version: number;
  alpha: number;
  entry: ModelEntry;
}

/** Returns the network in the package; undefined without one. */
export declare function packagedModel(): PackagedModel | undefined;

/** Returns the address of ImageNet's class names; undefined in a package without them. */
export declare function packagedLabels(): string | undefined;

/** Networks of the catalogue that anyone can download. */
export declare const knownModels: readonly { id: string; version: number; alpha: number }[];

/** SHA-256 of the .wasm file in each folder of wasm/, lower-case hex. */
export declare const wasmHashes: Readonly<
  Record<'simd' | 'simd-threads' | 'relaxed' | 'relaxed-threads' | 'image' | 'tfjs', string>
>;
