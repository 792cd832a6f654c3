// Objects of the package, kept in the reactive state of frameworks, which wrap them in proxies; and reactive options and inputs.

import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import * as mobx from 'mobx';
import { createPinia, defineStore, setActivePinia } from 'pinia';
import * as valtio from 'valtio/vanilla';
import * as vue from 'vue';
import * as compatKnn from '../../../web/dist/compat/knn-classifier.js';
import * as compatMobilenet from '../../../web/dist/compat/mobilenet.js';
import { load } from '../../../web/dist/index.js';
import { loadKnn } from '../../../web/dist/knn.js';
import { Webcam } from '../../../web/dist/webcam.js';

/** Ways to keep a value, each as a function that returns what the framework gives back. */
const keepers = {
  "Vue's ref": (value) => vue.ref(value).value,
  "Vue's ref of an object": (value) => vue.ref({ deep: { value } }).value.deep.value,
  "Vue's reactive": (value) => vue.reactive(value),
  "Vue's reactive list": (value) => vue.reactive([value])[0],
  "Vue's readonly": (value) => vue.readonly(value),
  Pinia(value) {
    setActivePinia(createPinia());
    return defineStore('any', { state: () => ({ value }) })().value;
  },
  "MobX's observable": (value) => mobx.observable({ value }).value,
  "MobX's observable, by reference and deep": (value) => mobx.observable.box(value, { deep: true }).get(),
  Valtio: (value) => valtio.proxy({ value }).value,
  'Valtio, the value itself': (value) => valtio.proxy(value),
  'a plain proxy': (value) => new Proxy(value, {}),
  'a proxy of a proxy': (value) => new Proxy(new Proxy(value, {}), {}),
};

/** Makes an embedding of 4 numbers. */
const embedding = (...values) => Float32Array.of(...values);

let classifier;
let knn;

before(async () => {
  classifier = await load();
  knn = await loadKnn({ embeddingSize: 4 });
});

after(() => {
  classifier.dispose();
  knn.dispose();
});

/** A picture of one colour. */
function picture(...colour) {
  const data = new Uint8ClampedArray(4 * 32 * 32);
  for (let i = 0; i < data.length; i += 4) data.set([...colour, 255], i);
  return { data, width: 32, height: 32 };
}

for (const [name, keep] of Object.entries(keepers)) {
  test(`a Classifier in ${name} teaches, predicts, edits and saves`, async () => {
    const kept = keep(classifier);
    assert.equal(kept.embeddingSize, kept.model.embeddingSize);
    await kept.addExample(picture(200, 0, 0), 'red');
    await kept.addExample(picture(0, 0, 200), 'blue');
    assert.equal((await kept.predict(picture(190, 0, 0))).label, 'red');
    const { prediction, classes } = await kept.observe(picture(0, 0, 190));
    // The network that stands in for the usual one has no classes.
    const { classCount } = kept.model;
    assert.deepEqual([prediction.label, classes.length], ['blue', Math.min(3, classCount)]);
    if (classCount > 0) assert.equal((await kept.classify(picture(0, 0, 190), 2)).length, 2);
    const file = await kept.saveDataset();
    await kept.clear();
    await kept.loadDataset(file);
    assert.deepEqual(await kept.counts(), { red: 1, blue: 1 });
    await kept.clear();
    assert.equal((await kept.info()).worker, true);
  });

  test(`a KnnClassifier in ${name} teaches, predicts, edits and saves`, async () => {
    const kept = keep(knn);
    await kept.addExamples(embedding(1, 0, 0, 0, 0, 1, 0, 0), ['a', 'b']);
    await kept.renameClass('b', 'c');
    assert.equal((await kept.predict(embedding(0, 2, 0, 0))).label, 'c');
    await kept.importJson(await kept.exportJson());
    await new Response(kept.saveDatasetStream()).arrayBuffer();
    assert.equal((await kept.review()).tested, 2);
    await kept.clear();
  });

  test(`compat objects and their tensors work in ${name}`, async () => {
    const original = await compatMobilenet.load({ version: 2, alpha: 1 });
    const mobilenet = keep(original);
    const tensor = keep(mobilenet.infer(picture(200, 0, 0), true));
    assert.equal(tensor.dataSync().length, tensor.size);
    assert.equal(tensor.isDisposed, false);
    const compat = keep(compatKnn.create());
    compat.addExample(tensor, 'red');
    assert.equal((await compat.predictClass(tensor)).label, 'red');
    assert.equal(keep(compat.getClassifierDataset()['red']).shape[0], 1);
    tensor.dispose();
    assert.equal(tensor.isDisposed, true);
    assert.throws(() => tensor.dataSync(), { code: 'disposed' });
    compat.dispose();
    mobilenet.dispose();
    assert.throws(() => original.infer(picture(1, 1, 1)), { code: 'disposed' });
  });

  test(`a Webcam in ${name} has its state, and dispose() of a Classifier in it ends it`, async () => {
    const webcam = keep(new Webcam({ video: { style: {} } }));
    assert.deepEqual([webcam.state, webcam.live, webcam.mirror], ['idle', false, true]);
    webcam.mirror = false;
    assert.equal(webcam.mirror, false);
    await assert.rejects(webcam.start(), { code: 'unsupported-browser' });
    webcam.stop();
    const other = await loadKnn({ embeddingSize: 2 });
    keep(other).dispose();
    await assert.rejects(other.counts(), { code: 'disposed' });
  });
}

/** Ways to keep options and inputs. They wrap every list and object inside as well. */
const deepKeepers = {
  Vue: (value) => vue.reactive(value),
  'Vue, read-only': (value) => vue.readonly(value),
  MobX: (value) => mobx.observable(value),
  Valtio: (value) => valtio.proxy(value),
};

for (const [name, keep] of Object.entries(deepKeepers)) {
  test(`reactive options and inputs of ${name} are accepted`, async () => {
    const { classCount } = classifier.model;
    const labels = Array.from({ length: classCount }, (_, index) => `class ${index}`);
    const state = keep({ labels, preprocess: { crop: 'squash', range: [-1, 1] }, picture: picture(9, 9, 9) });
    const own = await load({ labels: state.labels, preprocess: state.preprocess });
    assert.deepEqual(await own.classNames(), labels);
    assert.equal((await own.embed(state.picture)).length, own.embeddingSize);
    assert.equal(own.model.preprocess.crop, 'squash');
    own.dispose();
    await knn.addExamples(embedding(1, 0, 0, 0), keep(['a']));
    const json = JSON.parse(await knn.exportJson());
    await knn.importJson(keep({ json }).json);
    assert.deepEqual(await knn.counts(), { a: 1 });
    const { temperature } = await knn.review(keep({ rule: 'neighbours', k: 1 }));
    assert.ok(temperature === undefined || temperature > 0);
    await knn.clear();
  });
}

test('what cannot be sent is still an error that names the method', async () => {
  await assert.rejects(knn.importJson({ a: [() => {}] }), (error) => {
    assert.equal(error.code, 'bad-argument');
    assert.match(error.message, /importJson\(\) can't be sent to the worker/);
    return true;
  });
});

test("a page's own Promise class changes nothing", async () => {
  const Native = globalThis.Promise;
  try {
    globalThis.Promise = class extends Native {};
    await classifier.addExample(picture(200, 0, 0), 'red');
    assert.equal((await classifier.predict(picture(200, 0, 0))).label, 'red');
    await assert.rejects(classifier.addExample(picture(200, 0, 0), {}), { code: 'bad-argument' });
    await classifier.clear();
  } finally {
    globalThis.Promise = Native;
  }
});
