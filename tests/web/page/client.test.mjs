// Tests the page's side and the worker's side together. The module is a test double. The real host answers over a MessageChannel
// instead of a Worker, and the real server serves the files.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { after, before, beforeEach } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { serve as serveFiles } from '../../../web/dev/serve.mjs';
import { root } from '../support/data.mjs';
import { toBmp } from '../support/draw.mjs';
import { makeFakeModule } from '../support/fake-module.mjs';
import { importTs } from '../support/import-ts.mjs';
import { until } from '../support/wait.mjs';

const { load, makeHost, serve, ClassifierError } = await importTs(
  'entries/index.ts',
  'worker/host.ts',
  'shared/rpc.ts',
);

let folder;
let server;
let module;
/** Starts the module. Tests replace it, for example to make the start fail. */
let loadModule;
let workers;

class WorkerDouble extends EventTarget {
  #port;

  constructor(url, options) {
    super();
    this.url = String(url);
    this.options = options;
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const endWorker = () => (this.ended = true);
    serve(
      port2,
      makeHost((options) => loadModule(options), endWorker),
    );
    port1.addEventListener('message', ({ data }) => this.dispatchEvent(new MessageEvent('message', { data })));
    port1.start();
    port2.start();
    workers.push(this);
  }

  postMessage(message, transfer) {
    this.lastPosted = message;
    this.#port.postMessage(message, transfer);
  }

  terminate() {
    this.terminated = true;
    this.#port.close();
  }
}

const modelBytes = new TextEncoder().encode('TFL3 a model');
const tfjs = path.join(root, 'tests/data/tfjs/functional');
const tfjsModel = JSON.parse(await readFile(path.join(tfjs, 'model.json')));
const tfjsWeights = await readFile(path.join(tfjs, 'weights.bin'));
/** Folder of the built modules. It must be given, because the tests bundle the sources in another folder. */
const wasmUrl = pathToFileURL(path.join(root, 'web/dist/wasm/'));
/** A BMP file of one pixel. */
const onePixel = toBmp(1, 1, () => [10, 20, 30]);
const labels = ['background', 'cat', 'dog', 'owl'];

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'teachable-client-'));
  const entry = {
    id: 'tiny',
    title: 'Tiny network',
    files: [{ path: 'tiny.tflite', byteLength: modelBytes.byteLength }],
    labels: { path: 'labels.txt' },
    preprocess: { crop: 'squash', range: [0, 1] },
    showClasses: false,
  };
  const files = {
    'tiny.tflite': modelBytes,
    'labels.txt': `${labels.join('\r\n')}\r\n`,
    'metadata.json': JSON.stringify({ tmVersion: '2.4.5', labels, imageSize: 224 }),
    'tiny.json': JSON.stringify(entry),
    'short.json': JSON.stringify({ ...entry, files: [{ path: 'tiny.tflite', byteLength: 99 }] }),
    'altered.json': JSON.stringify({ ...entry, files: [{ path: 'tiny.tflite', sha256: '00' }] }),
    // The second group contains only the last weight, which has the shape [8].
    'model.json': JSON.stringify({
      ...tfjsModel,
      weightsManifest: [
        { paths: ['b.bin', 'a.bin'], weights: tfjsModel.weightsManifest[0].weights.slice(0, -1) },
        { paths: ['c.bin'], weights: tfjsModel.weightsManifest[0].weights.slice(-1) },
      ],
    }),
    'no-shard.json': JSON.stringify({ modelTopology: {}, weightsManifest: [{ paths: ['a.bin', 'lost.bin'] }] }),
    'other.json': '{"some": "json"}',
    'broken.json': '{"id": ',
    'b.bin': tfjsWeights.subarray(0, 1300),
    'a.bin': tfjsWeights.subarray(1300, -32),
    'c.bin': tfjsWeights.subarray(-32),
    'page.tflite': '<!DOCTYPE html><title>index</title>',
    'damaged.tflite': 'damaged',
  };
  for (const [name, content] of Object.entries(files)) await writeFile(path.join(folder, name), content);
  server = await serveFiles({ port: 0, folders: { '/m/': folder } });
  globalThis.Worker = WorkerDouble;
});

after(async () => {
  delete globalThis.Worker;
  await server.close();
  await rm(folder, { recursive: true });
});

beforeEach((_t) => {
  module = makeFakeModule();
  loadModule = async () => module;
  workers = [];
});

const at = (name) => `${server.url}m/${name}`;

async function open(t, options = {}) {
  const classifier = await load({ model: at('tiny.tflite'), ...options });
  t.after(() => classifier.dispose());
  return classifier;
}

const plain = (r, g, b, width = 2, height = 2) => ({
  data: Uint8ClampedArray.from({ length: width * height * 4 }, (_, index) => [r, g, b, 255][index % 4]),
  width,
  height,
});
const red = plain(200, 0, 0);
const blue = plain(0, 0, 200, 5, 3);

test('a mean and a deviation for each channel, and a chosen embedding, reach the module', async () => {
  const model = { bytes: modelBytes };
  const preprocess = { mean: [0.5, 0.25, 0], std: [0.5, 0.25, 0.125] };
  const classifier = await load({ model, preprocess, embedding: 7 });
  const { channelRanges, embedding } = module.classifiers.at(-1).preprocess;
  assert.deepEqual([channelRanges, embedding], [[-1, -1, 0, 1, 3, 8], '7']);
  assert.deepEqual([classifier.model.warnings, classifier.model.embeddingLayer], [[], 'pool']);
  const dataset = JSON.parse(await (await classifier.addExample(red, 'a'), classifier.exportJson()));
  assert.match(dataset.model.id, /embedding 7/);
  classifier.dispose();
  for (const wrong of [{ mean: [1, 2, 3] }, { std: [1, 1, 1] }, { mean: [0, 0], std: [1, 1] }, { mean: 0.5, std: 0.5 }])
    await assert.rejects(load({ model, preprocess: wrong }), { code: 'bad-argument', message: /mean/ });
  for (const std of [
    [0, 1, 1],
    [1, NaN, 1],
    [1, -1, 1],
  ])
    await assert.rejects(load({ model, preprocess: { mean: [0, 0, 0], std } }), { code: 'bad-argument' });
});

test('loads a model by address', async (t) => {
  const classifier = await open(t);
  assert.deepEqual(module.classifiers[0].model, modelBytes);
  const info = await classifier.info();
  assert.equal(info.model.id, 'tiny.tflite');
  assert.equal(info.model.embeddingSize, 3);
  assert.deepEqual(info.model.preprocess, {
    crop: 'center',
    resize: 'area',
    mirror: false,
    background: [255, 255, 255],
    range: [-1, 1],
  });
  assert.equal(info.heapBytes, 1 << 20);
  assert.equal(info.isolated, false);
  assert.equal(info.worker, true);
  assert.equal(info.modelBytes, modelBytes.byteLength);
  for (const ms of Object.values(info.loadTimings)) assert.ok(ms >= 0);
});

test("a catalogue entry sets the preprocessing, and the caller's options take precedence", async (t) => {
  const classifier = await open(t, { model: { url: at('tiny.json') }, preprocess: { resize: 'align-corners' } });
  assert.equal(classifier.model.title, 'Tiny network');
  assert.equal(classifier.model.showClasses, false);
  assert.deepEqual(classifier.model.preprocess, {
    crop: 'squash',
    resize: 'align-corners',
    mirror: false,
    background: [255, 255, 255],
    range: [0, 1],
  });
  assert.equal((await classifier.classify(red, 4))[1].className, 'cat');
});

test('data sets of other layers are refused by their names, with and without a known checksum', async (t) => {
  const last = await open(t);
  const two = await open(t, { layers: 'two' });
  assert.deepEqual([last.model.layers, two.model.layers, two.model.middleLayerSize], ['last', 'two', 1]);
  assert.equal(two.model.id, last.model.id);
  for (const each of [last, two]) await each.addExample(red, 'a');
  const [ofLast, ofTwo] = [await last.saveDataset(), await two.saveDataset()];
  await assert.rejects(two.loadDataset(ofLast), {
    code: 'bad-dataset',
    message: "made with 'tiny.tflite', not 'tiny.tflite + middle layer'",
  });
  await assert.rejects(last.loadDataset(ofTwo), { code: 'bad-dataset', message: /'tiny\.tflite \+ middle layer'/ });
  await two.loadDataset(ofTwo);
  assert.deepEqual(Object.entries(await two.counts()), [['a', 1]]);
});

test("passes a model's space to the module, and refuses a wrong one", async (t) => {
  const bytes = Uint8Array.of(0, 0x3c, 0, 0x38);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  await writeFile(path.join(folder, 'tiny.space'), bytes);
  await writeFile(path.join(folder, 'odd.space'), bytes.subarray(1));
  const entry = (space) => ({ id: 'x', title: 'X', files: [{ path: 'tiny.tflite' }], baseUrl: at(''), space });
  await open(t, { model: entry({ path: 'missing.space' }), layers: 'last' });
  assert.equal(module.classifiers[0].space, undefined, 'the last layer alone needs no space');
  assert.equal((await open(t, { model: entry() })).model.layers, 'last', 'a network without a space');
  for (const layers of [undefined, 'auto']) {
    const classifier = await open(t, { model: entry({ path: 'tiny.space' }), layers });
    assert.equal(classifier.model.layers, 'two');
    assert.deepEqual(module.classifiers.at(-1).space, bytes);
  }
  await open(t, { model: entry({ path: 'tiny.space', byteLength: 4, sha256 }), layers: 'two' });
  assert.deepEqual(module.classifiers.at(-1).space, bytes);
  await assert.rejects(load({ model: entry({ path: 'odd.space', byteLength: 4, sha256 }), layers: 'two' }), {
    code: 'load-failed',
  });
  await assert.rejects(load({ model: entry({ path: 'missing.space' }), layers: 'two' }), {
    code: 'load-failed',
    message: /space of the model 'x'|missing\.space/,
  });
  await assert.rejects(load({ model: entry({ path: 'odd.space' }), layers: 'two' }), { code: 'bad-model' });
});

test('loads a catalogue entry that is passed as an object', async (t) => {
  const model = { id: 'x', title: 'X', files: [{ path: 'tiny.tflite' }], baseUrl: at('') };
  const classifier = await open(t, { model });
  assert.equal(classifier.model.id, 'x');
  assert.equal(classifier.model.showClasses, true);
});

test('loads a model by its bytes, which the caller keeps', async (t) => {
  await open(t, { model: { bytes: modelBytes } });
  assert.equal(modelBytes.byteLength, 12);
  assert.deepEqual(module.classifiers[0].model, modelBytes);
});

test('joins weight files in the order of the manifest and passes a .tflite file to the module', async (t) => {
  const { model, modelBytes: bytes } = await (await open(t, { model: at('model.json'), wasmUrl })).info();
  const joined = module.classifiers[0].model;
  assert.equal(new TextDecoder().decode(joined.subarray(4, 8)), 'TFL3');
  assert.equal(model.format, 'tfjs-layers');
  assert.equal(bytes, tfjsWeights.byteLength + (await readFile(path.join(folder, 'model.json'))).byteLength);
  module = makeFakeModule();
  await open(t, {
    model: { bytes: new TextEncoder().encode(JSON.stringify(tfjsModel)), weights: tfjsWeights },
    wasmUrl,
  });
  assert.deepEqual(module.classifiers[0].model, joined);
});

test('reports a model.json that the converter refuses, and a missing converter', async () => {
  const bytes = new TextEncoder().encode(JSON.stringify({ modelTopology: { node: [] }, weightsManifest: [] }));
  await assert.rejects(load({ model: { bytes }, wasmUrl }), {
    code: 'bad-model',
    message: /modelTopology has no list of 1 to/,
  });
  await assert.rejects(load({ model: { bytes }, wasmUrl: at('wasm/') }), {
    code: 'load-failed',
    message: /tfjs\/converter\.wasm answered 404.*wasmUrl/,
  });
});

test('takes labels as names or an address, and checks their number', async (_t) => {
  const name = async (labels, classIndex) => {
    const classifier = await load({ model: at('tiny.tflite'), labels });
    const [score] = (await classifier.classify(red, 4)).filter((each) => each.classIndex === classIndex);
    classifier.dispose();
    return score.className;
  };
  assert.equal(await name(['a', 'b', 'c', 'd'], 0), 'a');
  assert.equal(await name(at('labels.txt'), 3), 'owl');
  assert.equal(await name(at('metadata.json'), 3), 'owl');
  assert.equal(await name(undefined, 2), 'class 2');
  await assert.rejects(load({ model: at('tiny.tflite'), labels: ['one'] }), {
    code: 'bad-argument',
    message: /1 classes.*has 4/,
  });
  await assert.rejects(load({ model: at('tiny.tflite'), labels: ['b', 'c', 'd'] }), {
    code: 'bad-argument',
    message: /3 classes.*has 4/,
  });
  await until(() => module.live === 0, 'the module holds no classifier');
});

const failures = [
  ['missing.tflite', 'load-failed', /missing\.tflite answered 404 Not Found.*option 'model'/],
  ['page.tflite', 'load-failed', /is a web page \(HTML\)/],
  ['short.json', 'load-failed', /12 bytes instead of 99/],
  ['altered.json', 'load-failed', /SHA-256/],
  ['no-shard.json', 'load-failed', /lost\.bin answered 404/],
  ['other.json', 'bad-model', /neither a catalogue entry nor a model\.json/],
  ['broken.json', 'bad-model', /looks like JSON/],
  ['damaged.tflite', 'bad-model', /damaged at byte 7/],
];

for (const [name, code, message] of failures) {
  test(`loading ${name} fails with ${code} and leaves no classifier or worker`, async () => {
    await assert.rejects(load({ model: at(name) }), { name: 'ClassifierError', code, message });
    assert.equal(module.live, 0);
    assert.equal(workers[0].terminated, true);
  });
}

test('a server that does not answer is load-failed', async () => {
  await assert.rejects(load({ model: 'http://localhost:9/x.tflite' }), {
    code: 'load-failed',
    message: /no answer.*CORS/,
  });
});

test('an invalid model source is refused before a worker starts', async () => {
  for (const model of [null, 5, {}, { files: 'x' }]) await assert.rejects(load({ model }), { code: 'bad-argument' });
  await assert.rejects(load({ model: 'http://' }), { code: 'bad-argument', message: /not an address/ });
  await assert.rejects(load({ model: at('tiny.tflite'), threads: 0 }), { code: 'bad-argument', message: /threads/ });
  for (const version of [0, 3, '1'])
    await assert.rejects(load({ version }), { code: 'bad-argument', message: /version/ });
  for (const [version, alpha] of [
    [1, 1.4],
    [2, 0.25],
    [1, '1'],
    [undefined, NaN],
  ])
    await assert.rejects(load({ version, alpha }), { code: 'bad-argument', message: /alpha .* must be one of/ });
  await assert.rejects(load({ version: 1, alpha: 0.25 }), {
    code: 'bad-argument',
    message: /v1 0.25 isn't in the package, which holds v2 1.*'mobilenet-v1-0.25-128-uint8'/,
  });
  await assert.rejects(load({ alpha: 0.5 }), { code: 'bad-argument', message: /v2 0.5 isn't in the package/ });
  await assert.rejects(load({ model: at('tiny.tflite'), version: 2 }), { code: 'bad-argument', message: /not both/ });
  assert.equal(workers.length, 0);
});

test('reports progress of both downloads, then the start', async (t) => {
  const seen = [];
  loadModule = async ({ onBytes }) => {
    onBytes(5, 10);
    return module;
  };
  await open(t, { onProgress: (progress) => seen.push(progress) });
  assert.deepEqual(
    seen.find(({ phase }) => phase === 'module'),
    { phase: 'module', loaded: 5, total: 10 },
  );
  assert.deepEqual(seen.filter(({ phase }) => phase === 'model').at(-1), { phase: 'model', loaded: 12, total: 12 });
  assert.equal(seen.at(-1).phase, 'start');
});

test('a signal aborts the load', async () => {
  await assert.rejects(load({ model: at('tiny.tflite'), signal: AbortSignal.abort() }), { code: 'aborted' });
  assert.equal(workers.length, 0);
  const controller = new AbortController();
  const started = new Promise((resolve) => {
    loadModule = () => {
      resolve();
      return new Promise(() => {});
    };
  });
  const loading = load({ model: at('tiny.tflite'), signal: controller.signal });
  await started;
  controller.abort();
  await assert.rejects(loading, { code: 'aborted' });
  assert.equal(workers[0].terminated, true);
});

test('a variant that fails is replaced by a simpler one, and the reason says so', async (t) => {
  const tried = [];
  loadModule = async ({ variant }) => {
    tried.push(variant);
    if (variant !== 'simd') throw new ClassifierError('load-failed', 'It is not there.');
    return module;
  };
  const features = { simd: true, relaxedSimd: true };
  const validate = WebAssembly.validate;
  t.mock.method(WebAssembly, 'validate', (bytes) => validate(bytes) || features.relaxedSimd);
  const classifier = await open(t);
  const { variant, threads, reason } = await classifier.info();
  assert.deepEqual(tried, ['relaxed', 'simd']);
  assert.equal(variant, 'simd');
  assert.equal(threads, 1);
  assert.match(reason, /relaxed failed: It is not there/);
});

test('a variant that was requested is not replaced', async () => {
  loadModule = async () => {
    throw new ClassifierError('load-failed', 'It is not there.');
  };
  await assert.rejects(load({ model: at('tiny.tflite'), variant: 'simd' }), {
    code: 'load-failed',
    message: 'It is not there.',
  });
  await assert.rejects(load({ model: at('tiny.tflite'), variant: 'simd-threads' }), {
    code: 'unsupported-browser',
    message: /Node/,
  });
});

test('a worker that never starts is load-failed', async (t) => {
  class FailingWorker extends EventTarget {
    postMessage() {
      setTimeout(() => this.dispatchEvent(new Event('error', { cancelable: true })));
    }
    terminate() {}
  }
  globalThis.Worker = FailingWorker;
  t.after(() => {
    globalThis.Worker = WorkerDouble;
  });
  await assert.rejects(load({ model: at('tiny.tflite'), workerUrl: '/nowhere.js' }), {
    code: 'load-failed',
    message: /\/nowhere\.js did not start.*worker-src/,
  });
});

test('teaches and predicts', async (t) => {
  const classifier = await open(t);
  assert.equal(await classifier.addExample(red, 'red'), 1);
  assert.equal(await classifier.addExample(red, 'red'), 2);
  assert.equal(await classifier.addExample(blue, 'blue'), 1);
  const prediction = await classifier.predict(blue);
  assert.equal(prediction.label, 'blue');
  assert.equal(prediction.classIndex, 1);
  assert.deepEqual({ ...prediction.confidences }, { red: 0, blue: 1 });
  assert.deepEqual({ ...(await classifier.counts()) }, { red: 2, blue: 1 });
  await classifier.clear('red');
  assert.deepEqual({ ...(await classifier.counts()) }, { blue: 1 });
  await assert.rejects(classifier.clear('never taught'), { code: 'bad-argument' });
  await classifier.clear();
  assert.deepEqual({ ...(await classifier.counts()) }, {});
});

test('alsoMirrored teaches two examples with addExample() and observe(), and is refused for an embedding', async (t) => {
  const classifier = await open(t);
  assert.equal(await classifier.addExample(red, 'red', { alsoMirrored: true }), 2);
  assert.equal(await classifier.addExample(red, 'red', { alsoMirrored: undefined }), 3);
  const { exampleId, exampleCount } = await classifier.observe(red, { label: 'red', alsoMirrored: true });
  assert.deepEqual([(await classifier.exampleIds('red')).indexOf(exampleId), exampleCount], [3, 5]);
  assert.equal((await classifier.observe(red, { alsoMirrored: true })).exampleCount, undefined);
  assert.deepEqual({ ...(await classifier.counts()) }, { red: 5 });
  const embedding = await classifier.embed(red);
  await assert.rejects(classifier.addExample(embedding, 'red', { alsoMirrored: true }), {
    code: 'bad-argument',
    message: "An embedding can't be mirrored. Pass the picture, or leave out 'alsoMirrored'.",
  });
  assert.equal(await classifier.addExample(embedding, 'red', { alsoMirrored: false }), 6);
});

test('accepts embeddings instead of pictures', async (t) => {
  const classifier = await open(t);
  const embedding = await classifier.embed(red);
  assert.deepEqual([...embedding], [200, 0, 0]);
  assert.equal(await classifier.addExample(embedding, 'red'), 1);
  await classifier.addExample(blue, 'blue');
  assert.equal((await classifier.predict(embedding)).label, 'red');
  await assert.rejects(classifier.predict(new Float32Array(7)), {
    code: 'bad-argument',
    message: /has 3 numbers; got 7/,
  });
  await assert.rejects(classifier.addExample(Float32Array.of(1, NaN, 0), 'x'), {
    code: 'bad-argument',
    message: /not finite/,
  });
});

test('observe() teaches, predicts and classifies with one run of the network', async (t) => {
  const classifier = await open(t);
  const [fake] = module.classifiers;
  const before = fake.runCount;
  const first = await classifier.observe(red);
  assert.equal(first.prediction, null);
  assert.equal(first.classes.length, 3);
  assert.equal(first.exampleCount, undefined);
  assert.equal(first.embedding, undefined);
  const second = await classifier.observe(red, { label: 1, topk: 0, embedding: true });
  assert.equal(second.prediction.label, '1');
  assert.equal(second.exampleCount, 1);
  assert.deepEqual([...second.embedding], [200, 0, 0]);
  assert.deepEqual(second.classes, []);
  assert.equal(fake.runCount, before + 2);
  for (const ms of Object.values(second.timings)) assert.ok(ms >= 0);
  assert.deepEqual((await classifier.info()).timings, second.timings);
});

test('observe() returns no classes for a model without a classifier', async (t) => {
  module = makeFakeModule({ classCount: 0 });
  const classifier = await open(t);
  assert.deepEqual((await classifier.observe(red)).classes, []);
  assert.equal(classifier.model.showClasses, false);
  await assert.rejects(classifier.classify(red), { code: 'bad-argument' });
});

test('names of Object.prototype are ordinary labels', async (t) => {
  const classifier = await open(t);
  await classifier.addExample(red, '__proto__');
  await classifier.addExample(blue, 'constructor');
  const { label, confidences } = await classifier.predict(red);
  assert.equal(label, '__proto__');
  assert.deepEqual(Object.entries(confidences), [
    ['__proto__', 1],
    ['constructor', 0],
  ]);
  assert.deepEqual(Object.entries(await classifier.counts()), [
    ['__proto__', 1],
    ['constructor', 1],
  ]);
});

test('predictions name the examples that voted', async (t) => {
  const classifier = await open(t);
  await classifier.addExample(red, 'red');
  await classifier.addExample(blue, 'blue');
  const { neighbours, unknown } = await classifier.predict(blue, { k: 2, unknownThreshold: 0.5 });
  assert.deepEqual(
    neighbours.map(({ id, label }) => [id, label]),
    [
      [1, 'blue'],
      [0, 'red'],
    ],
  );
  assert.equal(neighbours[0].similarity, 1);
  assert.equal(unknown, false);
  await classifier.predict(blue);
  assert.deepEqual(
    { ...module.classifiers[0].lastOptions },
    {
      rule: 'combined',
      k: 3,
      weighting: 'votes',
      temperature: 0.05,
      prior: 0,
      sharpness: 1,
      balanced: false,
      unknownThreshold: -1,
      smoothing: 0,
    },
  );
  await classifier.predict(blue, {
    rule: 'neighbours',
    k: 5,
    weighting: 'similarity',
    temperature: 0.2,
    prior: 2,
    sharpness: 1.5,
    balanced: true,
    unknownThreshold: 0.9,
    smoothing: 4,
  });
  assert.deepEqual(
    { ...module.classifiers[0].lastOptions },
    {
      rule: 'neighbours',
      k: 5,
      weighting: 'similarity',
      temperature: 0.2,
      prior: 2,
      sharpness: 1.5,
      balanced: true,
      unknownThreshold: 0.9,
      smoothing: 4,
    },
  );
  for (const options of [
    { weighting: 'all', rule: 'neighbours' },
    { rule: 'best' },
    { weighting: 'similarity' },
    { prior: 1 },
    { temperature: 0 },
    { temperature: NaN },
    { temperature: '1' },
    { prior: -1 },
    { prior: NaN },
    { prior: '1' },
    { sharpness: 0 },
    { sharpness: Infinity },
    { sharpness: null },
    { unknownThreshold: 2 },
    { unknownThreshold: NaN },
    { smoothing: -1 },
    { smoothing: Infinity },
    { smoothing: '2' },
  ]) {
    await assert.rejects(classifier.predict(blue, options), { code: 'bad-argument' });
  }
});

test('examples and classes can be edited', async (t) => {
  const classifier = await open(t);
  const { exampleId } = await classifier.observe(red, { label: 'red' });
  assert.equal(exampleId, 0);
  assert.equal((await classifier.observe(red)).exampleId, undefined);
  assert.deepEqual(await classifier.addExamples(Float32Array.of(0, 0, 200, 200, 0, 0), ['blue', 'red']), [1, 2]);
  await classifier.removeExample(2);
  assert.deepEqual(await classifier.exampleIds('red'), [0]);
  assert.equal(await classifier.undo(), true);
  assert.deepEqual(await classifier.exampleIds('red'), [0, 2]);
  await classifier.moveExample(2, 'blue');
  await classifier.renameClass('blue', '__proto__');
  assert.deepEqual(Object.entries(await classifier.counts()), [
    ['red', 1],
    ['__proto__', 2],
  ]);
  await classifier.mergeClasses('red', '__proto__');
  await classifier.addClass(7);
  assert.deepEqual(Object.entries(await classifier.counts()), [
    ['7', 0],
    ['__proto__', 3],
  ]);
  await classifier.enableClass('__proto__', false);
  await assert.rejects(classifier.predict(red), { code: 'bad-argument' });
  assert.equal((await classifier.observe(red)).prediction, null);
  assert.deepEqual([...(await classifier.exampleEmbedding(1))], [0, 0, 200]);
  assert.equal((await classifier.info()).exampleBytes, 36);
  for (const id of [-1, 1.5, NaN, '1', null, undefined])
    await assert.rejects(classifier.removeExample(id), { code: 'bad-argument' });
  await assert.rejects(classifier.removeExample(99), { code: 'bad-argument' });
  await assert.rejects(classifier.addExamples(new Float32Array(4), ['a']), { code: 'bad-argument' });
  for (const labels of [undefined, null, 'a', 5, [null], [{}]])
    await assert.rejects(classifier.addExamples(new Float32Array(3), labels), { code: 'bad-argument' });
  await classifier.useStorage('i8');
  for (const storage of ['f64', 5, undefined, null, {}])
    await assert.rejects(classifier.useStorage(storage), { code: 'bad-argument', message: /'f32', 'i16' or 'i8'/ });
});

test('many embeddings are predicted at once', async (t) => {
  const classifier = await open(t);
  await classifier.addExample(red, 'red');
  await classifier.addExample(blue, 'blue');
  const both = await classifier.predictMany(Float32Array.of(0, 0, 200, 200, 0, 0), { k: 1 });
  assert.deepEqual(
    both.map(({ label }) => label),
    ['blue', 'red'],
  );
  assert.deepEqual(await classifier.predictMany(new Float32Array()), []);
});

test('a review contains class names', async (t) => {
  const classifier = await open(t);
  await classifier.addExample(red, 'red');
  await classifier.addExample(blue, 'blue');
  const review = await classifier.review({ k: 5 });
  assert.equal(review.accuracy, 0.75);
  assert.deepEqual([review.temperature, review.prior, review.sharpness], [0.1, 0.5, 1.2]);
  assert.deepEqual(review.mostConfusable, { labels: ['red', 'blue'], confusions: 1 });
  assert.deepEqual(review.confusion, [{ label: 'red', takenFor: 'blue', count: 1, ids: [1] }]);
  assert.deepEqual(review.outliers, [{ id: 1, label: 'red', suggestedLabel: 'blue', confidence: 1 }]);
});

test('a map has the places of examples and frames', async (t) => {
  const classifier = await open(t);
  assert.equal((await classifier.observe(red, { map: true })).mapPoint, null);
  assert.equal(await classifier.mapPoint(Float32Array.of(7, 8, 9)), null);
  await classifier.addExample(red, 'red');
  await classifier.addExample(blue, 'blue');
  const { ids, points, explained } = await classifier.map();
  assert.deepEqual(ids, [0, 1]);
  assert.deepEqual([...points], [200, 0, 0, 0]);
  assert.deepEqual(explained, [0.75, 0.25]);
  assert.deepEqual((await classifier.observe(red, { map: true })).mapPoint, [200, 0]);
  assert.equal((await classifier.observe(red)).mapPoint, null);
  assert.deepEqual(await classifier.mapPoint(Float32Array.of(7, 8, 9)), [7, 8]);
  await assert.rejects(classifier.mapPoint(Float32Array.of(7, 8)), {
    code: 'bad-argument',
    message: /3 numbers; got 2/,
  });
});

test('data sets are saved and loaded as blob, bytes and stream', async (t) => {
  const classifier = await open(t);
  await classifier.addExample(red, 'red');
  await classifier.addExample(blue, 'blue');
  const thumbnails = [{ id: 1, bytes: Uint8Array.of(1, 2, 3) }];
  const blob = await classifier.saveDataset({ thumbnails });
  const bytes = new Uint8Array(await blob.arrayBuffer());
  assert.deepEqual(
    new Uint8Array(await new Response(classifier.saveDatasetStream({ thumbnails })).arrayBuffer()),
    bytes,
  );
  for (const file of [blob, bytes, bytes.buffer, blob.stream()]) {
    await classifier.addClass('more');
    assert.deepEqual(await classifier.loadDataset(file), thumbnails);
    assert.deepEqual(Object.entries(await classifier.counts()), [
      ['red', 1],
      ['blue', 1],
    ]);
  }
  assert.equal((await classifier.predict(blue)).label, 'blue');
  await assert.rejects(classifier.loadDataset(bytes.slice(0, 30)), { code: 'bad-dataset' });
  for (const file of [undefined, null, 'file.bin', {}, 5])
    await assert.rejects(classifier.loadDataset(file), { code: 'bad-argument' });
  assert.equal((await classifier.predict(blue)).label, 'blue');
});

test('saves and loads run one after the other', async (t) => {
  const classifier = await open(t);
  await classifier.addExample(red, 'red');
  const first = await classifier.saveDataset();
  await classifier.addExample(blue, 'blue');
  const [one, other, loaded] = await Promise.all([
    classifier.saveDataset(),
    classifier.saveDataset(),
    classifier.loadDataset(first),
  ]);
  assert.deepEqual(
    (await one.bytes?.()) ?? new Uint8Array(await one.arrayBuffer()),
    (await other.bytes?.()) ?? new Uint8Array(await other.arrayBuffer()),
  );
  assert.deepEqual(loaded, []);
  assert.deepEqual(Object.entries(await classifier.counts()), [['red', 1]]);
  await Promise.all([classifier.loadDataset(one), classifier.loadDataset(first), classifier.loadDataset(one)]);
  assert.deepEqual(Object.entries(await classifier.counts()), [
    ['red', 1],
    ['blue', 1],
  ]);

  const overtaken = classifier.saveDatasetStream().getReader();
  await overtaken.read();
  await classifier.saveDataset();
  await assert.rejects(overtaken.read(), { code: 'bad-argument', message: /Another save/ });
  // The second load succeeds although the first one fails.
  const [damaged, sound] = await Promise.allSettled([
    classifier.loadDataset(new Uint8Array(9)),
    classifier.loadDataset(first),
  ]);
  assert.deepEqual([damaged.status, sound.status], ['rejected', 'fulfilled']);
});

test('a save or load that ends early releases its memory', async (t) => {
  const classifier = await open(t);
  await classifier.addExample(red, 'red');
  const file = new Uint8Array(await (await classifier.saveDataset()).arrayBuffer());
  const [host] = module.classifiers;
  assert.equal(host.saving, false);
  await assert.rejects(classifier.loadDataset(file.slice(0, 30)), { code: 'bad-dataset' });
  assert.equal(host.loading, false);

  const controller = new AbortController();
  async function* halfThenAbort() {
    yield file.slice(0, 30);
    assert.equal(host.loading, true);
    controller.abort();
    yield file.slice(30);
  }
  await assert.rejects(classifier.loadDataset(ReadableStream.from(halfThenAbort()), { signal: controller.signal }), {
    code: 'aborted',
  });
  assert.equal(host.loading, false);
  const broken = new ReadableStream({ pull: (stream) => stream.error(new Error('the disk is gone')) });
  await assert.rejects(classifier.loadDataset(broken), /the disk is gone/);
  assert.equal(host.loading, false);

  const read = classifier.saveDatasetStream().getReader();
  await read.read();
  assert.equal(host.saving, true);
  await read.cancel();
  assert.equal(host.saving, false);
  await classifier.saveDatasetStream().cancel();
  assert.equal(host.saving, false);
  const saved = new AbortController();
  const aborted = classifier.saveDatasetStream({ signal: saved.signal }).getReader();
  await aborted.read();
  saved.abort();
  await aborted
    .read()
    .then(() => aborted.read())
    .catch(({ code }) => assert.equal(code, 'aborted'));
  await assert.rejects(aborted.read(), { code: 'aborted' });
  assert.equal(host.saving, false);
  // Cancelling a save that another one replaced does not end the other one.
  const overtaken = classifier.saveDatasetStream().getReader();
  await overtaken.read();
  const other = classifier.saveDatasetStream().getReader();
  await other.read();
  await overtaken.cancel();
  assert.equal(host.saving, true);
  await other.cancel();
});

test('invalid thumbnails are refused', async (t) => {
  const classifier = await open(t);
  await classifier.addExample(red, 'red');
  for (const thumbnails of [
    5,
    null,
    {},
    [null],
    [{ id: 0 }],
    [{ id: 0, bytes: 'abc' }],
    [{ id: -1, bytes: new Uint8Array() }],
    [{ bytes: new Uint8Array() }],
  ]) {
    await assert.rejects(classifier.saveDataset({ thumbnails }), { code: 'bad-argument' }, JSON.stringify(thumbnails));
    await assert.rejects(classifier.saveDatasetStream({ thumbnails }).getReader().read(), { code: 'bad-argument' });
  }
});

test('importJson() replaces everything or nothing, and undo() still works after a failure', async (t) => {
  const classifier = await open(t);
  await classifier.addExample(red, 'red');
  await classifier.addExample(blue, 'blue');
  await assert.rejects(classifier.importJson([['a', [1, 2], [1, 2]]]), { code: 'bad-dataset' });
  assert.equal(await classifier.undo(), true);
  assert.deepEqual(Object.entries(await classifier.counts()), [['red', 1]]);
  await classifier.importJson([['a', [1, 2, 3], [1, 3]]]);
  assert.equal(await classifier.undo(), false);
  assert.deepEqual(Object.entries(await classifier.counts()), [['a', 1]]);
  assert.equal(module.live, module.classifiers.length - module.classifiers.filter(({ deleted }) => deleted).length);
});

test('imports JSON of this library, of TensorFlow.js and of ml5', async (t) => {
  const classifier = await open(t);
  await classifier.addExample(red, '__proto__');
  await classifier.addExample(blue, 'blue');
  await classifier.enableClass('blue', false);
  const json = await classifier.exportJson();
  const parsed = JSON.parse(json);
  assert.deepEqual(
    parsed.classes.map(({ label, enabled }) => [label, enabled]),
    [
      ['__proto__', true],
      ['blue', false],
    ],
  );
  await classifier.clear();
  await classifier.importJson(json);
  assert.deepEqual(Object.entries(await classifier.counts()), [
    ['__proto__', 1],
    ['blue', 1],
  ]);

  const forms = {
    'entries with shapes': [
      ['5', [0, 0, 1, 1, 0, 0], [2, 3]],
      ['7', [0, 1, 0], [1, 3]],
    ],
    'entries of rows': [
      [
        '5',
        [
          [0, 0, 1],
          [1, 0, 0],
        ],
      ],
      ['7', [[0, 1, 0]]],
    ],
    'labels to flat lists': { 5: [0, 0, 1, 1, 0, 0], 7: [0, 1, 0] },
    'typed arrays through JSON': { 5: { 0: 0, 1: 0, 2: 1, 3: 1, 4: 0, 5: 0 }, 7: { 0: 0, 1: 1, 2: 0 } },
    ml5: {
      dataset: { 0: { label: '5', shape: [2, 3], dtype: 'float32' }, 1: { label: '7', shape: [1, 3] } },
      tensors: [
        { 0: 0, 1: 0, 2: 1, 3: 1, 4: 0, 5: 0 },
        { 0: 0, 1: 1, 2: 0 },
      ],
    },
  };
  for (const [name, form] of Object.entries(forms)) {
    for (const each of [form, JSON.stringify(form)]) {
      await classifier.importJson(each);
      assert.deepEqual(
        Object.entries(await classifier.counts()),
        [
          ['5', 2],
          ['7', 1],
        ],
        name,
      );
      assert.equal((await classifier.predict(Float32Array.of(0, 1, 0))).label, '7', name);
      assert.equal((await classifier.predict(Float32Array.of(0, 1, 0))).classIndex, 1, `${name}: B1`);
    }
  }
  const wrong = [
    '{',
    '5',
    null,
    7,
    [['a', [1, 2], [1, 2]]],
    [['a', [1, 2, null], [1, 3]]],
    [['a', [1, 2, 3], [2, 3]]],
    [['a', { dataId: {}, shape: [1, 3] }]],
    [
      ['a', [1, 2, 3]],
      ['a', [1, 2, 3]],
    ],
    { a: [1, 2, 'x'] },
    { a: [1, 2, 1e39] },
    [
      [
        'a',
        [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
      ],
    ],
    [
      [
        'a',
        [
          [1, 2, 3],
          [4, 5, 6, 7, 8, 9],
        ],
      ],
    ],
    [['a', [[1, 2, 3], 4, 5, 6]]],
    [['a', [[1, 2, 3], { 0: 1, 1: 2 }]]],
    { ...parsed, embeddingSize: 1 },
    { ...parsed, embeddingSize: '3' },
    { dataset: { 0: { label: 'a' } }, tensors: [] },
    { ...parsed, version: 2 },
    { ...parsed, model: { id: 'other' } },
    { ...parsed, classes: 5 },
    [[null, [1, 2, 3]]],
    [5],
  ];
  for (const each of wrong) {
    await assert.rejects(classifier.importJson(each), { code: 'bad-dataset' }, JSON.stringify(each));
    assert.deepEqual(
      Object.entries(await classifier.counts()),
      [
        ['5', 2],
        ['7', 1],
      ],
      'the examples stay',
    );
  }
});

test('1 and "1" are the same class', async (t) => {
  const classifier = await open(t);
  await classifier.addExample(red, 1);
  assert.equal(await classifier.addExample(red, '1'), 2);
});

test('bad arguments are refused before anything is sent', async (t) => {
  const classifier = await open(t);
  const bad = { code: 'bad-argument' };
  for (const k of [0, -1, 1.5, NaN, Infinity, '3', null])
    await assert.rejects(classifier.predict(red, { k }), bad, `k = ${k}`);
  for (const topk of [0, -1, 2.5, '3', null])
    await assert.rejects(classifier.classify(red, topk), bad, `topk = ${topk}`);
  for (const label of [undefined, null, NaN, true, {}, Symbol('x')])
    await assert.rejects(classifier.addExample(red, label), bad);
  await assert.rejects(classifier.observe(red, { label: null }), bad);
  await assert.rejects(classifier.observe(red, { topk: -1 }), bad);
  await assert.rejects(classifier.clear({}), bad);
  for (const image of [undefined, null, 5, {}, [], { data: red.data }])
    await assert.rejects(classifier.classify(image), bad);
});

test('invalid pictures are refused', async (t) => {
  const classifier = await open(t);
  const bad = { code: 'bad-image' };
  await assert.rejects(classifier.classify({ ...red, width: 3 }), {
    ...bad,
    message: /3 x 2 has 24 bytes of RGBA; got 16/,
  });
  await assert.rejects(classifier.classify({ ...red, width: 0 }), bad);
  await assert.rejects(classifier.classify({ ...red, width: 1.5 }), bad);
  await assert.rejects(classifier.classify({ ...red, data: [...red.data] }), bad);
  await assert.rejects(classifier.classify(new Blob([])), { ...bad, message: /empty/ });
});

test('accepts encoded pictures as bytes, buffer and blob', async (t) => {
  const classifier = await open(t, { wasmUrl });
  const file = Uint8Array.from(onePixel);
  for (const image of [file, file.buffer, new Blob([file])])
    assert.deepEqual([...(await classifier.embed(image))], [10, 20, 30]);
  assert.deepEqual(file, Uint8Array.from(onePixel));
  const { message } = await classifier.embed(new Uint8Array(9)).catch((error) => error);
  assert.match(
    message,
    /Neither this library nor the browser.*begins with 00 00 00 00 \(hex\), which is not a JPEG, PNG or BMP file/,
  );
});

/** Serves the package's modules. `answer` may answer a request for the decoder itself, and then returns true. */
async function serveModules(t, answer = () => false) {
  const requests = [];
  const before = (request, response) => {
    // The loader also requests the variant's own code, which these tests do not count.
    if (!request.url.endsWith('/decoder.wasm')) return false;
    requests.push(request.url);
    return answer(response);
  };
  const modules = await serveFiles({ port: 0, folders: { '/wasm/': fileURLToPath(wasmUrl) }, before });
  t.after(() => modules.close());
  return { requests, wasmUrl: `${modules.url}wasm/` };
}

test('the decoder is fetched once, with the first encoded picture', async (t) => {
  const { requests, wasmUrl } = await serveModules(t);
  const classifier = await open(t, { wasmUrl });
  await classifier.addExample(red, 'red');
  await classifier.predict(blue);
  await assert.rejects(classifier.embed(new Uint8Array()), { code: 'bad-image', message: /empty/ });
  assert.deepEqual(requests, []);
  for (let round = 0; round < 3; round++) assert.deepEqual([...(await classifier.embed(onePixel))], [10, 20, 30]);
  assert.deepEqual(requests, ['/wasm/image/decoder.wasm']);
});

test('a missing decoder is an error with its address, and the next picture tries again', async (t) => {
  const answers = [(response) => response.writeHead(503).end(), (response) => response.end('no WebAssembly')];
  const { requests, wasmUrl } = await serveModules(
    t,
    (response) => answers.length > 0 && (answers.shift()(response), true),
  );
  const classifier = await open(t, { wasmUrl });
  await classifier.addExample(red, 'red');
  await assert.rejects(classifier.predict(onePixel), {
    code: 'load-failed',
    message: /wasm\/image\/decoder\.wasm answered 503.*wasmUrl/,
  });
  await assert.rejects(classifier.predict(onePixel), {
    code: 'load-failed',
    message: /decoder\.wasm is not a WebAssembly file/,
  });
  assert.equal((await classifier.predict(onePixel)).label, 'red');
  assert.equal(requests.length, 3);
});

test('aborting a call during the download of the decoder does not affect the next call', async (t) => {
  let asked;
  const wasAsked = new Promise((resolve) => (asked = resolve));
  let held = false;
  const { wasmUrl } = await serveModules(t, (response) => !held && (held = true) && (asked(response), true));
  const classifier = await open(t, { wasmUrl });
  const controller = new AbortController();
  const first = classifier.embed(onePixel, { signal: controller.signal });
  const second = classifier.embed(onePixel);
  await wasAsked;
  controller.abort();
  await assert.rejects(first, { code: 'aborted' });
  assert.deepEqual([...(await second)], [10, 20, 30]);
});

/** A double of an image element that loads until fail() is called. */
class LoadingImage extends EventTarget {
  complete = false;
  naturalWidth = 0;
  src = 'slow.jpg';
  loading = 'eager';
  get [Symbol.toStringTag]() {
    return 'HTMLImageElement';
  }

  fail() {
    this.complete = true;
    this.dispatchEvent(new Event('error'));
  }
}

/** Makes an image element that loads until fail() is called, in an environment that decodes images. */
function loadingImage(t) {
  globalThis.createImageBitmap = () => assert.fail('the image was never loaded');
  t.after(() => delete globalThis.createImageBitmap);
  return new LoadingImage();
}

test('calls take effect in the order in which they are made, with any arguments', async (t) => {
  const classifier = await open(t, { wasmUrl });
  const embedding = Float32Array.of(1, 2, 3);
  const counts = [];
  const count = () => counts.push(classifier.counts().then(Object.entries));
  const image = loadingImage(t);
  const answers = [
    classifier.addExample(red, 'a'),
    classifier.clear(),
    classifier.addExample(embedding, 'b'),
    classifier.addExample(onePixel, 'c'),
  ];
  count();
  // Later calls wait for a picture that is loading. They use their arguments as they were at the time of the call.
  const failing = classifier.addExample(image, 'd');
  answers.push(
    classifier.undo(),
    classifier.addExample(new Blob([onePixel]), 'e'),
    classifier.addExample(embedding, 'f'),
  );
  const nearest = classifier.predict(embedding, { k: 1 });
  embedding.fill(99);
  answers.push(classifier.renameClass('f', 'g'));
  count();
  await counts[0];
  image.fail();
  await assert.rejects(failing, { code: 'bad-image', message: /slow\.jpg could not be loaded/ });
  await Promise.all(answers);
  assert.deepEqual(await Promise.all(counts), [
    [
      ['b', 1],
      ['c', 1],
    ],
    [
      ['b', 1],
      ['e', 1],
      ['g', 1],
    ],
  ]);
  assert.equal((await nearest).neighbours[0].similarity, 1);
  assert.deepEqual([...(await classifier.exampleEmbedding((await classifier.exampleIds('g'))[0]))], [1, 2, 3]);
});

test('a picture that never loads blocks nothing after an abort, and dispose() ends its call', async (t) => {
  const classifier = await open(t);
  const abort = new AbortController();
  const stalled = classifier.embed(loadingImage(t), { signal: abort.signal });
  const behind = classifier.addExample(red, 'red');
  abort.abort();
  await assert.rejects(stalled, { code: 'aborted' });
  assert.equal(await behind, 1);
  const last = classifier.embed(loadingImage(t));
  classifier.dispose();
  await assert.rejects(last, { code: 'disposed' });
});

test('a lazy image starts to load when it is used, and stays lazy', async (t) => {
  const classifier = await open(t);
  const image = loadingImage(t);
  let loading = 'lazy';
  Object.defineProperty(image, 'loading', {
    get: () => loading,
    set(value) {
      if (value === 'eager') setImmediate(() => image.fail());
      loading = value;
    },
  });
  await assert.rejects(classifier.embed(image), { code: 'bad-image' });
  assert.equal(loading, 'lazy');
});

test('an image element where nothing decodes it is an error at once', async (t) => {
  const classifier = await open(t);
  await assert.rejects(classifier.embed(new LoadingImage()), { code: 'unsupported-browser', message: /jsdom/ });
});

test('a small view of a large buffer is sent alone, and the caller keeps it', async (t) => {
  const classifier = await open(t);
  const large = new Float32Array(1 << 20);
  const view = large.subarray(300, 303).fill(7);
  const bytes = new Uint8Array(1 << 20);
  const posted = () => workers[0].lastPosted.args;
  const calls = {
    addExample: [() => classifier.addExample(view, 'a'), () => posted().subject.embedding],
    predict: [() => classifier.predict(view), () => posted().subject.embedding],
    addExamples: [() => classifier.addExamples(view, ['a']), () => posted().embeddings],
    predictMany: [() => classifier.predictMany(view), () => posted().embeddings],
    rgba: [() => classifier.embed({ data: bytes.subarray(8, 24), width: 2, height: 2 }), () => posted().frame.data],
    encoded: [() => classifier.embed(bytes.subarray(8, 24)).catch(() => {}), () => posted().frame.bytes],
    thumbnails: [
      () => classifier.saveDatasetStream({ thumbnails: [{ id: 0, bytes: bytes.subarray(0, 5) }] }).cancel(),
      () => posted().thumbnails[0].bytes,
    ],
  };
  for (const [name, [call, sent]] of Object.entries(calls)) {
    let buffer;
    // The size must be read before the transfer empties the buffer.
    t.mock.method(workers[0], 'postMessage', function (message, transfer) {
      this.lastPosted = message;
      buffer ??= sent().buffer.byteLength;
      return WorkerDouble.prototype.postMessage.call(this, message, transfer);
    });
    await call();
    t.mock.restoreAll();
    assert.ok(buffer > 0 && buffer <= 16, `${name}: ${buffer} bytes`);
  }
  assert.equal(large.length, 1 << 20);
  assert.deepEqual([...view], [7, 7, 7]);
  assert.equal(bytes.byteLength, 1 << 20);

  const file = new Uint8Array(await (await classifier.saveDataset()).arrayBuffer());
  const shifted = new Uint8Array(file.byteLength + 5000);
  shifted.set(file, 5000);
  const whole = shifted.subarray(5000);
  const stream = new ReadableStream({
    start(controller) {
      controller.enqueue(whole.subarray(0, 9));
      controller.enqueue(whole.subarray(9));
      controller.close();
    },
  });
  for (const source of [whole, stream]) {
    const sizes = [];
    t.mock.method(workers[0], 'postMessage', function (message, transfer) {
      if (message.args?.bytes) sizes.push(message.args.bytes.buffer.byteLength);
      return WorkerDouble.prototype.postMessage.call(this, message, transfer);
    });
    await classifier.loadDataset(source);
    t.mock.restoreAll();
    assert.equal(
      sizes.reduce((sum, size) => sum + size, 0),
      file.byteLength,
    );
  }
  assert.equal(shifted.byteLength, file.byteLength + 5000);
  // Small buffers of Node are views of one shared pool.
  const pooled = Buffer.from(onePixel);
  const pool = pooled.buffer.byteLength;
  await classifier.embed(pooled).catch(() => {});
  assert.equal(pooled.buffer.byteLength, pool);

  bytes.set(modelBytes, 99);
  await open(t, { model: { bytes: bytes.subarray(99, 99 + modelBytes.byteLength) } });
  assert.equal(workers[1].lastPosted.args.model.model.buffer.byteLength, modelBytes.byteLength);
  assert.deepEqual(module.classifiers.at(-1).model, modelBytes);
});

test('overlapping calls are answered separately and in order', async (t) => {
  const classifier = await open(t);
  const embeddings = await Promise.all([red, blue, red].map((image) => classifier.embed(image)));
  assert.deepEqual(
    embeddings.map((each) => each[0]),
    [200, 0, 200],
  );
});

test('dispose ends everything and may be called twice', async (t) => {
  const classifier = await open(t);
  const pending = classifier.classify(red);
  classifier.dispose();
  classifier.dispose();
  await assert.rejects(pending, { code: 'disposed' });
  await assert.rejects(classifier.classify(red), { code: 'disposed' });
  await until(() => module.live === 0 && workers[0].ended, 'the module cleans up and the worker ends itself');
  await until(() => workers[0].terminated, 'a worker that does not end itself is ended by force');
});

test('a classifier is disposable where the language supports it', async (t) => {
  const classifier = await open(t);
  classifier[Symbol.dispose ?? Symbol.for('Symbol.dispose')]();
  await assert.rejects(classifier.info(), { code: 'disposed' });
});

test('a call that is aborted while it waits has no effect', async (t) => {
  const classifier = await open(t);
  const before = module.classifiers[0].runCount;
  const abort = new AbortController();
  const first = classifier.addExample(red, 'red');
  const waiting = classifier.addExample(blue, 'blue', { signal: abort.signal });
  abort.abort();
  await assert.rejects(waiting, { code: 'aborted' });
  assert.equal(await first, 1);
  assert.equal(module.classifiers[0].runCount, before + 1);
  assert.deepEqual(Object.entries(await classifier.counts()), [['red', 1]]);
});

test('every call that may take long can be aborted', async (t) => {
  const classifier = await open(t);
  await classifier.addExample(red, 'red');
  const file = await classifier.saveDataset();
  const signal = AbortSignal.abort();
  const calls = {
    embed: () => classifier.embed(red, { signal }),
    embedMany: () => classifier.embedMany([red], { signal }),
    classify: () => classifier.classify(red, 1, { signal }),
    classifyMany: () => classifier.classifyMany([red], 1, { signal }),
    addExample: () => classifier.addExample(blue, 'blue', { signal }),
    'addExample of an embedding': () => classifier.addExample(Float32Array.of(1, 2, 3), 'blue', { signal }),
    addExamples: () => classifier.addExamples(Float32Array.of(1, 2, 3), ['blue'], { signal }),
    predict: () => classifier.predict(red, { signal }),
    'predict of an embedding': () => classifier.predict(Float32Array.of(1, 2, 3), { signal }),
    predictMany: () => classifier.predictMany(Float32Array.of(1, 2, 3), { signal }),
    observe: () => classifier.observe(blue, { label: 'blue', signal }),
    review: () => classifier.review({ signal }),
    map: () => classifier.map({ signal }),
    mapPoint: () => classifier.mapPoint(Float32Array.of(1, 2, 3), { signal }),
    saveDataset: () => classifier.saveDataset({ signal }),
    loadDataset: () => classifier.loadDataset(file, { signal }),
    exportJson: () => classifier.exportJson({ signal }),
    importJson: () => classifier.importJson([['b', [1, 2, 3], [1, 3]]], { signal }),
  };
  for (const [name, call] of Object.entries(calls)) await assert.rejects(call(), { code: 'aborted' }, name);
  assert.deepEqual(Object.entries(await classifier.counts()), [['red', 1]]);
  assert.equal((await classifier.predict(red)).label, 'red');
});

test('aborting a stalled load, or one that waits for it, leaves the examples unchanged', async (t) => {
  const classifier = await open(t);
  await classifier.addExample(red, 'red');
  const file = await classifier.saveDataset();
  const [stalling, waiting] = [new AbortController(), new AbortController()];
  let ended;
  let pulled;
  const wasPulled = new Promise((resolve) => (pulled = resolve));
  // This stream neither delivers data nor ends.
  const stream = new ReadableStream(
    { pull: () => (pulled(), new Promise(() => {})), cancel: (why) => ((ended = why), new Promise(() => {})) },
    { highWaterMark: 0 },
  );
  const stalled = classifier.loadDataset(stream, { signal: stalling.signal });
  const behind = classifier.loadDataset(file, { signal: waiting.signal });
  const last = classifier.saveDataset();
  await wasPulled;
  waiting.abort();
  await assert.rejects(behind, { code: 'aborted' });
  stalling.abort('enough');
  await assert.rejects(stalled, { code: 'aborted', cause: 'enough' });
  assert.equal(ended, 'enough');
  assert.equal((await last).size, file.size);
  assert.deepEqual(Object.entries(await classifier.counts()), [['red', 1]]);
  const strings = new ReadableStream({ start: (controller) => controller.enqueue('text') });
  await assert.rejects(classifier.loadDataset(strings), { code: 'bad-argument', message: /Uint8Arrays; got 'text'/ });
});

test('a save starts when it is called: a later change makes it fail and loses nothing', async (t) => {
  const classifier = await open(t);
  const order = [];
  t.mock.method(workers[0], 'postMessage', function (message, transfer) {
    order.push(message.method);
    return WorkerDouble.prototype.postMessage.call(this, message, transfer);
  });
  const saving = classifier.saveDataset();
  await classifier.clear();
  await saving;
  assert.deepEqual(order.slice(0, 2), ['startSave', 'clear']);
});

test('a module that fails after its start is replaced too', async (t) => {
  const validate = WebAssembly.validate;
  t.mock.method(WebAssembly, 'validate', (bytes) => validate(bytes) || true);
  const tried = [];
  const broken = {
    Classifier: class {
      constructor() {
        throw new ClassifierError('out-of-memory', 'there is no memory left');
      }
    },
  };
  loadModule = async ({ variant }) => {
    tried.push(variant);
    return variant === 'simd' ? module : broken;
  };
  const classifier = await open(t);
  assert.deepEqual(tried, ['relaxed', 'simd']);
  assert.match((await classifier.info()).reason, /relaxed failed: there is no memory left/);
});

/** A double of a worker that the caller made and that serves classifiers. It counts its listeners for errors. */
class OwnWorkerDouble extends EventTarget {
  #errorListeners = new Set();

  constructor({ serves = true } = {}) {
    super();
    this.serves = serves;
  }

  postMessage({ teachableWasm: port }) {
    this.port = port;
    if (!this.serves) return;
    serve(
      port,
      makeHost(
        (options) => loadModule(options),
        () => port.close(),
      ),
    );
    port.start();
    port.postMessage({ id: 0, kind: 'progress' });
  }

  get errorListeners() {
    return this.#errorListeners.size;
  }

  addEventListener(type, listener) {
    if (type === 'error') this.#errorListeners.add(listener);
    super.addEventListener(type, listener);
  }

  removeEventListener(type, listener) {
    if (type === 'error') this.#errorListeners.delete(listener);
    super.removeEventListener(type, listener);
  }

  /** Sends the error event of an uncaught error, or, without a message, of a missing script. */
  fail(message) {
    const event = new Event('error', { cancelable: true });
    this.dispatchEvent(message === undefined ? event : Object.assign(event, { message }));
    return event;
  }
}

test("errors in a caller's worker don't affect classifiers and aren't hidden, and no listener remains", async (t) => {
  const worker = new OwnWorkerDouble();
  const opening = open(t, { worker });
  await null;
  // The first error comes before the worker's first answer.
  assert.equal(worker.fail('boom').defaultPrevented, false);
  const classifiers = [await opening, await open(t, { worker }), await open(t, { worker })];
  assert.equal(worker.fail('boom again').defaultPrevented, false);
  for (const classifier of classifiers) assert.equal(await classifier.addExample(red, 'red'), 1);
  assert.equal(worker.errorListeners, 0);
});

test("a caller's worker that is missing or does not call serveClassifiers() is load-failed", async (t) => {
  const worker = new OwnWorkerDouble({ serves: false });
  for (const message of [undefined, 'no such module']) {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const loading = load({ model: at('tiny.tflite'), worker });
    await new Promise(setImmediate);
    worker.fail(message);
    if (message) t.mock.timers.tick(4000);
    await new Promise(setImmediate);
    t.mock.timers.tick(message ? 1001 : 1);
    await assert.rejects(loading, {
      code: 'load-failed',
      message: /that was given did not start.*serveClassifiers\(\)/,
    });
    t.mock.timers.reset();
    assert.equal(worker.errorListeners, 0);
    worker.port.close();
  }
});

test('an argument that cannot be cloned is bad-argument', async (t) => {
  const classifier = await open(t);
  await assert.rejects(classifier.importJson({ a: () => {} }), { code: 'bad-argument', message: /importJson\(\)/ });
  await assert.rejects(load({ model: at('tiny.tflite'), labels: [() => {}] }), { code: 'bad-argument' });
  assert.equal(await classifier.addExample(red, 'red'), 1);
});

test('accepts batches as lists and as iterators', async (t) => {
  const classifier = await open(t);
  async function* pictures() {
    yield red;
    yield blue;
  }
  for (const batch of [[red, blue], new Set([red, blue]), pictures()])
    assert.deepEqual([...(await classifier.embedMany(batch))], [200, 0, 0, 0, 0, 200]);
  assert.deepEqual(
    (await classifier.classifyMany([red, blue], 2)).map((scores) => scores.length),
    [2, 2],
  );
  assert.deepEqual(await classifier.embedMany([]), new Float32Array());
  assert.deepEqual(await classifier.addExamples(await classifier.embedMany([red, blue]), ['red', 'blue']), [0, 1]);
  await assert.rejects(classifier.embedMany([red, null, blue]), { code: 'bad-argument' });
  for (const batch of [null, undefined, 5, 'pictures', red])
    await assert.rejects(classifier.embedMany(batch), { code: 'bad-argument' });
});

test('aborting a slow batch also ends its iterator', async (t) => {
  const classifier = await open(t);
  const abort = new AbortController();
  let ended = 0;
  const pictures = {
    left: [red, blue],
    [Symbol.asyncIterator]() {
      return this;
    },
    next: async () =>
      pictures.left.length > 0
        ? { value: pictures.left.pop() }
        : (setImmediate(() => abort.abort()), new Promise(() => {})),
    // A generator that is still waiting does not return either.
    return: () => (ended++, new Promise(() => {})),
  };
  await assert.rejects(classifier.embedMany(pictures, { signal: abort.signal }), { code: 'aborted' });
  assert.equal(ended, 1);
  assert.deepEqual([...(await classifier.embedMany([Promise.resolve(red)]))], [200, 0, 0], 'as for await takes them');
});

test('loads pictures by address', async (t) => {
  await writeFile(path.join(folder, 'a #1%.jpg'), onePixel);
  const classifier = await open(t, { wasmUrl });
  const file = path.join(folder, 'a #1%.jpg');
  for (const image of [
    at('a%20%231%25.jpg'),
    new URL(at('a%20%231%25.jpg')),
    file,
    pathToFileURL(file),
    path.relative('.', file),
  ]) {
    assert.deepEqual([...(await classifier.embed(image))], [10, 20, 30], String(image));
  }
  await assert.rejects(classifier.embed(at('nothing.jpg')), {
    code: 'load-failed',
    message: /nothing\.jpg answered 404/,
  });
  await assert.rejects(classifier.embed('nothing.jpg'), { code: 'load-failed', message: /nothing\.jpg can't be read/ });
});
