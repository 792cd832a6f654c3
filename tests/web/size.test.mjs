// What a page downloads before its first picture, besides the model: the built files, as a server that compresses sends them.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { wasmVariants } from '../../web/dev/cmake.mjs';

const dist = fileURLToPath(new URL('../../web/dist/', import.meta.url));
const entryLimit = 15_000;
// What is reached, and a little: more has to be meant.
const variantLimit = 265_000;

const gzipped = (name) => gzipSync(readFileSync(path.join(dist, name)), { level: 9 }).length;

/** A module and all that it imports before it runs. */
function withImports(name, seen = new Set()) {
  if (seen.has(name)) return seen;
  seen.add(name);
  const text = readFileSync(path.join(dist, name), 'utf8');
  for (const [, from] of text.matchAll(/\b(?:from|import)\s*["'](\.\/[^"']+\.js)["']/g)) withImports(path.posix.join(path.posix.dirname(name), from), seen);
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
  for (const size of sizes) t.diagnostic(Object.entries(size).map(([name, value]) => `${name} ${value}`).join(', '));
  assert.ok(entry <= entryLimit, `the entry has ${entry} bytes after gzip, wanted at most ${entryLimit}`);
  for (const { variant, together } of sizes) {
    assert.ok(together <= variantLimit, `${variant} has ${together} bytes after gzip with its JavaScript, wanted at most ${variantLimit}`);
  }
});
