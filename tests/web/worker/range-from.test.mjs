// The range of pixel values from a quantized file of the same network, and the outputs of .tflite files.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { root } from '../support/data.mjs';
import { zipOf } from '../support/zip.mjs';

const { load } = await import(pathToFileURL(path.join(root, 'web/dist/index.js')).href);
const addressOf = (name) => pathToFileURL(path.join(root, 'tests/data/tflite', `small-${name}.tflite`));
const bytesOf = (name) => readFile(addressOf(name));

/** Loads a model and returns what it says about its range. */
async function rangeOf(options) {
  const classifier = await load({ threads: 1, ...options });
  try {
    const { rangeSource, rangeFile, preprocess, warnings } = classifier.model;
    const isAssumed = warnings.some((warning) => warning.includes('is assumed'));
    return { rangeSource, rangeFile, range: preprocess.range, isAssumed };
  } finally {
    classifier.dispose();
  }
}

const assumed = { rangeSource: 'assumed', rangeFile: undefined, range: [-1, 1], isAssumed: true };

test('the option rangeFrom gives a float model the range of its quantized file', async () => {
  const model = addressOf('float32');
  assert.deepEqual(await rangeOf({ model }), assumed);
  const sibling = { rangeSource: 'sibling', rangeFile: 'small-int8.tflite', range: [0, 1], isAssumed: false };
  assert.deepEqual(await rangeOf({ model, rangeFrom: addressOf('int8') }), sibling);
  // What the caller or the file says counts more.
  const given = await rangeOf({ model, rangeFrom: addressOf('int8'), preprocess: { range: [0, 255] } });
  assert.deepEqual([given.rangeSource, given.range], ['given', [0, 255]]);
  assert.equal((await rangeOf({ model: addressOf('int8'), rangeFrom: addressOf('int8') })).rangeSource, 'file');
  // The pictures are scaled by it.
  const frame = { data: new Uint8ClampedArray(256).fill(200), width: 8, height: 8 };
  const embeddings = [];
  for (const options of [{ rangeFrom: addressOf('int8') }, { preprocess: { range: [0, 1] } }]) {
    const classifier = await load({ threads: 1, model, ...options });
    embeddings.push(await classifier.embed(frame));
    classifier.dispose();
  }
  assert.deepEqual(...embeddings);
});

test('a file of another network, of floats or of another kind is no quantized file', async () => {
  const model = addressOf('float32');
  for (const rangeFrom of [addressOf('grey-int8'), model, pathToFileURL(path.join(root, 'package.json'))])
    await assert.rejects(load({ model, rangeFrom }), { code: 'bad-argument', message: /^rangeFrom: / });
  await assert.rejects(load({ model, rangeFrom: addressOf('missing') }), { code: 'load-failed' });
});

test('a zip archive with a float and a quantized file gives the range', async () => {
  const archive = async (...names) =>
    zipOf(Object.fromEntries(await Promise.all(names.map(async (name) => [`${name}.tflite`, await bytesOf(name)]))));
  const found = await rangeOf({ model: { bytes: await archive('float32', 'grey-int8', 'int8') } });
  assert.deepEqual(found, { rangeSource: 'sibling', rangeFile: 'int8.tflite', range: [0, 1], isAssumed: false });
  assert.deepEqual(await rangeOf({ model: { bytes: await archive('float32', 'grey-int8') } }), assumed);
});

test('the option output chooses one of several outputs of a .tflite file', async () => {
  const model = addressOf('float32');
  for (const [output, index, classCount] of [
    [undefined, 1, 3],
    ['scores', 1, 3],
    ['last', 2, 2],
    [2, 2, 2],
    [0, 0, 0],
  ]) {
    const classifier = await load({ model, output, threads: 1 });
    const { outputs, outputIndex, classCount: count, embeddingSize } = classifier.model;
    classifier.dispose();
    assert.deepEqual([outputs.length, outputs[1], outputs[2]], [3, 'scores', 'last']);
    assert.deepEqual([outputIndex, count, embeddingSize], [index, classCount, 4]);
  }
  await assert.rejects(load({ model, output: 'nothing' }), {
    code: 'bad-argument',
    message: /output: got 'nothing', .* 1 'scores', 2 'last'\./,
  });
});
