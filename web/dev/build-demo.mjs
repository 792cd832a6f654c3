// Writes the page as a folder of static files, for any host and under any path: npm run build:demo
//
// build/demo holds the page, the files of the package that the page can ask for, the model, and the licence notices.
// Hosts that send no COOP and COEP headers get the variants without threads.
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { setup } from '../../cpp/third_party/setup.mjs';
import { fetchDefault } from '../../models/fetch.mjs';
import { bareModulesStep, bundleStep, downloadLists, runSteps, variantStep } from './build.mjs';
import { wasmVariants } from './cmake.mjs';
import { fail, main, projectFolder } from './steps.mjs';

const demo = path.join(projectFolder, 'build/demo');

/** Source folder of each file of the demo, by prefix of its name. The longest matching prefix wins. */
const folders = [
  ['lib/', path.join(projectFolder, 'web/dist')],
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

/**
 * Copies the page and all files that it names, directly or through others, without source maps.
 * @param {string} target Folder to write. What it held before is removed.
 * @returns {Promise<string[]>} The names of the files, in alphabetical order.
 */
export async function writeDemo(target = demo) {
  await rm(target, { recursive: true, force: true });
  const names = new Set(['index.html']);
  for (const name of names) {
    const source = sourceOf(name);
    const copy = path.join(target, name);
    await mkdir(path.dirname(copy), { recursive: true });
    if (!/\.(html|css|js|svg)$/.test(name)) {
      await cp(source, copy);
      continue;
    }
    const text = (await readFile(source, 'utf8')).replace(/\n?\/\/# sourceMappingURL=\S+\n?/g, '\n');
    await writeFile(copy, text);
    for (const each of namesIn(name, text)) names.add(each);
  }
  // The licences of the compiled code ask for their text beside it.
  for (const name of ['LICENSE', 'THIRD_PARTY_NOTICES'])
    await cp(path.join(projectFolder, name), path.join(target, `${name}.txt`));
  return [...names].sort();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main(async () => {
    await setup({ alongside: downloadLists() });
    await fetchDefault().catch((error) => fail(`The demo needs a model: ${error.message}`));
    const write = ['Static files', () => writeDemo()];
    await runSteps([...wasmVariants.map(variantStep), bareModulesStep, bundleStep, write]);
    console.log(`The demo is in ${path.relative(projectFolder, demo)}. Copy the folder to any web server.`);
  });
}
