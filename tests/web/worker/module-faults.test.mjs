// Lets every allocation of a module fail in turn, in every kind of call: load, frame, example, prediction, review, save, load of a file.
// A failure is a clear error, everything taught stays, and later calls work.
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { pathToFileURL } from 'node:url';
import { root } from '../support/data.mjs';
import { importTs } from '../support/import-ts.mjs';
import { startModule } from '../support/start-module.mjs';

const folder = path.join(root, 'build/wasm/failing/');
const wasmUrl = pathToFileURL(folder);
const { load } = await importTs('entries/index.ts');
const { loadKnn } = await importTs('entries/knn.ts');
const where = { wasmUrl, variant: 'simd', worker: false };
const failAfter = (count) => globalThis.failingModule.failAfterAllocations(count);

let state = 5;
const random = () => (state = (state * 48271) % 2147483647) / 2147483647;
const vector = (count = 1) => Float32Array.from({ length: count * 8 }, () => random() - 0.5);

/** Returns everything that a classifier holds, as text. */
async function contentsOf(classifier) {
  const labels = Object.keys(await classifier.counts());
  const ids = await Promise.all(labels.map((label) => classifier.exampleIds(label)));
  const rows = await Promise.all(ids.flat().map(async (id) => [...(await classifier.exampleEmbedding(id))]));
  return JSON.stringify([labels, ids, rows]);
}

/**
 * Calls `run`, and lets the n-th and all later allocations fail, for n = 0, 1, ..., until it succeeds. A run of one failure follows
 * for each n, too.
 * @returns The number of failures.
 */
async function failEverywhere(classifier, run) {
  const before = classifier && (await contentsOf(classifier));
  for (let allowed = 0; ; allowed++) {
    failAfter(allowed);
    const error = await run().then(
      () => undefined,
      (thrown) => thrown,
    );
    const failures = failAfter(-1);
    if (failures === 0) {
      assert.equal(error, undefined);
      return allowed;
    }
    if (error) {
      assert.equal(error.code, 'out-of-memory', `after ${allowed} allocations: ${error.stack}`);
      assert.match(error.message, /memory/);
      if (before) assert.equal(await contentsOf(classifier), before, `after ${allowed} allocations`);
    } else if (before) {
      // The call did without what it could not get.
      return allowed;
    }
  }
}

test('a classifier of embeddings survives every failed allocation', async (t) => {
  const classifier = await loadKnn({ embeddingSize: 8, ...where });
  t.after(() => classifier.dispose());
  await classifier.addExamples(
    vector(70),
    Array.from({ length: 70 }, (_, i) => `class ${i % 3} with a long name`),
  );
  const thumbnails = [{ id: 3, bytes: new Uint8Array(70_000) }];
  const file = await classifier.saveDataset({ thumbnails });
  const json = await classifier.exportJson();
  const one = vector();
  const counts = {};
  const steps = {
    predict: () => classifier.predict(one, { k: 9, smoothing: 2 }),
    predictByNeighbours: () => classifier.predict(one, { rule: 'neighbours', k: 9, weighting: 'similarity' }),
    predictMany: () => classifier.predictMany(vector(20)),
    review: () => classifier.review(),
    map: () => classifier.map(),
    mapPoint: () => classifier.mapPoint(one),
    saveDataset: async () =>
      assert.deepEqual(await (await classifier.saveDataset({ thumbnails })).arrayBuffer(), await file.arrayBuffer()),
    exportJson: async () => assert.equal(await classifier.exportJson(), json),
    addExample: () => classifier.addExample(one, 'a new class with a long name'),
    undo: () => classifier.undo(),
    addExamples: () => classifier.addExamples(vector(100), new Array(100).fill('another new class')),
    predictAnew: () => classifier.predict(one),
    moveExample: () => classifier.moveExample(3, 'one more class with a long name'),
    removeExample: () => classifier.removeExample(3),
    renameClass: () => classifier.renameClass('another new class', 'another label with a long name'),
    useStorage: () => classifier.useStorage('i16'),
    loadDataset: () => classifier.loadDataset(file),
    importJson: () => classifier.importJson(json),
  };
  for (const [name, run] of Object.entries(steps)) {
    counts[name] = await failEverywhere(classifier, run);
    const { neighbours } = await classifier.predict(one);
    assert.equal(neighbours.length, 3, `after ${name}`);
  }
  t.diagnostic(`failed allocations: ${JSON.stringify(counts)}`);
  t.diagnostic(`trust: ${Object.values(counts).reduce((sum, count) => sum + count)} faults`);
  for (const name of ['predict', 'review', 'saveDataset', 'addExamples', 'loadDataset', 'importJson'])
    assert.ok(counts[name] > 5, `${name}: ${counts[name]}`);
});

/** Reads the network of the package, whichever was at hand. */
async function readModel() {
  const models = path.join(root, 'web/dist/models');
  const name = (await readdir(models)).find((each) => each.endsWith('.tflite'));
  return new Uint8Array(await readFile(path.join(models, name)));
}

test('a module survives every failed allocation of a load', async (t) => {
  const module = await startModule(path.join(folder, 'simd'));
  const model = await readModel();
  const classifier = new module.Classifier(1);
  const preprocess = {
    crop: 'center',
    resize: 'half-pixel',
    mirror: false,
    rangeLow: NaN,
    rangeHigh: NaN,
    background: -1,
  };
  classifier.modelBuffer(model.length).set(model);
  const wanted = classifier.loadModel(preprocess, 'auto', 'last');
  let failed = 0;
  // All of the first allocations, then every 37th: a load makes some thousand.
  for (let allowed = 0; ; allowed += allowed < 40 ? 1 : 37) {
    module.failAfterAllocations(allowed);
    let error;
    let info;
    try {
      classifier.modelBuffer(model.length).set(model);
      info = classifier.loadModel(preprocess, 'auto', 'last');
    } catch (thrown) {
      error = thrown;
    }
    if (module.failAfterAllocations(-1) === 0) {
      assert.equal(error, undefined);
      break;
    }
    // Without memory for its arguments, a function ends with a C++ exception, which the package converts.
    // A load may also do without the memory.
    if (!error) assert.deepEqual(info, wanted);
    else if (!(error instanceof WebAssembly.Exception))
      assert.equal(error?.code, 'out-of-memory', `after ${allowed} allocations: ${error?.stack}`);
    failed++;
  }
  t.diagnostic(`trust: ${failed} faults`);
  assert.ok(failed > 50);
  classifier.frameBuffer(10, 10).fill(7);
  assert.equal(classifier.embed().length, 1280);
  classifier.delete();
});

test('a classifier of pictures survives every failed allocation', async (t) => {
  const model = await readModel();
  const classifier = await load({ model: { bytes: model }, ...where });
  t.after(() => classifier.dispose());
  const picture = (width, value) => ({
    data: new Uint8ClampedArray(width * width * 4).fill(value),
    width,
    height: width,
  });
  for (let i = 0; i < 6; i++) await classifier.addExample(picture(20, 40 * i), `class ${i % 2} with a long name`);
  const counts = {};
  const steps = {
    embed: () => classifier.embed(picture(31, 9)),
    // The network that stands in for the usual one has no classes.
    ...(classifier.model.classCount > 0 && { classify: () => classifier.classify(picture(32, 9)) }),
    predict: () => classifier.predict(picture(33, 9)),
    observe: () =>
      classifier.observe(picture(34, 9), { label: 'a new class with a long name', smoothing: 2, embedding: true }),
  };
  for (const [name, run] of Object.entries(steps)) {
    counts[name] = await failEverywhere(classifier, run);
    const { neighbours } = await classifier.predict(picture(20, 100));
    assert.equal(neighbours.length, 3, `after ${name}`);
  }
  t.diagnostic(`failed allocations: ${JSON.stringify(counts)}`);
  t.diagnostic(`trust: ${Object.values(counts).reduce((sum, count) => sum + count)} faults`);
});
