// Arguments of every kind, hostile ones too, are errors with a code, and everything that was taught stays.

import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import test, { after, before } from 'node:test';
import { importTs } from '../support/import-ts.mjs';
import { fakeModel, makeWorkerDouble } from '../support/worker-double.mjs';

const sources = await importTs(
  'entries/index.ts',
  'entries/knn.ts',
  'entries/convert.ts',
  'entries/labels.ts',
  'worker/host.ts',
  'worker/dataset-json.ts',
  'shared/rpc.ts',
  'shared/errors.ts',
  'shared/show.ts',
);
const { load, loadKnn, convertModel, loadImageNetLabels, readJsonDataset, show, toClassifierError } = sources;

const usualWorker = globalThis.Worker;
before(() => {
  globalThis.Worker = makeWorkerDouble(sources);
});
after(() => {
  globalThis.Worker = usualWorker;
});

/** Fails the test file when anything is thrown that nobody caught. */
process.on('uncaughtException', (error) => assert.fail(`uncaught: ${error}`));

const nest = (depth) => {
  let value = [];
  for (let level = 1; level < depth; level++) value = [value];
  return value;
};
const mine = new Error('thrown by the caller');
const thrower = () => {
  throw mine;
};
const revoked = () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};

/** Values that break code that expects plain ones. */
const hostile = {
  null: null,
  true: true,
  NaN,
  symbol: Symbol('x'),
  bigint: 5n,
  function: () => {},
  'without prototype': Object.create(null),
  'no text': { toString: 1, valueOf: 1 },
  'throwing text': { toString: thrower, valueOf: thrower, [Symbol.toPrimitive]: thrower },
  'throwing tag': {
    get [Symbol.toStringTag]() {
      throw mine;
    },
  },
  'throwing getters': new Proxy({}, { get: thrower, has: thrower, ownKeys: thrower, getPrototypeOf: thrower }),
  'revoked proxy': revoked(),
  'false file': { [Symbol.toStringTag]: 'Blob', length: 1e12 },
  'false address': { [Symbol.toStringTag]: 'URL', toString: 1 },
  'false video': { [Symbol.toStringTag]: 'HTMLVideoElement', readyState: 4, videoWidth: 1, videoHeight: 1 },
  'deep list': nest(200_000),
  'deep in a list': [nest(200_000)],
  'list of lists': [[{ toString: 1 }]],
  'long list': new Array(2 ** 32 - 1),
  'throwing iterable': { [Symbol.iterator]: thrower },
  'failing iterator': { [Symbol.iterator]: () => ({ next: thrower }) },
  date: new Date(NaN),
  map: new Map([[1, 2]]),
  detached: structuredClone(new Uint8Array(1), { transfer: [] }).subarray(1),
};

/** Codes of mistakes in an argument. */
const ofArgument = new Set(['bad-argument', 'bad-dataset', 'bad-image', 'bad-model', 'load-failed']);

async function refused(what, call, codes = ofArgument) {
  let error;
  try {
    await call();
  } catch (thrown) {
    error = thrown;
  }
  if (error === undefined) return false;
  assert.equal(error.name, 'ClassifierError', `${what}: ${error?.stack}`);
  assert.ok(codes.has(error.code), `${what}: ${error.code}: ${error.message}`);
  assert.ok(error.message.length < 2000, `${what}: a message of ${error.message.length} characters`);
  return true;
}

const embedding = () => Float32Array.of(10, 20, 30);
const picture = () => ({ data: new Uint8Array(4).fill(9), width: 1, height: 1 });

/** Every way to pass a value to a classifier. */
const calls = {
  'image of classify': (c, x) => c.classify(x),
  'topk of classify': (c, x) => c.classify(picture(), x),
  'settings of classify': (c, x) => c.classify(picture(), 1, x),
  'signal of classify': (c, x) => c.classify(picture(), 1, { signal: x }),
  'images of classifyMany': (c, x) => c.classifyMany(x),
  'image of classifyMany': (c, x) => c.classifyMany([picture(), x]),
  'settings of embedMany': (c, x) => c.embedMany([picture()], x),
  'image of embed': (c, x) => c.embed(x),
  'data of embed': (c, x) => c.embed({ ...picture(), data: x }),
  'width of embed': (c, x) => c.embed({ ...picture(), width: x }),
  'image of addExample': (c, x) => c.addExample(x, 'a'),
  'label of addExample': (c, x) => c.addExample(embedding(), x),
  'label of a taught picture': (c, x) => c.addExample(picture(), x),
  'settings of addExample': (c, x) => c.addExample(embedding(), 'a', x),
  'signal of addExample': (c, x) => c.addExample(embedding(), 'a', { signal: x }),
  'image of predict': (c, x) => c.predict(x),
  'options of predict': (c, x) => c.predict(embedding(), x),
  ...Object.fromEntries(
    ['k', 'weighting', 'temperature', 'prior', 'sharpness', 'unknownThreshold', 'smoothing', 'signal'].map((name) => [
      `${name} of predict`,
      (c, x) => c.predict(embedding(), { [name]: x }),
    ]),
  ),
  'options of observe': (c, x) => c.observe(picture(), x),
  'topk of observe': (c, x) => c.observe(picture(), { topk: x }),
  'label of observe': (c, x) => c.observe(picture(), { label: x }),
  'embeddings of addExamples': (c, x) => c.addExamples(x, ['a']),
  'labels of addExamples': (c, x) => c.addExamples(embedding(), x),
  'label of addExamples': (c, x) => c.addExamples(embedding(), [x]),
  'embeddings of predictMany': (c, x) => c.predictMany(x),
  'id of removeExample': (c, x) => c.removeExample(x),
  'id of moveExample': (c, x) => c.moveExample(x, 'a'),
  'label of moveExample': (c, x) => c.moveExample(0, x),
  'label of addClass': (c, x) => c.addClass(x),
  'label of renameClass': (c, x) => c.renameClass('taught', x),
  'label of mergeClasses': (c, x) => c.mergeClasses(x, 'taught'),
  'label of enableClass': (c, x) => c.enableClass(x, true),
  'storage of useStorage': (c, x) => c.useStorage(x),
  'label of exampleIds': (c, x) => c.exampleIds(x),
  'id of exampleEmbedding': (c, x) => c.exampleEmbedding(x),
  'options of review': (c, x) => c.review(x),
  'maxExamples of review': (c, x) => c.review({ maxExamples: x }),
  'options of map': (c, x) => c.map(x),
  'embedding of mapPoint': (c, x) => c.mapPoint(x),
  'map of observe': (c, x) => c.observe(picture(), { map: x }),
  'label of clear': (c, x) => c.clear(x),
  'options of saveDataset': (c, x) => c.saveDataset(x),
  'thumbnails of saveDataset': (c, x) => c.saveDataset({ thumbnails: x }),
  'thumbnail of saveDataset': (c, x) => c.saveDataset({ thumbnails: [x] }),
  'bytes of a thumbnail': (c, x) => c.saveDataset({ thumbnails: [{ id: 0, bytes: x }] }),
  'thumbnails of saveDatasetStream': (c, x) => c.saveDatasetStream({ thumbnails: x }).getReader().read(),
  'file of loadDataset': (c, x) => c.loadDataset(x),
  'settings of loadDataset': (c, x) => c.loadDataset(new Uint8Array(1), x),
  'json of importJson': (c, x) => c.importJson(x),
  'class of importJson': (c, x) => c.importJson([x]),
  'label of importJson': (c, x) => c.importJson([[x, [1, 2, 3]]]),
  'values of importJson': (c, x) => c.importJson({ a: x }),
  'value of importJson': (c, x) => c.importJson({ a: [1, x] }),
  'row of importJson': (c, x) => c.importJson({ a: [[1, 2, 3], x] }),
  'shape of importJson': (c, x) => c.importJson([['a', [1, 2, 3], x]]),
  'extent of importJson': (c, x) => c.importJson([['a', [1, 2, 3], [1, x]]]),
  'version of importJson': (c, x) => c.importJson({ format: 'teachable-wasm', version: x }),
  'size of importJson': (c, x) => c.importJson({ format: 'teachable-wasm', version: 1, embeddingSize: x }),
  'classes of importJson': (c, x) => c.importJson({ format: 'teachable-wasm', version: 1, classes: [x] }),
  'metadata of importJson': (c, x) => c.importJson({ tensors: [x], dataset: { 0: x } }),
};

test('hostile values in every place are errors of the caller, and nothing that was taught changes', async () => {
  const classifier = await load({ model: fakeModel });
  await classifier.addExample(embedding(), 'taught');
  const state = async () => {
    const counts = Object.entries(await classifier.counts());
    const ids = await Promise.all(counts.map(([label]) => classifier.exampleIds(label)));
    return JSON.stringify([counts, ids]);
  };
  let initial = await state();
  let refusals = 0;
  for (const [place, call] of Object.entries(calls)) {
    for (const [kind, value] of Object.entries(hostile)) {
      const wasRefused = await refused(`${kind} as ${place}`, async () => call(classifier, value));
      refusals += wasRefused;
      const now = await state();
      if (wasRefused) assert.equal(now, initial, `${kind} as ${place}`);
      // A value that isn't refused, such as options without a prototype, may teach.
      if (now === initial) continue;
      await classifier.clear();
      await classifier.addExample(embedding(), 'taught');
      initial = await state();
    }
  }
  assert.ok(refusals > 1000, `${refusals} refusals`);
  classifier.dispose();
});

test('hostile options of loads are errors of the caller, and leave no classifier', async () => {
  const places = {
    load: (x) => load(x),
    model: (x) => load({ model: x }),
    'bytes of the model': (x) => load({ model: { bytes: x } }),
    'weights of the model': (x) => load({ model: { bytes: new TextEncoder().encode('{}'), weights: x } }),
    'address of the model': (x) => load({ model: { url: x } }),
    'files of an entry': (x) => load({ model: { id: 'a', title: 'a', files: [x] } }),
    'path of an entry': (x) => load({ model: { id: 'a', title: 'a', files: [{ path: x }] } }),
    'length of an entry': (x) => load({ model: { id: 'a', title: 'a', files: [{ path: 'a', byteLength: x }] } }),
    labels: (x) => load({ model: fakeModel, labels: x }),
    label: (x) => load({ model: fakeModel, labels: [x] }),
    preprocess: (x) => load({ model: fakeModel, preprocess: x }),
    crop: (x) => load({ model: fakeModel, preprocess: { crop: x } }),
    range: (x) => load({ model: fakeModel, preprocess: { range: [x, 1] } }),
    precision: (x) => load({ model: fakeModel, precision: x }),
    version: (x) => load({ version: x }),
    alpha: (x) => load({ alpha: x }),
    variant: (x) => load({ model: fakeModel, variant: x }),
    threads: (x) => load({ model: fakeModel, threads: x }),
    worker: (x) => load({ model: fakeModel, worker: x }),
    wasmUrl: (x) => load({ model: fakeModel, wasmUrl: x }),
    signal: (x) => load({ model: fakeModel, signal: x }),
    onProgress: (x) => load({ model: fakeModel, onProgress: x }),
    timeoutMs: (x) => load({ model: fakeModel, timeoutMs: x }),
    loadKnn: (x) => loadKnn(x),
    embeddingSize: (x) => loadKnn({ embeddingSize: x }),
    id: (x) => loadKnn({ embeddingSize: 3, id: x }),
    'model of convertModel': (x) => convertModel(x),
    'bytes of convertModel': (x) => convertModel({ bytes: x, weights: new Uint8Array() }),
    'options of convertModel': (x) => convertModel('nowhere.json', x),
    'options of loadImageNetLabels': (x) => loadImageNetLabels(x),
  };
  const codes = new Set([...ofArgument, 'unsupported-browser']);
  for (const [place, call] of Object.entries(places)) {
    for (const [kind, value] of Object.entries(hostile)) {
      // A worker that doesn't run here: it would start the module.
      if (place === 'worker' && kind === 'true') continue;
      await refused(`${kind} as ${place}`, async () => (await call(value)).dispose?.(), codes);
    }
  }
  assert.equal(globalThis.Worker.running.size, 0);
});

test('data sets in JSON that are hostile texts are bad-dataset', () => {
  const texts = [
    '{"a":[1,{"toString":1}]}',
    '[["a",[1,2,3],[{"toString":1}]]]',
    '[["a",[1,2,3],[[[1]]]]]',
    `[["a",[1,2,3],${'['.repeat(20_000)}${']'.repeat(20_000)}]]`,
    `{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}`,
    `${'['.repeat(200_000)}${']'.repeat(200_000)}`,
    `${'{"a":'.repeat(200_000)}1${'}'.repeat(200_000)}`,
    `{"format":"teachable-wasm","version":${'['.repeat(200_000)}${']'.repeat(200_000)}}`,
    '{"format":"teachable-wasm","version":{"toString":1}}',
    '{"format":"teachable-wasm","version":1,"embeddingSize":{"toString":1}}',
    '{"format":"teachable-wasm","version":1,"classes":[{"label":{"toString":1},"examples":[]}]}',
    '{"format":"teachable-wasm","version":1,"classes":[{"label":"a","examples":{"toString":1}}]}',
    '{"tensors":[],"dataset":{"0":{"label":{"toString":1}}}}',
    '{"a":{"dataId":1}}',
    '{"a":[[1,2,3],{"length":1e9}]}',
    '[["a",[1,2,3],[1,-3]]]',
    '[["a",[1,2,3],[1.5,2]]]',
    '[["a",[1,2,3],[1e308,1e308]]]',
    '"text"',
    '7',
    'null',
    '',
  ];
  for (const text of texts) {
    assert.throws(() => readJsonDataset(text, 3), { name: 'ClassifierError', code: 'bad-dataset' }, text.slice(0, 80));
  }
});

test('lists that claim more than they hold take no memory', () => {
  const before = process.memoryUsage().arrayBuffers;
  const many = JSON.parse(`{"a":[${'[],'.repeat(300_000)}[]]}`);
  assert.throws(() => readJsonDataset(many, 100_000), { code: 'bad-dataset', message: /has 0 values/ });
  assert.throws(() => readJsonDataset({ a: new Array(2 ** 32 - 1) }, 3), { code: 'bad-dataset' });
  assert.ok(process.memoryUsage().arrayBuffers - before < 1 << 24);
});

test('locked and failing streams, unreadable files and failing iterators are errors that name the fault', async () => {
  const classifier = await load({ model: fakeModel });
  const locked = new ReadableStream();
  locked.getReader();
  await assert.rejects(classifier.loadDataset(locked), { code: 'bad-argument', message: /locked/ });
  for (const stream of [
    new ReadableStream({ start: (controller) => controller.error(mine) }),
    new ReadableStream({ pull: thrower }),
    new ReadableStream({ pull: (controller) => controller.error(undefined) }),
    new ReadableStream({ pull: (controller) => controller.error(revoked()) }),
  ]) {
    await assert.rejects(classifier.loadDataset(stream), {
      code: 'bad-dataset',
      message: /stream of the data set failed/,
    });
    // Nothing is left that keeps the next load waiting.
    assert.ok(!stream.locked || (await stream.cancel?.().catch(() => true)) !== false);
  }
  const file = new File(['1234'], 'taught.bin');
  file.slice = () =>
    Object.assign(new Blob(), { arrayBuffer: () => Promise.reject(new DOMException('gone', 'NotReadableError')) });
  await assert.rejects(classifier.loadDataset(file), { code: 'load-failed', message: /'taught.bin'.*gone/ });
  await assert.rejects(classifier.embedMany({ [Symbol.iterator]: () => ({ next: thrower }) }), {
    code: 'bad-argument',
    message: /thrown by the caller/,
  });
  async function* failing() {
    yield picture();
    throw mine;
  }
  await assert.rejects(classifier.classifyMany(failing()), { code: 'bad-argument', cause: mine });
  classifier.dispose();
});

test('a batch names the picture that it could not use', async () => {
  const classifier = await load({ model: fakeModel });
  const wrong = new Uint8Array(0);
  await assert.rejects(classifier.embedMany([picture(), picture(), wrong]), {
    code: 'bad-image',
    message: /^Picture 2 of the batch: /,
  });
  await assert.rejects(classifier.classifyMany([Object.assign(wrong, { name: 'holiday.jpg' })]), {
    message: /^Picture 0 of the batch \('holiday.jpg'\): /,
  });
  classifier.dispose();
});

test('an onProgress that throws ends the load with its error, whenever it throws', async () => {
  const reports = [];
  (await load({ model: fakeModel, onProgress: (each) => reports.push(each) })).dispose();
  assert.ok(reports.length > 0);
  for (let throwing = 0; throwing < reports.length; throwing++) {
    let call = 0;
    const onProgress = () => {
      if (call++ === throwing) throw mine;
    };
    const refusal = {
      name: 'ClassifierError',
      code: 'bad-argument',
      message: /onProgress.*thrown by the caller/,
      cause: mine,
    };
    await assert.rejects(load({ model: fakeModel, onProgress }), refusal);
    call = 0;
    await assert.rejects(load({ model: fakeModel, onProgress: async () => onProgress() }), refusal);
  }
  assert.equal(globalThis.Worker.running.size, 0);
});

test('one signal serves thousands of calls without a warning, and keeps no listener', async () => {
  const warnings = [];
  const onWarning = (warning) => warnings.push(warning);
  process.on('warning', onWarning);
  const classifier = await load({ model: fakeModel });
  const controller = new AbortController();
  const { signal } = controller;
  const answers = Array.from({ length: 3000 }, (_, index) =>
    index % 100 ? classifier.embed(picture(), { signal }) : classifier.addExample(embedding(), 'a', { signal }),
  );
  assert.equal(getEventListeners(signal, 'abort').length, 1);
  assert.equal((await Promise.all(answers)).length, 3000);
  assert.equal(getEventListeners(signal, 'abort').length, 0);

  const rejected = Array.from({ length: 1000 }, () =>
    classifier.embed(picture(), { signal }).catch(({ code }) => code),
  );
  rejected.push(classifier.loadDataset(new ReadableStream(), { signal }).catch(({ code }) => code));
  controller.abort();
  assert.deepEqual([...new Set(await Promise.all(rejected))], ['aborted']);
  assert.equal(getEventListeners(signal, 'abort').length, 0);
  await new Promise(setImmediate);
  process.off('warning', onWarning);
  assert.deepEqual(warnings, []);
  classifier.dispose();
});

test('any thrown value becomes an error with a code', () => {
  for (const [kind, value] of Object.entries(hostile)) {
    const { name, code, message } = toClassifierError(value);
    assert.deepEqual([name, code, typeof message], ['ClassifierError', 'internal', 'string'], kind);
    assert.ok(show(value).length < 500, kind);
  }
});

test('hostile values in the replacement of knn-classifier are errors of the caller', async () => {
  const { KNNClassifier } = await importTs('entries/compat/knn-classifier.ts');
  const classifier = new KNNClassifier({}, () => new Promise(() => {}));
  classifier.addExample(embedding(), 'taught');
  const places = {
    example: (x) => classifier.addExample(x, 'taught'),
    label: (x) => classifier.addExample(embedding(), x),
    extent: (x) => classifier.addExample({ shape: [x], dataSync: () => embedding() }, 'taught'),
    values: (x) => classifier.addExample({ shape: [3], dataSync: () => x }, 'taught'),
    k: (x) => classifier.predictClass(embedding(), x),
    input: (x) => classifier.predictClass(x, 1),
    'label of clearClass': (x) => classifier.clearClass(x),
    'tensor of a data set': (x) => classifier.setClassifierDataset({ taught: x }),
  };
  let refusals = 0;
  for (const [place, call] of Object.entries(places)) {
    for (const [kind, value] of Object.entries(hostile)) {
      if (kind !== 'long list') refusals += await refused(`${kind} as ${place}`, async () => call(value));
    }
  }
  assert.ok(refusals > 130, `${refusals} refusals`);
  assert.deepEqual(classifier.getClassExampleCount(), { taught: 1 });
  classifier.dispose();
});
