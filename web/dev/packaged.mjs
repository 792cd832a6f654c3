// Writes the module that web/src/shared/packaged.ts declares: the packaged model and the checksums of the built files. It is made at
// build time, because bundlers find a file only by an address that is written out.

import { createHash } from 'node:crypto';
import { cp, mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { filesFolder } from '../../models/fetch.mjs';
import { wasmVariants } from './cmake.mjs';
import { projectFolder } from './steps.mjs';

const modelsFolder = path.join(projectFolder, 'models');

/** Returns the catalogue entry of the model that models/fetch.mjs made available; undefined without one. */
export async function availableModel() {
  const text = await readFile(path.join(filesFolder, 'default.json'), 'utf8').catch(() => undefined);
  return text && JSON.parse(text);
}

/** models/files/<id>/<file> -> <id><extension>, so that names stay unique in one folder. */
const nameOf = (id, file) => `${id}${path.extname(file.path)}`;

/** Copies the available model into `<dist>/models`, replaces what is there, and returns the module's text. */
export async function packModel(dist) {
  const folder = path.join(dist, 'models');
  await rm(folder, { recursive: true, force: true });
  const model = await availableModel();
  if (!model) return moduleText({ catalog: await readCatalog(), hashes: await wasmHashes(dist) });
  await mkdir(folder, { recursive: true });
  for (const file of model.files)
    await cp(path.join(filesFolder, file.path), path.join(folder, nameOf(model.id, file)));
  if (model.space) await cp(path.join(filesFolder, model.space.path), path.join(folder, nameOf(model.id, model.space)));
  if (model.labels)
    await cp(path.join(filesFolder, model.labels.path), path.join(folder, path.basename(model.labels.path)));
  return moduleText({ model, catalog: await readCatalog(), hashes: await wasmHashes(dist) });
}

/**
 * Returns the catalogue entry of the available model with paths as packModel() names the files, behind `folder`; undefined without one.
 * Its class names are left out.
 */
export async function packagedNetwork(folder) {
  const model = await availableModel();
  if (!model) return undefined;
  const { id, title, files, space, preprocess, showClasses } = model;
  const rename = (file) => ({ ...file, path: folder + nameOf(id, file) });
  return { id, title, files: files.map(rename), ...(space && { space: rename(space) }), preprocess, showClasses };
}

/** Returns the module's text for tests of the sources, with the default model wherever it is. */
export async function unbuiltText() {
  const catalog = await readCatalog();
  const { labels, ...model } = catalog.models.find(({ id }) => id === catalog.default);
  return moduleText({
    model: { ...model, labels: catalog.labels.find(({ id }) => id === labels)?.files[0] },
    catalog,
    hashes: {},
  });
}

/** Makes an esbuild plugin that replaces packaged.js by `text`. */
export function packagedPlugin(text) {
  return {
    name: 'packaged',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /\/packaged\.js$/ }, () => ({ path: 'packaged', namespace: 'packaged', sideEffects: false }));
      onLoad({ filter: /.*/, namespace: 'packaged' }, () => ({
        contents: text,
        loader: 'js',
        resolveDir: path.join(projectFolder, 'web/src/shared'),
      }));
    },
  };
}

async function readCatalog() {
  return JSON.parse(await readFile(path.join(modelsFolder, 'catalog.json'), 'utf8'));
}

async function wasmHashes(dist) {
  const files = {
    ...Object.fromEntries(wasmVariants.map((variant) => [variant, 'teachable.wasm'])),
    image: 'decoder.wasm',
    tfjs: 'converter.wasm',
  };
  const hashes = {};
  for (const [folder, file] of Object.entries(files)) {
    // A build may have only some of the variants.
    const bytes = await readFile(path.join(dist, 'wasm', folder, file)).catch(() => undefined);
    if (bytes) hashes[folder] = createHash('sha256').update(bytes).digest('hex');
  }
  return hashes;
}

function moduleText({ model, catalog, hashes }) {
  // Models that anyone can download without further steps.
  const known = catalog.models
    .filter(({ files }) => files.every(({ sha256 }) => sha256))
    .map(({ id, architecture: { version, alpha } }) => ({ id, version, alpha }));
  const labels = model?.labels && address(path.basename(model.labels.path));
  return `
import { atHome } from './home.ts';
export function packagedModel() { return ${model ? entryText(model, labels) : 'undefined'}; }
export function packagedLabels() { return ${labels}; }
export const knownModels = ${JSON.stringify(known)};
export const wasmHashes = ${JSON.stringify(hashes)};
`;
}

const address = (name) => `atHome(new URL('./models/${name}', import.meta.url).href)`;

function entryText(
  { id, title, architecture: { version, alpha }, files, labels, preprocess, space, showClasses },
  labelsAddress,
) {
  const rest = ({ byteLength, sha256 }) => `byteLength: ${byteLength}, sha256: '${sha256}'`;
  const list = files.map((file) => `{ path: ${address(nameOf(id, file))}, ${rest(file)} }`);
  const mean = space ? `, space: { path: ${address(nameOf(id, space))}, ${rest(space)} }` : '';
  const names = labels ? `, labels: { path: ${labelsAddress}, ${rest(labels)} }` : '';
  return `{ version: ${version}, alpha: ${alpha}, entry: { id: '${id}', title: '${title}', files: [${list}]${names}${mean}, preprocess: ${JSON.stringify(preprocess)}, showClasses: ${showClasses} } }`;
}
