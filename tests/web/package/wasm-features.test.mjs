// The features of WebAssembly that each variant uses. All variants are linked from objects that are compiled for shared memory, so
// an atomic instruction could get into a module for engines that refuse it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { toolchain } from '../../../cpp/third_party/setup.mjs';
import { wasmVariants } from '../../../web/dev/cmake.mjs';
import { projectFolder } from '../../../web/dev/steps.mjs';

/** Features of every variant. */
const baseFeatures = [
  'bulk-memory',
  'exception-handling',
  'multivalue',
  'mutable-globals',
  'nontrapping-float-to-int',
  'reference-types',
  'sign-ext',
  'simd',
];

/** Binaryen of the set-up, or else of the emsdk on PATH. */
function findWasmOpt() {
  const emcc = (process.env.PATH ?? '')
    .split(path.delimiter)
    .map((folder) => path.join(folder, 'emcc'))
    .find(existsSync);
  return [
    path.join(toolchain, 'binaryen/bin/wasm-opt'),
    ...(emcc ? [path.join(path.dirname(realpathSync(emcc)), '../bin/wasm-opt')] : []),
  ].find(existsSync);
}

for (const variant of wasmVariants) {
  test(`variant ${variant} uses no other features than browsers with its name have`, () => {
    const features = [...baseFeatures];
    if (variant.startsWith('relaxed')) features.push('relaxed-simd');
    if (variant.endsWith('threads')) features.push('threads');
    const file = path.join(projectFolder, 'web/dist/wasm', variant, 'teachable.wasm');
    const wasmOpt = findWasmOpt();
    assert.ok(wasmOpt, 'wasm-opt of Binaryen was not found in the toolchain or beside the emcc on PATH');
    const validate = (list) =>
      execFileSync(wasmOpt, [file, '--mvp-features', ...list.map((name) => `--enable-${name}`), '-o', '/dev/null'], {
        stdio: 'pipe',
      });
    validate(features);
    // Binaryen refuses instructions without their feature. (It lets relaxed SIMD pass.)
    if (features.includes('threads')) assert.throws(() => validate(features.filter((name) => name !== 'threads')));
  });
}
