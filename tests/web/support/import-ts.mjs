// Bundles files of web/src when they are imported, so that tests in Node need no build.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { packagedPlugin, unbuiltText } from '../../../web/dev/packaged.mjs';

const source = fileURLToPath(new URL('../../../web/src/', import.meta.url));

/**
 * Returns the exports of files of web/src. All files are in one bundle, so they share classes such as ClassifierError.
 * @param {string[]} names Paths within web/src.
 */
export async function importTs(...names) {
  const folder = await mkdtemp(path.join(tmpdir(), 'teachable-web-test-'));
  try {
    const outfile = path.join(folder, 'bundle.mjs');
    const contents = names.map((name) => `export * from './${name}';`).join('\n');
    const plugins = [packagedPlugin(await unbuiltText())];
    await build({
      stdin: { contents, resolveDir: source, loader: 'ts' },
      plugins,
      bundle: true,
      format: 'esm',
      target: 'es2022',
      external: ['node:*'],
      // The demo page imports the package by its name.
      alias: { 'teachable-wasm': path.join(source, 'entries/index.ts') },
      outfile,
      logLevel: 'warning',
    });
    return await import(pathToFileURL(outfile).href);
  } finally {
    await rm(folder, { recursive: true });
  }
}
