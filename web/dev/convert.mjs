// Converts TensorFlow.js models during the build, with the project's own converter.

import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { packagedPlugin } from './packaged.mjs';
import { projectFolder } from './steps.mjs';

const wasmFolder = path.join(projectFolder, 'web/dist/wasm');

/**
 * Converts a TensorFlow.js layers-model or graph-model to a .tflite file of float32 weights.
 * @param {Uint8Array} modelJson The model.json.
 * @param {Uint8Array} weights Its weight files, joined in the order of the manifest.
 * @returns {Promise<Uint8Array>} The .tflite file.
 */
export async function convertToTflite(modelJson, weights) {
  const converter = path.join(wasmFolder, 'tfjs/converter.wasm');
  if (!existsSync(converter)) throw new Error(`${converter} is missing; 'npm run build' makes it`);
  const folder = await mkdtemp(path.join(tmpdir(), 'teachable-convert-'));
  try {
    const outfile = path.join(folder, 'convert.mjs');
    const entry = path.join(projectFolder, 'web/src/entries/convert.ts');
    await build({
      entryPoints: [entry],
      bundle: true,
      format: 'esm',
      external: ['node:*'],
      outfile,
      // The converter comes from this build, so there are no sums to compare.
      plugins: [packagedPlugin('export const wasmHashes = {};')],
      logLevel: 'error',
    });
    const { convertModel } = await import(pathToFileURL(outfile).href);
    const wasmUrl = pathToFileURL(`${wasmFolder}/`);
    return (await convertModel({ bytes: modelJson, weights }, { wasmUrl })).tflite;
  } finally {
    await rm(folder, { recursive: true });
  }
}
