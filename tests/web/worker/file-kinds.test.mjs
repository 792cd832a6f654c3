// Files that are no model which runs: each is refused by what it is, with what to do.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { pathToFileURL } from 'node:url';
import { importTs } from '../support/import-ts.mjs';
import { zipOf } from '../support/zip.mjs';

const { fetchModel } = await importTs('worker/fetch-model.ts');

const bytes = (text) => new Uint8Array(Buffer.from(text, 'latin1'));
const fromBytes = (model, weights) => fetchModel({ model: { kind: 'bytes', model, weights } }, {});

/** The smallest beginning of each kind, what its error says, and the advice. */
const kinds = [
  ['', /empty/, /again/],
  ['version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 14\n', /Git LFS pointer/, /git lfs pull/],
  ['<!DOCTYPE html><html></html>', /web page/, /address/],
  ['<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', /XML/, /address/],
  ['\x89HDF\r\n\x1a\n', /\.h5/, /tensorflowjs_converter/],
  ['\x08\x01\x12\xc0\x1e\x0a\x10\x0a\x05serve\x22\x05Const', /SavedModel/, /TFLiteConverter/],
  ['\x0a\x20\x0a\x05input\x12\x0bPlaceholder', /frozen TensorFlow graph/, /TFLiteConverter/],
  ['\x08\x07\x12\x07pytorch\x1a\x052.1.0', /ONNX/, /onnx2tf/],
  ['\x08\x04\x12\x20\x0a\x0b\x0a\x05image', /Core ML/, /TensorFlow Lite/],
  ['PK\x03\x04\x00\x00archive/data.pkl', /PyTorch/, /onnx2tf/],
  ['PK\x03\x04\x00\x00model.weights.h5', /\.keras/, /TFLiteConverter/],
  ['\x80\x02\x8a\x0a', /PyTorch/, /onnx2tf/],
  ['\x1f\x8b\x08', /gzip/, /Unpack/],
  ['\xff\xd8\xff\xe0', /picture/, /classify\(\)/],
  ['#include "model.h"\nalignas(8) const unsigned char model[] = {', /source file/, /\.tflite/],
];

test('a file of another kind is refused by its name and with a way out', async () => {
  for (const [text, what, advice] of kinds) {
    const error = await fromBytes(bytes(text)).then(
      () => assert.fail(`${what} was accepted`),
      (caught) => caught,
    );
    assert.equal(error.code, 'bad-model', `${what}: ${error.message}`);
    assert.match(error.message, what);
    assert.match(error.message, advice);
    assert.match(error.message, /Supported: \.tflite files, and model\.json/);
    assert.ok(error.message.length < 300, error.message);
  }
});

test('JSON of another kind is refused by what it is', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'file-kinds-'));
  t.after(() => rm(folder, { recursive: true }));
  const cases = [
    [{ packageName: '@teachablemachine/image', labels: ['a'] }, /metadata\.json.*model\.json beside it/],
    [{ class_name: 'Sequential', config: {} }, /without its weights/],
    [{ wordLabels: ['a'] }, /sound/],
    [{ format: 'teachable-wasm', classes: [] }, /data set/],
  ];
  for (const [json, message] of cases) {
    const file = path.join(folder, 'file.json');
    await writeFile(file, JSON.stringify(json));
    const model = { kind: 'url', url: pathToFileURL(file).href };
    await assert.rejects(fetchModel({ model }, {}), { code: 'bad-model', message });
  }
});

const modelJson = JSON.stringify({
  modelTopology: {},
  weightsManifest: [{ paths: ['weights.bin'], weights: [{ name: 'w', shape: [2], dtype: 'uint8' }] }],
});
const metadata = JSON.stringify({ packageName: '@teachablemachine/image', labels: ['cat', 'dog'] });

test('a zip archive with a model is opened, with its labels', async () => {
  const tflite = Buffer.from('....TFL3');
  const lite = await fromBytes(
    zipOf({ 'export/model.tflite': tflite, 'export/labels.txt': Buffer.from('0 cat\n1 dog\n') }),
  );
  assert.deepEqual([Buffer.from(lite.model), lite.labels, lite.tfjs], [tflite, ['cat', 'dog'], undefined]);
  await assert.rejects(fromBytes(zipOf({ 'readme.txt': Buffer.from('hello') })), {
    code: 'bad-model',
    message: /zip archive without a model\.json/,
  });
  const whole = zipOf({ 'model.tflite': tflite });
  for (let length = 2; length < whole.length; length++)
    await assert.rejects(fromBytes(whole.subarray(0, length)), { code: 'bad-model' });
});

test('the address of a folder is that of its model.json, and its metadata.json names the classes', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'folder-'));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(path.join(folder, 'model.json'), modelJson);
  await writeFile(path.join(folder, 'weights.bin'), Buffer.from([1, 2]));
  const load = () => fetchModel({ model: { kind: 'url', url: `${pathToFileURL(folder).href}/` } }, {});
  assert.equal((await load()).labels, undefined);
  await writeFile(path.join(folder, 'metadata.json'), metadata);
  const { labels, tfjs, preprocess } = await load();
  assert.deepEqual(
    [labels, [...tfjs.weights], preprocess.range],
    [
      ['cat', 'dog'],
      [1, 2],
      [-1, 128 / 127],
    ],
  );
});
