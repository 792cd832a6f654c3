// Reads a TensorFlow.js layers-model that an npm package contains as browserified CommonJS modules: one with the topology, and one
// for each shard of the weights, in base64.
import { readLiteral } from './js-literal.mjs';

const kExport = /\.exports\s*=\s*(?=[{"])/g;

/**
 * Returns the literal that a browserified module exports. Throws SyntaxError unless there is exactly one.
 */
export function readExport(code) {
  // The bundle's own loader writes `{exports:{}}`, never `.exports={`.
  const starts = [...code.matchAll(kExport)].map((found) => found.index + found[0].length);
  if (starts.length !== 1) {
    throw new SyntaxError(`found ${starts.length} exported literals; expected 1`);
  }
  return readLiteral(code, starts[0]).value;
}

function readShard(readModule, path) {
  const text = readExport(readModule(path));
  if (typeof text !== 'string' || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) {
    throw new SyntaxError(`the module ${path} has no base64 text`);
  }
  return Buffer.from(text, 'base64');
}

/**
 * Makes `lastLayer` the output and removes the layers after it. Their weights stay, unused.
 */
function cutAfter(model, lastLayer) {
  const { config } = model.modelTopology.model_config;
  const end = config.layers.findIndex((layer) => layer.name === lastLayer);
  if (end < 0) throw new SyntaxError(`the model has no layer ${lastLayer}`);
  config.layers.length = end + 1;
  config.output_layers = [[lastLayer, 0, 0]];
}

/**
 * Joins topology and shards to the two files of a layers-model folder.
 * @param {(name: string) => string} readModule Returns the code of `<name>.min.js`.
 * @param {string} [lastLayer] The layer after which a classifier is cut off.
 * @returns {Map<string, Buffer>} `model.json`, whose manifest names one shard, and that shard, `weights.bin`.
 */
export function readBrowserifiedModel(readModule, lastLayer) {
  const model = readExport(readModule('model'));
  const paths = model.weightsManifest.flatMap((group) => group.paths);
  const shards = paths.map((path) => readShard(readModule, path));
  const weights = model.weightsManifest.flatMap((group) => group.weights);
  model.weightsManifest = [{ paths: ['weights.bin'], weights }];
  delete model.modelTopology.training_config;
  if (lastLayer) cutAfter(model, lastLayer);
  return new Map([
    ['model.json', Buffer.from(JSON.stringify(model))],
    ['weights.bin', Buffer.concat(shards)],
  ]);
}
