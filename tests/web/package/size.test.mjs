// The size of what a page downloads before its first picture, without the model: the built files after gzip.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { wasmVariants } from '../../../web/dev/cmake.mjs';

const dist = fileURLToPath(new URL('../../../web/dist/', import.meta.url));
const site = fileURLToPath(new URL('../../../web/site/', import.meta.url));
/** Maximum sizes in bytes: the sizes that were reached, plus 1 %. Raise them only for a reason. */
const limits = {
  entry: 15_000,
  worker: 21_240,
  modules: { simd: 180_900, 'simd-threads': 190_700, relaxed: 187_450, 'relaxed-threads': 198_200 },
  // Fetched only for the first picture file.
  decoder: 31_550,
  // Fetched only for a model.json of TensorFlow.js.
  converter: 71_700,
};

const gzipped = (name) => gzipSync(readFileSync(path.join(dist, name)), { level: 9 }).length;

/** Returns a module and all modules that it imports statically. */
function withImports(name, seen = new Set()) {
  if (seen.has(name)) return seen;
  seen.add(name);
  const text = readFileSync(path.join(dist, name), 'utf8');
  for (const [, from] of text.matchAll(/\b(?:from|import)\s*["'](\.\/[^"']+\.js)["']/g))
    withImports(path.posix.join(path.posix.dirname(name), from), seen);
  return seen;
}

const sizeOf = (name) => [...withImports(name)].reduce((sum, each) => sum + gzipped(each), 0);

test('the package stays within its size limits', (t) => {
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
    assert.ok(size <= limit, `${what} has ${size} bytes after gzip. The limit is ${limit}.`);
  expectAtMost('The entry point', entry, limits.entry);
  expectAtMost('The worker', worker, limits.worker);
  for (const { variant, glue, wasm, together } of sizes) {
    expectAtMost(`The module ${variant}`, glue + wasm, limits.modules[variant]);
    expectAtMost(`Everything that starts ${variant}`, together, 234_000);
  }
  expectAtMost('The decoder', decoder, limits.decoder);
  expectAtMost('The converter', converter, limits.converter);
});

test('the first view of the demo page takes at most 60 kB before the module', (t) => {
  const code = new Map();
  /** Collects a file and those that it imports at its start. The page finds the package under lib/. */
  const collect = (name) => {
    if (code.has(name)) return;
    const file = name.startsWith('lib/') ? path.join(dist, name.slice('lib/'.length)) : path.join(site, name);
    const text = readFileSync(file, 'utf8');
    code.set(name, text);
    for (const [, from] of text.matchAll(/(?:\bfrom|\bimport)\s*["'](\.\.?\/[^"']+\.js)["']/g))
      collect(path.posix.join(path.posix.dirname(name), from));
  };
  collect('start.js');
  for (const name of ['index.html', 'style.css', 'icon.svg'])
    code.set(name, readFileSync(path.join(site, name), 'utf8'));
  const sizes = [...code].map(([name, text]) => [name, gzipSync(text, { level: 9 }).length]);
  t.diagnostic(sizes.map(([name, size]) => `${name} ${size}`).join(', '));
  const sum = sizes.reduce((total, [, size]) => total + size, 0);
  assert.ok(sum <= 60_000, `The first view has ${sum} bytes after gzip.`);
});
