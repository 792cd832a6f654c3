#!/usr/bin/env node
// Puts models of the catalogue into models/files: `node models/fetch.mjs [--refresh] [--unverified]
// [id...]`, or --list for a table.
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { deliver, nameOf } from './sources.mjs';
import { toTable } from './table.mjs';

const modelsFolder = path.dirname(fileURLToPath(import.meta.url));

/** Folder of the fetched models: `TEACHABLE_MODEL_FILES`, or models/files unless that is set. */
export const filesFolder = path.resolve(process.env.TEACHABLE_MODEL_FILES || path.join(modelsFolder, 'files'));
const kStaging = '.incoming-';
const kStaleMs = 3_600_000;

/**
 * @typedef {object} Options
 * @property {(line: string) => void} [log] gets one line about what was taken from where, and why
 * not from elsewhere
 * @property {boolean} [refresh] look for the default on the network although a stand-in is there
 * @property {boolean} [unverified] take files of which nobody has told a sum; it is kept beside them
 * @property {string} [catalogFile] for tests, as the two below
 * @property {string} [filesFolder]
 * @property {string} [localFolder]
 */

/**
 * Makes one model and its labels available under `<filesFolder>/<id>/`; touches nothing when they
 * are there. Throws an Error with one sentence when no source has them.
 * @param {string} id of the catalogue
 * @param {Options} [options]
 * @returns {Promise<object>} the catalogue's entry; paths in it are relative to models/files/
 */
export async function fetchModel(id, options) {
  const run = await startRun(options);
  const item = findModel(run.catalog, id);
  run.log(await ensure(item, run));
  return toEntry(item, run);
}

/**
 * Makes the catalogue's default model available, or its stand-in when no source of the default can
 * be reached, and writes the entry to `<filesFolder>/default.json`. While a stand-in is there, the
 * default is looked for in the local folder only.
 * @param {Options} [options]
 * @returns {Promise<object>} as fetchModel; `standInFor` names the default when it isn't the
 * default
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
    const hint = skipNetwork ? ' (--refresh asks the network again)' : '';
    run.log(`${line} It stands in for ${item.id}: ${reason.message}${hint}`);
    entry = { ...(await toEntry(standIn, run)), standInFor: item.id };
  }
  await writeIfChanged(path.join(run.filesFolder, 'default.json'), `${JSON.stringify(entry, null, 2)}\n`);
  return entry;
}

/**
 * `TEACHABLE_MODELS`, else models/ in `TEACHABLE_DATA`, which is ../shared/data beside the
 * repository unless set.
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

/** What a run that was killed left behind. */
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
  throw new Error(`There is no model '${id}' in the catalogue; there are ${ids}.`);
}

/**
 * Makes an item's files available from the first source that has them; returns a sentence about
 * it.
 */
async function ensure(item, run, allows = () => true) {
  if (await isComplete(item, run)) return `${item.id} is in models/files already.`;
  const refusals = [];
  for (const source of item.sources.filter(allows)) {
    const name = nameOf(source, run.context);
    try {
      await take(source, item, run);
      const why = refusals.length > 0 ? ` (${refusals.join('; ')})` : '';
      return `Took ${item.id} from ${name}${why}.`;
    } catch (error) {
      refusals.push(`${name}: ${error.message}`);
    }
  }
  throw new Error(`${item.id} can't be had (${refusals.join('; ')}).`);
}

async function take(source, item, run) {
  const staging = await mkdtemp(path.join(run.filesFolder, kStaging));
  try {
    if (!isVouchedFor(source, item) && !run.unverified) {
      throw new Error('the catalogue has no sum of it; --unverified takes it as it is and keeps its sum');
    }
    await deliver(source, item, staging, run.context);
    for (const file of item.files) {
      if (!file.sha256) await keepSum(file, staging);
      await check(file, staging);
    }
    const folder = path.join(run.filesFolder, item.id);
    await mkdir(folder, { recursive: true });
    // One by one and onto what is there: another run may be putting the same files there.
    for (const file of item.files) {
      await rename(path.join(staging, file.path), path.join(folder, file.path));
      if (!file.sha256) await rename(path.join(staging, sumName(file)), path.join(folder, sumName(file)));
    }
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** Whether what comes from the source is checked: by sums of the files, or of the archive around them. */
function isVouchedFor(source, item) {
  return item.files.every((file) => file.sha256) || (source.kind === 'archive' && Boolean(source.sha256));
}

const sumName = (file) => `${file.path}.sha256`;

const sumOf = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** Of a file without a sum in the catalogue, for later runs to check it by. */
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
    `${file.path} has sha256 ${sum} and ${bytes.length} bytes, wanted ${wanted}` +
      (file.byteLength ? ` and ${file.byteLength}` : ''),
  );
}

async function isComplete(item, run) {
  const folder = path.join(run.filesFolder, item.id);
  const results = await Promise.allSettled(item.files.map((file) => check(file, folder)));
  return results.every((result) => result.status === 'fulfilled');
}

/** The entry as the page loads it. A model without reachable labels still runs. */
async function toEntry(item, run) {
  const { sources, labels, published, ...entry } = item;
  entry.files = await Promise.all(toPaths(item).map((file) => withSum(file, run)));
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

/** What the catalogue doesn't say of a file, from the file. */
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
    throw new Error(`${unknown} isn't an option; there are --refresh, --unverified and --list.`);
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
