// Writes the page as a folder of static files, for any host and under any path: npm run build:demo
//
//   npm run build:demo -- [--source-maps] [--networks=id,...]
//
//   --source-maps   copies the source maps, too
//   --networks      more networks of models/catalog.json, which visitors can choose
//
// build/demo holds the page, the files of the package that the page can ask for, the model, and the licence notices. A service worker
// makes the page start without a network after the first visit. Hosts that send no COOP and COEP headers get the variants without threads,
// until the visitor asks for all cores; the service worker then adds these headers.
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { setup } from '../../cpp/third_party/setup.mjs';
import { fetchDefault } from '../../models/fetch.mjs';
import { bareModulesStep, bundleStep, downloadLists, runSteps, variantStep } from './build.mjs';
import { wasmVariants } from './cmake.mjs';
import { copyNetworks } from './demo-networks.mjs';
import { fail, main, projectFolder } from './steps.mjs';

const demo = path.join(projectFolder, 'build/demo');

/** Source of each file of the demo, by prefix of its name. The first matching prefix wins. */
const folders = [
  ['lib/', path.join(projectFolder, 'web/dist')],
  ['icons/', path.join(projectFolder, 'web/demo/icons')],
  ['manifest.webmanifest', path.join(projectFolder, 'web/demo/manifest.webmanifest')],
  ['', path.join(projectFolder, 'web/site')],
];

function sourceOf(name) {
  const [prefix, folder] = folders.find(([each]) => name.startsWith(each));
  return path.join(folder, name.slice(prefix.length));
}

/** Relative addresses that a file names in quotes: imports, workers, modules, models, style sheets. */
function namesIn(name, text) {
  // Emscripten's glue asks for the file beside it only, which the package names, too.
  if (name.startsWith('lib/wasm/')) return [];
  const relative = name.endsWith('.html') ? /\b(?:src|href)="([^":#?]+)"/g : /["'`](\.\.?\/[^"'`:?#$]+\.\w+)["'`]/g;
  return [...text.matchAll(relative)].map(([, each]) => path.posix.join(path.posix.dirname(name), each));
}

async function filesIn(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath ?? entry.path, entry.name)));
}

/** Page code registers the service worker only where the page names a manifest, so not on the development server. */
const withManifest = (html) =>
  html.replace('</head>', '  <link rel="manifest" href="manifest.webmanifest" />\n  </head>');

const withoutSourceMap = (text) => text.replace(/\n?\/\/# sourceMappingURL=\S+\n?/g, '\n');

/**
 * Copies the page and all files that it names, directly or through others, and writes the service worker.
 * @param {string} [target] Folder to write. What it held before is removed.
 * @param {{sourceMaps?: boolean, networks?: string[]}} [options] `sourceMaps`: whether to copy the source maps, too. `networks`: ids
 * of further networks in the catalogue.
 * @returns {Promise<string[]>} The names of the files but the licences, in alphabetical order.
 */
export async function writeDemo(target = demo, { sourceMaps = false, networks = [] } = {}) {
  await rm(target, { recursive: true, force: true });
  const names = new Set(['index.html']);
  for (const name of names) {
    const source = sourceOf(name);
    const copy = path.join(target, name);
    await mkdir(path.dirname(copy), { recursive: true });
    if (!/\.(html|css|js|svg|webmanifest)$/.test(name)) {
      await cp(source, copy);
      continue;
    }
    let text = await readFile(source, 'utf8');
    if (name === 'index.html') text = withManifest(text);
    if (!sourceMaps) text = withoutSourceMap(text);
    else if (existsSync(`${source}.map`)) names.add(`${name}.map`);
    await writeFile(copy, text);
    for (const each of namesIn(name, text)) names.add(each);
  }
  await copyNetworks(target, networks);
  for (const name of await filesIn(path.join(target, 'networks'))) names.add(`networks/${name}`);
  const { writeServiceWorker } = await import('./service-worker.mjs'); // imported here, because it needs the Node packages
  await writeServiceWorker(target, names);
  // The licences of the compiled code ask for their text beside it.
  for (const name of ['LICENSE', 'THIRD_PARTY_NOTICES'])
    await cp(path.join(projectFolder, name), path.join(target, `${name}.txt`));
  return [...names, 'service-worker.js'].sort();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main(async () => {
    const { values } = parseArgs({ options: { 'source-maps': { type: 'boolean' }, networks: { type: 'string' } } });
    const { 'source-maps': sourceMaps, networks } = values;
    await setup({ alongside: downloadLists() });
    await fetchDefault().catch((error) => fail(`The demo needs a model: ${error.message}`));
    const write = ['Static files', () => writeDemo(demo, { sourceMaps, networks: networks?.split(',') })];
    await runSteps([...wasmVariants.map(variantStep), bareModulesStep, bundleStep, write]);
    console.log(`The demo is in ${path.relative(projectFolder, demo)}. Copy the folder to any web server.`);
  });
}
