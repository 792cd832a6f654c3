// Says which network the built package and the served page use.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { filesFolder } from '../../models/fetch.mjs';

/** Returns the id of the network, such as "mobilenet-v2-1.0-224-int8", and for the stand-in what it stands in for. */
export async function describeNetwork() {
  const text = await readFile(path.join(filesFolder, 'default.json'), 'utf8').catch(() => undefined);
  if (!text) return '(none was fetched)';
  const { id, standInFor } = JSON.parse(text);
  return standInFor ? `${id}, the stand-in for ${standInFor}` : id;
}
