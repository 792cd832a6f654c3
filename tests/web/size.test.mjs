// Download size of a page before its first picture, without the model: the built files as a compressing server sends them.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { wasmVariants } from '../../web/dev/cmake.mjs';

const dist = fileURLToPath(new URL('../../web/dist/', import.meta.url));
// The sizes reached, plus one percent. An increase beyond that must be deliberate.
const limits = {
  entry: 10_800,
  worker: 12_680,
  modules: { simd: 163_900, 'simd-threads': 169_400, relaxed: 173_300, 'relaxed-threads': 178_400 },
  // Fetched only for an encoded picture.
  decoder: 28_500,
  // Fetched only for a model.json.
  converter: 62_600,
};

const gzipped = (name) => gzipSync(readFileSync(path.join(dist, name)), { level: 9 }).length;

/** Returns a module and everything that it imports before it runs. */
function withImports(name, seen = new Set()) {
  if (seen.has(name)) return seen;
  seen.add(name);
  const text = readFileSync(path.join(dist, name), 'utf8');
  for (const [, from] of text.matchAll(/\b(?:from|import)\s*["'](\.\/[^"']+\.js)["']/g))
    withImports(path.posix.join(path.posix.dirname(name), from), seen);
  return seen;
}

const sizeOf = (name) => [...withImports(name)].reduce((sum, each) => sum + gzipped(each), 0);

test('the package is small', (t) => {
  const entry = sizeOf('index.js');
  const worker = sizeOf('worker.js');
  const sizes = wasmVariants.map((variant) => {
    const [glue, wasm] = ['js', 'wasm'].map((ending) => gzipped(`wasm/${variant}/teachable.${ending}`));
    return { variant, entry, worker, glue, wasm, together: entry + worker + glue + wasm };
  });
  for (const size of sizes)
    t.diagnostic(
      Object.entries(size)
        .map(([name, value]) => `${name} ${value}`)
        .join(', '),
    );
  const converter = gzipped('wasm/tfjs/converter.wasm');
  const decoder = gzipped('wasm/image/decoder.wasm');
  t.diagnostic(`decoder ${decoder}, converter ${converter}`);
  const expectAtMost = (what, size, limit) =>
    assert.ok(size <= limit, `${what} has ${size} bytes after gzip, limit: ${limit}`);
  expectAtMost('the entry', entry, limits.entry);
  expectAtMost('the worker', worker, limits.worker);
  for (const { variant, glue, wasm, together } of sizes) {
    expectAtMost(`the module ${variant}`, glue + wasm, limits.modules[variant]);
    expectAtMost(`all that starts ${variant}`, together, 200_000);
  }
  expectAtMost('the decoder', decoder, limits.decoder);
  expectAtMost('the converter', converter, limits.converter);
});
