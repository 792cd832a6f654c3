// The networks besides the packaged one that the visitor of the page can choose: networks.json lists them, and networks/<id>.json is
// the catalogue's entry of each.

import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fetchModel, filesFolder, listFetched } from '../../models/fetch.mjs';

/** Writes the list and the entries of networks. `toAddress` returns the address of a file as networks/<id>.json sees it. */
async function writeList(site, entries, toAddress) {
  const folder = path.join(site, 'networks');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const moved = (file) => file && { ...file, path: toAddress(file.path) };
  for (const entry of entries) {
    const { files, space, labels } = entry;
    const placed = { ...entry, files: files.map(moved), space: moved(space), labels: moved(labels) };
    await writeFile(path.join(folder, `${entry.id}.json`), `${JSON.stringify(placed)}\n`);
  }
  const list = entries.map(({ id, title, files }) => ({
    id,
    title,
    byteLength: files.reduce((sum, { byteLength }) => sum + byteLength, 0),
  }));
  await writeFile(path.join(site, 'networks.json'), `${JSON.stringify(list)}\n`);
}

/** Lists all fetched networks but the packaged one, for the server of this project, which serves their files under models/. */
export async function listNetworks(site, packagedId) {
  const entries = (await listFetched()).filter(({ id }) => id !== packagedId);
  await writeList(site, entries, (file) => `../models/${file}`);
}

/** Copies networks into the folder of a demo, and lists them. `ids` are names of the catalogue. */
export async function copyNetworks(folder, ids) {
  const entries = [];
  for (const id of ids) entries.push(await fetchModel(id));
  await writeList(folder, entries, (file) => file);
  for (const { files, space, labels } of entries) {
    for (const file of [...files, space, labels])
      if (file) await cp(path.join(filesFolder, file.path), path.join(folder, 'networks', file.path));
  }
}
