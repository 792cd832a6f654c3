// Writes each network in the formats of all engines, from one source. A benchmark needs the same weights everywhere.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fetchModel, filesFolder } from '../../../../models/fetch.mjs';
import { cutAtEmbedding, toFloatNetwork, toInt8Network } from './forms.mjs';
import { readTflite, writeTflite } from './tflite.mjs';

/** The networks: the model of the catalogue that each is made of, and the change. */
export const networks = {
  'v2-int8': { source: 'mobilenet-v2-1.0-224-int8', change: (network) => network },
  'v2-uint8': { source: 'mobilenet-v2-1.0-224-uint8', change: (network) => network },
  'v2-float32': { source: 'mobilenet-v2-1.0-224-int8', change: toFloatNetwork },
  'v1-int8': { source: 'mobilenet-v1-1.0-224-uint8-embedding', change: toInt8Network },
  'v1-uint8': { source: 'mobilenet-v1-1.0-224-uint8-embedding', change: (network) => network },
  'v1-float32': { source: 'mobilenet-v1-1.0-224-uint8-embedding', change: toFloatNetwork },
};

/**
 * Writes a network as <name>.tflite. It takes pixels as bytes, or floats from -1 to 1, and outputs its embedding as floats.
 * @param {string} name A key of `networks`.
 * @param {string} folder
 */
export async function writeNetwork(name, folder) {
  const { source, change } = networks[name];
  const entry = await fetchModel(source);
  const file = new Uint8Array(await readFile(path.join(filesFolder, entry.files[0].path)));
  const network = cutAtEmbedding(change(readTflite(file)));
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, `${name}.tflite`), writeTflite(network));
}
