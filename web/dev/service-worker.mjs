// Writes the page's service worker into a built folder, with the list of the files there.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';
import { projectFolder } from './steps.mjs';

/**
 * Folders whose files only some visitors need. A browser uses one build of the module. The converter is used for models of TensorFlow.js
 * only; the decoder belongs to the files for everybody, because pictures can be taught without a network, too.
 */
const onlySome = /^lib\/(?:wasm\/(?!image\/)[^/]+|models)\/|^networks\/.+?(?=\.json$|\/)/;

/** Files that no page asks for by itself. */
const neverKept = /\.map$|^(?:service-worker\.js|manifest\.webmanifest)$|^icons\//;

/**
 * Writes service-worker.js. Its bytes change with every file that it keeps, which tells browsers of a new version.
 * @param {string} folder The built folder.
 * @param {Iterable<string>} names Its files.
 */
export async function writeServiceWorker(folder, names) {
  const core = {};
  const groups = {};
  for (const name of [...names].sort()) {
    if (neverKept.test(name)) continue;
    const [group] = onlySome.exec(name) ?? [];
    const sums = group ? (groups[group] ??= {}) : core;
    const bytes = await readFile(path.join(folder, name));
    sums[name === 'index.html' ? '' : name] = createHash('sha256').update(bytes).digest('hex');
  }
  await build({
    ...serviceWorkerOptions('main'),
    outfile: path.join(folder, 'service-worker.js'),
    define: { fileList: JSON.stringify({ core, groups: Object.values(groups) }) },
  });
}

/** Options of esbuild for a service worker: one classic script, because not all supported browsers have module service workers. */
export function serviceWorkerOptions(name) {
  return {
    entryPoints: [path.join(projectFolder, 'web/demo/hosting/worker', `${name}.ts`)],
    bundle: true,
    format: 'iife',
    target: ['chrome91', 'firefox114', 'safari16.4'],
    minify: true,
    legalComments: 'none',
    logLevel: 'warning',
  };
}
