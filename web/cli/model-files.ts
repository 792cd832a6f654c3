// Checks where a model's other files are. A model.json names its weight files, and a catalogue entry its model and labels. One
// that comes from elsewhere could name any file of this machine, or an address that tells a server who reads it.

import { readFile, realpath } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { OptionSpec, Values } from './command-line.js';
import { CommandError, reasonOf } from './exit.js';

export const outsideFilesOption: Record<'allow-outside-files', OptionSpec> = {
  'allow-outside-files': {
    help: 'read files that a model.json names outside of its own\nfolder or on the network (default: refuse them)',
  },
};

/**
 * Checks a model and, for a catalogue entry, the model that it names.
 * @throws CommandError when a file is outside of the model's folder and not allowed, or when the model can't be read
 */
export async function checkModelFiles(file: string, values: Values): Promise<void> {
  if (values['allow-outside-files']) return;
  await check(file, new Set());
}

async function check(file: string, seen: Set<string>): Promise<void> {
  if (seen.has(file)) return;
  seen.add(file);
  const json = await readJson(file);
  const { weightsManifest, files, labels } = Object(json) as Record<string, unknown>;
  const pathOf = (each: unknown) => (Object(each) as { path?: unknown }).path;
  const entries = Array.isArray(files) ? [...files.map(pathOf), pathOf(labels)] : [];
  const groups = Array.isArray(weightsManifest) ? weightsManifest : [];
  const weights = groups.flatMap((group: unknown) => (Object(group) as { paths?: unknown }).paths);
  for (const name of [...entries, ...weights]) {
    if (typeof name !== 'string') continue;
    const local = await toLocalPath(name, path.resolve(file));
    if (local === undefined)
      throw new CommandError(
        `The model ${file} names the file '${name}', which is outside of its folder, so it was not read. Put the file beside the model, or use --allow-outside-files.`,
      );
    // An entry may name a model.json, which names files in turn.
    if (entries.includes(name)) await check(local, seen);
  }
}

/** Returns the path of a file that a model names, or undefined when it is outside of the model's folder. */
async function toLocalPath(name: string, model: string): Promise<string | undefined> {
  let local: string;
  try {
    const url = new URL(name, pathToFileURL(model));
    if (url.protocol !== 'file:') return undefined;
    local = fileURLToPath(url);
  } catch {
    return undefined; // for example a host, or an encoded slash
  }
  if (!isInside(local, path.dirname(model))) return undefined;
  // Links may lead elsewhere. A folder whose files all are links, as a download cache has them, is fine.
  const real = await realpath(local).catch(() => local);
  const folders = [await realpath(path.dirname(model)), path.dirname(await realpath(model))];
  return folders.some((folder) => isInside(real, folder)) || real === local ? local : undefined;
}

function isInside(file: string, folder: string): boolean {
  const below = path.relative(folder, file);
  return below !== '' && below.split(path.sep)[0] !== '..' && !path.isAbsolute(below);
}

async function readJson(file: string): Promise<unknown> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (cause) {
    throw new CommandError(`Can't read the model ${file}: ${reasonOf(cause)}.`, undefined, { cause });
  }
  if (!/^\s*\{/.test(new TextDecoder().decode(bytes.subarray(0, 64)))) return undefined;
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as unknown;
  } catch {
    return undefined; // the reader of the model explains it
  }
}
