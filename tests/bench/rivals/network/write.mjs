// Writes each network in the formats of all engines, from one source. A benchmark needs the same weights everywhere.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fetchModel, filesFolder } from '../../../../models/fetch.mjs';
import { cutAtEmbedding, toFloatNetwork, toInt8Network } from './forms.mjs';
import { writeGraphModel } from './graph-model.mjs';
import { writeOnnx } from './onnx.mjs';
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

/** Names of the embedding's node in the graph models of @tensorflow-models/mobilenet. */
const embeddingNodes = {
  v1: 'module_apply_default/MobilenetV1/Logits/global_pool',
  v2: 'module_apply_default/MobilenetV2/Logits/AvgPool',
};

/**
 * Writes a network as <name>.tflite, <name>.onnx and, for floats, <name>/model.json. It takes pixels as bytes, or floats from -1 to 1,
 * and outputs its embedding as floats.
 * @param {string} name A key of `networks`.
 * @param {string} folder
 */
export async function writeNetwork(name, folder) {
  const { source, change } = networks[name];
  const entry = await fetchModel(source);
  const file = new Uint8Array(await readFile(path.join(filesFolder, entry.files[0].path)));
  const network = cutAtEmbedding(change(readTflite(file)));
  await mkdir(path.join(folder, name), { recursive: true });
  await writeFile(path.join(folder, `${name}.tflite`), writeTflite(network));
  await writeFile(path.join(folder, `${name}.onnx`), writeOnnx(network));
  if (!name.endsWith('float32')) return;
  const { modelJson, weights } = writeGraphModel(network, embeddingNodes[name.slice(0, 2)]);
  await writeFile(path.join(folder, name, 'model.json'), modelJson);
  await writeFile(path.join(folder, name, 'weights.bin'), weights);
}
