#!/usr/bin/env node
// Fetches models of the catalogue into models/files: `node models/fetch.mjs [--refresh] [--unverified] [id...]`. With --list, prints
// the catalogue as a table.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { deliver, nameOf } from './sources.mjs';
import { toTable } from './table.mjs';

const modelsFolder = path.dirname(fileURLToPath(import.meta.url));

/** Folder of the fetched models: `TEACHABLE_MODEL_FILES`, or models/files unless that is set. */
export const filesFolder = path.resolve(process.env.TEACHABLE_MODEL_FILES || path.join(modelsFolder, 'files'));
/** Folder of the means of embeddings, which models/space.mjs writes. */
export const spacesFolder = path.join(modelsFolder, 'spaces');
const kStaging = '.incoming-';
const kStaleMs = 3_600_000;

/**
 * @typedef {object} Options
 * @property {(line: string) => void} [log] Receives one line for each model: its source, and why earlier
 * sources failed.
 * @property {boolean} [refresh] Asks the network for the default model again, although the
 * stand-in is there.
 * @property {boolean} [unverified] Accepts files without a known checksum. Their checksum is
 * stored beside them.
 * @property {string} [catalogFile] For tests, like the two below.
 * @property {string} [filesFolder]
 * @property {string} [localFolder]
 */

/**
 * Fetches one model and its labels into `<filesFolder>/<id>/`, unless they are there. Throws an Error with one sentence when no
 * source has them.
 * @param {string} id Id in the catalogue.
 * @param {Options} [options]
 * @returns {Promise<object>} The catalogue's entry, with paths relative to models/files/.
 */
export async function fetchModel(id, options) {
  const run = await startRun(options);
  const item = findModel(run.catalog, id);
  run.log(await ensure(item, run));
  return toEntry(item, run);
}

/**
 * Fetches the catalogue's default model, or the stand-in when no source of the default can be reached. Writes the entry to
 * `<filesFolder>/default.json`. While the stand-in is there, only the local folder is searched for the default.
 * @param {Options} [options]
 * @returns {Promise<object>} The entry, as from fetchModel(). `standInFor` names the default when the entry is the stand-in.
 */
export async function fetchDefault(options = {}) {
  const run = await startRun(options);
  const item = findModel(run.catalog, run.catalog.default);
  const standIn = findModel(run.catalog, run.catalog.standIn);
  const skipNetwork = !options.refresh && (await isComplete(standIn, run));
  let entry;
  try {
    run.log(await ensure(item, run, (source) => source.kind === 'folder' || !skipNetwork));
    entry = await toEntry(item, run);
  } catch (reason) {
    const line = await ensure(standIn, run).catch((error) => {
      throw new Error(`${reason.message} ${error.message}`);
    });
    const hint = skipNetwork ? ' (use --refresh to ask the network again)' : '';
    run.log(`${line} It stands in for ${item.id}: ${reason.message}${hint}`);
    entry = { ...(await toEntry(standIn, run)), standInFor: item.id };
  }
  await writeIfChanged(path.join(run.filesFolder, 'default.json'), `${JSON.stringify(entry, null, 2)}\n`);
  return entry;
}

/**
 * Returns the entries of all models that are in models/files, without fetching anything.
 * @param {Options} [options]
 * @returns {Promise<object[]>} As from fetchModel().
 */
export async function listFetched(options) {
  const run = await startRun(options);
  const { models, labels } = run.catalog;
  const hasLabels = new Map();
  for (const list of labels) hasLabels.set(list.id, await isComplete(list, run));
  const entries = [];
  for (const item of models) {
    if (!existsSync(path.join(run.filesFolder, item.id)) || !(await isComplete(item, run))) continue;
    entries.push(await toEntry(hasLabels.get(item.labels) ? item : { ...item, labels: undefined }, run));
  }
  return entries;
}

/**
 * Returns the local folder of models: `TEACHABLE_MODELS`, else models/ in `TEACHABLE_DATA`, whose default is ../shared/data beside
 * the repository.
 */
export function findLocalFolder(env = process.env) {
  if (env.TEACHABLE_MODELS) return path.resolve(env.TEACHABLE_MODELS);
  const data = env.TEACHABLE_DATA || path.join(modelsFolder, '../../shared/data');
  return path.resolve(data, 'models');
}

async function startRun({
  log = () => {},
  unverified = false,
  catalogFile,
  filesFolder: folder = filesFolder,
  localFolder,
  convert = convertWithProject,
} = {}) {
  const run = {
    log,
    unverified,
    catalog: JSON.parse(await readFile(catalogFile ?? path.join(modelsFolder, 'catalog.json'), 'utf8')),
    filesFolder: folder,
    context: {
      localFolder: localFolder ?? findLocalFolder(),
      unreachable: new Map(),
      convert,
      async modelFolder(id) {
        await ensure(findModel(run.catalog, id), run);
        return path.join(run.filesFolder, id);
      },
    },
  };
  await mkdir(run.filesFolder, { recursive: true });
  await removeStale(run.filesFolder);
  return run;
}

/** The project's own converter. Imported when it is needed, because it needs the Node packages. */
async function convertWithProject(modelJson, weights) {
  const { convertToTflite } = await import('../web/dev/convert.mjs');
  return convertToTflite(modelJson, weights);
}

/** Removes what a killed run left behind. */
async function removeStale(folder) {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(kStaging)) continue;
    const staging = path.join(folder, name);
    const age = Date.now() - ((await stat(staging).catch(() => undefined))?.mtimeMs ?? Date.now());
    if (age > kStaleMs) await rm(staging, { recursive: true, force: true });
  }
}

function findModel(catalog, id) {
  const item = catalog.models.find((model) => model.id === id);
  if (item) return item;
  const ids = catalog.models.map((model) => model.id).join(', ');
  throw new Error(`Unknown model '${id}'. The catalogue has: ${ids}.`);
}

/**
 * Fetches an item's files from the first source that has them. Returns a sentence about it.
 */
async function ensure(item, run, allows = () => true) {
  if (await isComplete(item, run)) return `${item.id} is already in models/files.`;
  const refusals = [];
  for (const source of item.sources.filter(allows)) {
    const name = nameOf(source, run.context);
    try {
      await take(source, item, run);
      const why = refusals.length > 0 ? ` (${refusals.join('; ')})` : '';
      return `Fetched ${item.id} from ${name}${why}.`;
    } catch (error) {
      refusals.push(`${name}: ${error.message}`);
    }
  }
  throw new Error(`Could not fetch ${item.id} (${refusals.join('; ')}).`);
}

async function take(source, item, run) {
  const staging = await mkdtemp(path.join(run.filesFolder, kStaging));
  try {
    if (!isVouchedFor(source, item) && !run.unverified) {
      throw new Error('the catalogue has no checksum of it; use --unverified to accept it as it is');
    }
    await deliver(source, item, staging, run.context);
    for (const file of item.files) {
      if (!file.sha256) await keepSum(file, staging);
      await check(file, staging);
    }
    const folder = path.join(run.filesFolder, item.id);
    await mkdir(folder, { recursive: true });
    // Each file replaces the old one in one step, because another run may be writing the same files.
    for (const file of item.files) {
      await rename(path.join(staging, file.path), path.join(folder, file.path));
      if (!file.sha256) await rename(path.join(staging, sumName(file)), path.join(folder, sumName(file)));
    }
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** Returns whether a checksum covers what the source delivers: one of each file, or one of the archive. */
function isVouchedFor(source, item) {
  return item.files.every((file) => file.sha256) || (source.kind === 'archive' && Boolean(source.sha256));
}

const sumName = (file) => `${file.path}.sha256`;

const sumOf = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** Stores the checksum of a file that has none in the catalogue, so that later runs can check the file. */
async function keepSum(file, folder) {
  const sum = sumOf(await readFile(path.join(folder, file.path)));
  await writeFile(path.join(folder, sumName(file)), `${sum}  ${file.path}\n`);
}

async function check(file, folder) {
  const bytes = await readFile(path.join(folder, file.path));
  const sum = sumOf(bytes);
  const wanted = file.sha256 ?? (await readFile(path.join(folder, sumName(file)), 'utf8')).slice(0, 64);
  if (sum === wanted) return;
  throw new Error(
    `${file.path} has sha256 ${sum} and ${bytes.length} bytes; expected ${wanted}` +
      (file.byteLength ? ` and ${file.byteLength} bytes` : ''),
  );
}

async function isComplete(item, run) {
  const folder = path.join(run.filesFolder, item.id);
  const results = await Promise.allSettled(item.files.map((file) => check(file, folder)));
  return results.every((result) => result.status === 'fulfilled');
}

/** Returns the entry as the page loads it. A model runs without labels when they can't be fetched. */
async function toEntry(item, run) {
  const { sources, labels, published, ...entry } = item;
  entry.files = await Promise.all(toPaths(item).map((file) => withSum(file, run)));
  if (entry.space) entry.space = await copySpace(item, run);
  if (!labels) return entry;
  const list = run.catalog.labels.find((candidate) => candidate.id === labels);
  try {
    await ensure(list, run);
    [entry.labels] = toPaths(list);
  } catch (error) {
    run.log(`Class names are missing: ${error.message}`);
  }
  return entry;
}

/** Copies the numbers that the repository has for a model beside its files. */
async function copySpace({ id, space }, run) {
  await check(space, spacesFolder);
  await copyFile(path.join(spacesFolder, space.path), path.join(run.filesFolder, id, space.path));
  return { ...space, path: `${id}/${space.path}` };
}

/** Adds the length and the checksum of a file that the catalogue doesn't know. */
async function withSum(file, run) {
  if (file.sha256) return file;
  const bytes = await readFile(path.join(run.filesFolder, file.path));
  return { ...file, byteLength: bytes.length, sha256: sumOf(bytes) };
}

function toPaths(item) {
  return item.files.map((file) => ({ ...file, path: `${item.id}/${file.path}` }));
}

async function writeIfChanged(file, text) {
  const old = await readFile(file, 'utf8').catch(() => undefined);
  if (old === text) return;
  const staging = await mkdtemp(path.join(path.dirname(file), kStaging));
  await writeFile(path.join(staging, 'file'), text);
  await rename(path.join(staging, 'file'), file);
  await rm(staging, { recursive: true, force: true });
}

async function main(args) {
  const refresh = args.includes('--refresh');
  const ids = args.filter((arg) => !arg.startsWith('--'));
  const unknown = args.find((arg) => arg.startsWith('--') && !['--refresh', '--unverified', '--list'].includes(arg));
  if (unknown) {
    throw new Error(`Unknown option ${unknown}. Options: --refresh, --unverified and --list.`);
  }
  const unverified = args.includes('--unverified');
  const log = (line) => console.log(line);
  if (args.includes('--list')) {
    const [catalog, measured] = await Promise.all(
      ['catalog.json', 'measured.json'].map(async (name) =>
        JSON.parse(await readFile(path.join(modelsFolder, name), 'utf8')),
      ),
    );
    log(toTable(catalog, measured));
  } else if (ids.length === 0) {
    await fetchDefault({ log, refresh });
  } else {
    for (const id of ids) await fetchModel(id, { log, unverified });
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(path.resolve(process.argv[1])).href) {
  main(process.argv.slice(2)).catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
