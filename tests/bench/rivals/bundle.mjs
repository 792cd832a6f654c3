// Installs the packages that only this comparison needs, and bundles those that browsers can't import by themselves.

import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { projectFolder, run } from '../../../web/dev/steps.mjs';

const here = path.join(projectFolder, 'tests/bench/rivals');
export const rivalPackages = path.join(here, 'node_modules');
const installedLock = path.join(rivalPackages, '.installed-lock.json');

/** Installs the packages of package-lock.json in this folder. tfjs-tflite asks for an older TensorFlow.js than the project's. */
export async function installRivals() {
  const lock = await readFile(path.join(here, 'package-lock.json'), 'utf8');
  if (existsSync(installedLock) && (await readFile(installedLock, 'utf8')) === lock) return;
  await run('npm', ['ci', '--prefix', here, '--ignore-scripts', '--legacy-peer-deps', '--no-audit', '--no-fund'], {
    log: path.join(projectFolder, 'build/log/npm-rivals.log'),
  });
  await writeFile(installedLock, lock);
}

/** The bundles: what each exports. */
const bundles = {
  tfjs: `
    export * as tf from '@tensorflow/tfjs-core';
    export * as backend from '@tensorflow/tfjs-backend-wasm';
    export * as mobilenet from '@tensorflow-models/mobilenet';`,
  'tfjs-tflite': `
    import '@tensorflow/tfjs-backend-cpu';
    export * as tf from '@tensorflow/tfjs-core';
    export * as tflite from '@tensorflow/tfjs-tflite/dist/tf-tflite.fesm.min.js';`,
  'knn-classifier': `
    import '@tensorflow/tfjs-backend-cpu';
    export * as tf from '@tensorflow/tfjs-core';
    export * as backend from '@tensorflow/tfjs-backend-wasm';
    export { create } from '@tensorflow-models/knn-classifier';`,
};

/** Writes the bundles `names` into a folder, minified, with the modules of TensorFlow.js' WebAssembly backend. */
export async function bundleRivals(folder, names) {
  const { build } = await import('esbuild');
  await mkdir(folder, { recursive: true });
  for (const name of names)
    await build({
      stdin: { contents: bundles[name], resolveDir: projectFolder },
      outfile: path.join(folder, `${name}.js`),
      bundle: true,
      minify: true,
      format: 'esm',
      platform: 'browser',
      target: 'es2022',
      nodePaths: [path.join(projectFolder, 'node_modules'), rivalPackages],
      logLevel: 'error',
    });
  const backend = path.join(projectFolder, 'node_modules/@tensorflow/tfjs-backend-wasm/dist');
  for (const file of ['tfjs-backend-wasm', 'tfjs-backend-wasm-simd', 'tfjs-backend-wasm-threaded-simd'])
    await cp(path.join(backend, `${file}.wasm`), path.join(folder, `${file}.wasm`));
}
