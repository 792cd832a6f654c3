// Bundles the TensorFlow.js packages for a page. Tests and benchmarks compare with them.

import { cp, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';
import { root } from './data.mjs';

const wasmFolder = path.join(root, 'node_modules/@tensorflow/tfjs-backend-wasm/dist');
const wasmFiles = ['tfjs-backend-wasm.wasm', 'tfjs-backend-wasm-simd.wasm', 'tfjs-backend-wasm-threaded-simd.wasm'];

/**
 * Writes mobilenet.js, knn-classifier.js and tfjs.js into a new folder, which must be served as /theirs/. They run on the
 * WebAssembly backend of TensorFlow.js, the fastest one that needs no GPU.
 */
export async function bundleTfjs(folder) {
  const start =
    "import * as tf from '@tensorflow/tfjs'; import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm'; setWasmPaths('/theirs/'); await tf.setBackend('wasm');";
  const entries = {
    mobilenet: '@tensorflow-models/mobilenet',
    'knn-classifier': '@tensorflow-models/knn-classifier',
    tfjs: '@tensorflow/tfjs',
  };
  await mkdir(folder);
  const entryPoints = {};
  for (const [name, from] of Object.entries(entries)) {
    entryPoints[name] = path.join(folder, `${name}.entry.js`);
    await writeFile(entryPoints[name], `${start} export * from '${from}';`);
  }
  await build({
    entryPoints,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    outdir: folder,
    nodePaths: [path.join(root, 'node_modules')],
    logLevel: 'error',
  });
  for (const file of wasmFiles) await cp(path.join(wasmFolder, file), path.join(folder, file));
}
