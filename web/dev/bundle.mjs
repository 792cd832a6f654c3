// Bundles the TypeScript for browsers and Node: web/dist is the package, web/site the demo page.
//
//   web/dist/index.js, web/dist/worker.js   one file each, for a quick start
//   web/dist/knn.js, ...                    one file for each other entry; chunk-*.js is shared code
//   web/dist/commonjs.cjs, index.cjs, ...   the same for require()
//   web/dist/iife/teachable.js              the same for a script tag: the global name 'teachable'
//   web/dist/cli.js                         the Node command
//   web/dist/types/*.d.ts, *.d.cts
//   web/dist/models/                        the default model (web/dist/wasm/<variant>/ comes from CMake)
//   web/dist/integrity.json                 checksums for people who host the files themselves
//   web/dist/sbom.cdx.json                  components that are in the package
//   web/site/index.html, style.css, main.js (imports ./lib/index.js: serve.mjs maps lib/ to web/dist)
//   web/site/parts/player.html              template of the page that runs from one file

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, copyFile, cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, transform } from 'esbuild';
import { wasmVariants } from './cmake.mjs';
import { listNetworks } from './demo-networks.mjs';
import { availableModel, packagedNetwork, packagedPlugin, packModel } from './packaged.mjs';
import { buildPlayer } from './player.mjs';
import { writeSbom } from './sbom.mjs';
import { serviceWorkerOptions } from './service-worker.mjs';
import { typecheck } from './typescript.mjs';

const web = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const source = path.join(web, 'src');
const entryFolder = path.join(source, 'entries');
const dist = path.join(web, 'dist');
const site = path.join(web, 'site');

/** Subpath of the package -> file of web/src/entries, as in the exports of package.json. */
const entries = {
  index: 'index',
  worker: 'own-worker',
  knn: 'knn',
  labels: 'labels',
  convert: 'convert',
  webcam: 'webcam',
  'compat/knn-classifier': 'compat/knn-classifier',
  'compat/mobilenet': 'compat/mobilenet',
};

const common = {
  bundle: true,
  format: 'esm',
  target: ['chrome91', 'firefox114', 'safari16.4', 'node20'],
  sourcemap: true,
  // minify() removes white space and keeps the comments that bundlers read.
  minifySyntax: true,
  minifyIdentifiers: true,
  legalComments: 'none',
  logLevel: 'warning',
};

/** Builds files without white space, which would be a fifth of their size after compression. */
async function buildMinified(options) {
  const { outputFiles } = await build({ ...options, sourcemap: 'inline', write: false });
  await Promise.all(outputFiles.map(minify));
}

/**
 * Removes white space. esbuild would also remove the comments that tell bundlers to leave an import alone. Therefore strings of the
 * same length stand in for them meanwhile, so that the source map fits.
 */
async function minify({ path: target, text }) {
  const kept = [];
  const marked = text.replace(/\b(import|new Worker)\(\s*((?:\/\*.*?\*\/\s*)+)/g, (_, callee, comments) => {
    const comment = comments.replace(/\s*(\/\*.*?\*\/)\s*/g, '$1');
    return `${callee}(${JSON.stringify(`@${kept.push(comment) - 1}@`.padEnd(comment.length - 3, '@'))}+`;
  });
  const { code, map } = await transform(marked, {
    format: 'esm',
    target: common.target,
    minify: true,
    legalComments: 'none',
    sourcemap: 'external',
    sourcefile: path.basename(target),
  });
  let restored = 0;
  const finished = code.replace(/"@(\d+)@+"\+/g, (_, index) => (restored++, kept[index]));
  if (restored !== kept.length)
    throw new Error(`${target}: minifying kept ${restored} of ${kept.length} comments that bundlers read`);
  await mkdir(path.dirname(target), { recursive: true });
  await writeFile(target, `${finished}//# sourceMappingURL=${path.basename(target)}.map\n`);
  await writeFile(`${target}.map`, map);
}

/** The demo and the Node command import the package by its name. They run beside a copy of it or inside it. */
const packageIn = (folder) => ({
  name: 'package-beside',
  setup({ onResolve }) {
    onResolve({ filter: /^teachable-wasm(\/|$)/ }, ({ path: name }) => ({
      path: `${folder}${name.split('/').slice(1).join('/') || 'index'}.js`,
      external: true,
    }));
  },
});

/** The code that runs in the caller's thread is fetched when it is needed. All builds share the file of the modules. */
const inlineAt = (address) => ({
  name: 'inline-at',
  setup({ onResolve }) {
    onResolve({ filter: /\/inline\.js$/ }, () => ({ path: address, external: true }));
  },
});

const file = (name) => path.join(entryFolder, `${name}.ts`);
const files = Object.values(entries);

/**
 * Builds index.js and worker.js as single files. Shared pieces would be requested only after the first file had arrived, which on an
 * empty cache takes half of the code's load time.
 */
async function buildInOnePiece(plugins) {
  await buildMinified({
    ...common,
    plugins: [...plugins, inlineAt('./inline.js')],
    outdir: dist,
    entryPoints: [file('index')],
  });
  await buildMinified({ ...common, plugins, outdir: dist, entryPoints: [file('worker')] });
}

function buildModules(plugins) {
  return buildMinified({
    ...common,
    plugins,
    splitting: true,
    outdir: dist,
    entryPoints: [...files.filter((name) => name !== 'index'), 'inline'].map(file),
    outbase: entryFolder,
  });
}

async function buildCommonJs(plugins) {
  const contents = files.map((name, index) => `export * as entry${index} from './${name}.js';`).join('\n');
  const base = { inject: [path.join(web, 'dev/commonjs-url.mjs')], define: { 'import.meta.url': 'importMetaUrl' } };
  const stdin = { contents, resolveDir: entryFolder, loader: 'ts' };
  await build({
    ...common,
    ...base,
    stdin,
    plugins: [...plugins, inlineAt('./inline.js')],
    format: 'cjs',
    platform: 'node',
    outfile: path.join(dist, 'commonjs.cjs'),
  });
  for (const [index, name] of files.entries()) {
    const target = path.join(dist, `${name}.cjs`);
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(
      target,
      `module.exports = require('${'../'.repeat(name.split('/').length - 1) || './'}commonjs.cjs').entry${index};\n`,
    );
  }
}

function buildScript(plugins) {
  const base = { inject: [path.join(web, 'dev/script-url.mjs')], define: { 'import.meta.url': 'importMetaUrl' } };
  return build({
    ...common,
    ...base,
    plugins: [...plugins, inlineAt('../inline.js')],
    minify: true,
    format: 'iife',
    globalName: 'teachable',
    entryPoints: [file('index')],
    outfile: path.join(dist, 'iife/teachable.js'),
  });
}

async function buildCommand() {
  const outfile = path.join(dist, 'cli.js');
  await build({
    ...common,
    entryPoints: [path.join(web, 'cli/main.ts')],
    outfile,
    plugins: [packageIn('./')],
    platform: 'node',
    target: 'node20',
    banner: { js: '#!/usr/bin/env node' },
  });
  await chmod(outfile, 0o755);
}

async function buildSite() {
  await rm(site, { recursive: true, force: true });
  await mkdir(site, { recursive: true });
  await build({
    ...common,
    entryPoints: ['main.ts', 'style.css'].map((name) => path.join(web, 'demo', name)),
    outdir: site,
    // Panels that few visitors open, and other languages than English, are files of their own.
    splitting: true,
    // They lie beside main.js, because esbuild leaves the address './lib/' of the package as it is.
    chunkNames: 'part-[name]-[hash]',
    plugins: [packageIn('./lib/')],
    minify: true,
  });
  // Only the built demo has a service worker: see build-demo.mjs.
  await build({ ...serviceWorkerOptions('remove'), outfile: path.join(site, 'service-worker.js') });
  await cp(path.join(web, 'demo/icon.svg'), path.join(site, 'icon.svg'));
  await writeFile(path.join(site, 'index.html'), await englishPage());
  await listNetworks(site, (await availableModel())?.id);
}

/** Returns index.html with the English texts, so that it can be read before its code runs. */
async function englishPage() {
  const { outputFiles } = await build({
    entryPoints: [path.join(web, 'demo/texts/en.ts')],
    format: 'esm',
    write: false,
  });
  const { en } = await import(`data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`);
  const html = await readFile(path.join(web, 'demo/index.html'), 'utf8');
  return html.replace(/(\bdata-text="([\w.]+)"[^>]*>)(?=<\/)/g, (_, start, name) => {
    const text = name.split('.').reduce((found, part) => found[part], en);
    return start + text.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`);
  });
}

/** Ends glue that is minified. Minifying it once more would rename its variables, so each bundling would give other bytes. */
const minifiedMark = '//esbuild\n';

/** Minifies Emscripten's glue. Emscripten's own minifier is a compiler in Java. */
async function minifyGlue() {
  for (const variant of wasmVariants) {
    const glue = path.join(dist, 'wasm', variant, 'teachable.js');
    // A build may have only some of the variants.
    if (!existsSync(glue)) continue;
    const text = await readFile(glue, 'utf8');
    if (text.endsWith(minifiedMark)) continue;
    const { code } = await transform(text, {
      format: 'esm',
      target: common.target,
      minify: true,
      legalComments: 'none',
    });
    await writeFile(glue, code + minifiedMark);
  }
}

/**
 * Checks the types of all rooms and writes the package's typings. TypeScript treats a .d.ts file of this package as an ES module, so
 * require() gets the same declarations as .d.cts files.
 */
async function writeTypes() {
  const built = path.join(web, '../build/types');
  // An earlier build may have left declarations of files that are gone.
  await rm(built, { recursive: true, force: true });
  await typecheck('web/src/entries');
  const types = path.join(dist, 'types');
  for (const name of await readdir(built, { recursive: true })) {
    if (!name.endsWith('.d.ts')) continue;
    const up = '../'.repeat(name.split(path.sep).length - 1);
    const reference = name.startsWith('entries') ? `/// <reference path="${up}shared/platform.d.ts" />\n` : '';
    const text = reference + (await readFile(path.join(built, name), 'utf8'));
    const target = path.join(types, name);
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, text);
    await writeFile(target.replace(/\.d\.ts$/, '.d.cts'), text.replace(/(['"])(\.[^'"]*)\.js\1/g, '$1$2.cjs$1'));
  }
  // The compiler writes no declarations for declarations.
  await copyFile(path.join(web, 'src/shared/platform.d.ts'), path.join(types, 'shared/platform.d.ts'));
}

/** Writes checksums, for script tags and for people who host the files themselves. */
async function writeIntegrity() {
  const sums = {};
  for (const name of (await readdir(dist, { recursive: true })).sort()) {
    if (!/^(index|worker)\.js$|^iife\/.*\.js$|^(wasm|models)\/.*\.\w+$/.test(name)) continue;
    sums[name] = `sha384-${createHash('sha384')
      .update(await readFile(path.join(dist, name)))
      .digest('base64')}`;
  }
  await writeFile(path.join(dist, 'integrity.json'), `${JSON.stringify(sums, null, 2)}\n`);
}

/** Removes the output of an earlier build except for wasm/, which is built elsewhere. */
async function emptyDist() {
  await mkdir(dist, { recursive: true });
  for (const name of await readdir(dist)) if (name !== 'wasm') await rm(path.join(dist, name), { recursive: true });
}

/** Builds web/dist (except wasm/) and web/site. Throws on the first error, type errors included. */
export async function bundle() {
  await emptyDist();
  const packaged = await packModel(dist);
  const plugins = [packagedPlugin(packaged)];
  await Promise.all([
    buildInOnePiece(plugins),
    buildModules(plugins),
    buildCommonJs(plugins),
    buildScript(plugins),
    buildCommand(),
    buildSite(),
    minifyGlue(),
  ]);
  // After minifyGlue(): the player holds the glue.
  const network = await packagedNetwork('../lib/models/');
  await buildPlayer(site, dist, { packaged, target: common.target, network });
  await writeTypes();
  await writeIntegrity();
  writeSbom(dist);
  return { dist, site };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await bundle();
  console.log(`package: ${dist}\npage:    ${site}`);
}
