// Adds examples to the module, without the package around it, until its memory is used up.
import path from 'node:path';
import { root } from './data.mjs';
import { importTs } from './import-ts.mjs';
import { startModule } from './start-module.mjs';

const { predictDefaults } = await importTs('shared/predict-defaults.ts');

/** Number of values in an embedding. */
export const size = 1280;
/** Number of examples that are added in one call. */
export const batch = 500;

/** Options of predictEmbedding(). The module has no defaults. */
export const options = { ...predictDefaults, rule: 'neighbours', k: 5 };

let state = 7;
const random = () => (state = (state * 48271) % 2147483647) / 2147483647;
/** Random values. Each batch is another part of them, because new values would take longer than the tests. */
const pool = Float32Array.from({ length: (2 * batch + 1) * size }, random);
let batchCount = 0;

/** Returns random embeddings, [batch, size]. No two rows of a process are equal, up to 2560 batches. */
export function makeBatch() {
  const start = (batchCount % size) + (Math.floor(batchCount / size) % 2) * batch * size;
  batchCount++;
  return pool.subarray(start, start + batch * size);
}

/** Starts the module of a variant. A threaded one has at most 256 MB, so that filling it takes a few seconds. */
export function startVariant(variant) {
  const wasmMemory = new WebAssembly.Memory({ initial: 192, maximum: 4096, shared: true });
  return startModule(path.join(root, 'web/dist/wasm', variant), variant.endsWith('-threads') ? { wasmMemory } : {});
}

/** Adds at most `max` examples of two classes. Returns the error that ended it early, or undefined. */
export function fill(classifier, max) {
  for (let first = 0; first < max; first += batch) {
    const rows = makeBatch();
    try {
      classifier.addEmbeddings(
        rows,
        size,
        Array.from({ length: batch }, (_, i) => ((first + i) % 2 === 0 ? 'even' : 'odd')),
      );
    } catch (error) {
      return error;
    }
  }
  return undefined;
}
