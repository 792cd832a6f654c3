// Tests the interface that bindings.cpp registers, with the real module in Node: results, error codes and leaks.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { pathToFileURL } from 'node:url';
import { fetchDefault, filesFolder } from '../../../models/fetch.mjs';
import { root } from '../support/data.mjs';
import { importTs } from '../support/import-ts.mjs';
import { startModule } from '../support/start-module.mjs';

const options = { crop: 'center', resize: 'half-pixel', mirror: false, rangeLow: NaN, rangeHigh: NaN, background: -1 };
const module = await startModule();
const entry = await fetchDefault();
const [file, weights] = await Promise.all(entry.files.map((each) => readFile(path.join(filesFolder, each.path))));
const { loadConverter, predictDefaults } = await importTs('worker/tfjs-converter.ts', 'shared/predict-defaults.ts');
const convert = await loadConverter({ wasmUrl: pathToFileURL(path.join(root, 'web/dist/wasm/')) });
const model = weights ? (await convert(file, weights)).tflite : file;

/** Returns all options of a prediction, in the form that the client sends. */
const nearest = (k, how = {}) => ({ ...predictDefaults, rule: 'neighbours', k, ...how });

/** Calls observe() for the current frame. `request` replaces defaults. */
const observe = (classifier, request) =>
  classifier.observe({
    teaches: false,
    label: '',
    alsoMirrored: false,
    predicts: false,
    predictsOnlyWhenTaught: false,
    options: nearest(1),
    topk: 0,
    embedding: false,
    map: false,
    ...request,
  });
const teach = (classifier, label) => observe(classifier, { teaches: true, label });
const predict = (classifier, options) => observe(classifier, { predicts: true, options }).prediction;

function load(classifier, bytes = model, how = options, layers = 'last') {
  classifier.modelBuffer(bytes.length).set(bytes);
  return classifier.loadModel(how, 'auto', layers);
}

function show(classifier, seed, width = 64, height = 48) {
  const pixels = Uint8Array.from({ length: width * height * 4 }, (_, i) => (i * seed + (i >> 7) * 31) & 255);
  classifier.frameBuffer(width, height).set(pixels);
}

/** Runs a test with a classifier and deletes it. The number of live classifiers must then be the same as before. */
function withClassifier(name, body) {
  test(name, () => {
    const before = module.liveClassifierCount();
    const classifier = new module.Classifier(1);
    try {
      body(classifier);
    } finally {
      classifier.delete();
    }
    assert.equal(module.liveClassifierCount(), before);
  });
}

function expectError(code, part, body) {
  assert.throws(body, (error) => {
    assert.ok(error instanceof Error);
    assert.equal(error.code, code, error.message);
    assert.match(error.message, part);
    return true;
  });
}

withClassifier('embeds, teaches and predicts a frame', (classifier) => {
  const info = load(classifier);
  assert.equal(info.embeddingSize, 1280);
  show(classifier, 3);
  const embedding = classifier.embed();
  assert.ok(embedding instanceof Float32Array && embedding.length === 1280);
  assert.ok(!(embedding.buffer === module.HEAPU8?.buffer), 'a copy, not a view of the heap');
  teach(classifier, 'a');
  show(classifier, 11);
  teach(classifier, 'b');
  show(classifier, 3);
  const { neighbours, ...answer } = predict(classifier, nearest(1));
  assert.deepEqual(answer, { classIndex: 0, label: 'a', unknown: false, confidences: [1, 0] });
  assert.equal(neighbours.length, 1);
  assert.ok(Math.abs(neighbours[0].similarity - 1) < 1e-6);
  assert.deepEqual(classifier.predictEmbedding(embedding, nearest(2)).confidences, [0.5, 0.5]);
  classifier.addEmbedding(embedding, '__proto__');
  assert.deepEqual([...classifier.labels()], ['a', 'b', '__proto__']);
  classifier.clear('a');
  assert.deepEqual([...classifier.counts()], [1, 1]);
  classifier.clearAll();
  assert.deepEqual([...classifier.labels()], []);
});

withClassifier('embeds two layers with one run of the network', (classifier) => {
  const { layers, embeddingSize, middleLayerSize } = load(classifier, model, options, 'two');
  assert.deepEqual([layers, embeddingSize, middleLayerSize], ['two', 1856, 576]);
  show(classifier, 3);
  const embedding = classifier.embed();
  const length = (values) => Math.hypot(...values);
  assert.equal(embedding.length, 1856);
  for (const part of [embedding.subarray(0, 1280), embedding.subarray(1280)])
    assert.ok(Math.abs(length(part) - 1) < 1e-5, `${length(part)}`);
  load(classifier, model, options, 'last');
  show(classifier, 3);
  const own = classifier.embed();
  const scale = length(own);
  for (const [i, value] of own.entries()) assert.ok(Math.abs(value / scale - embedding[i]) < 1e-6, `element ${i}`);
  expectError('bad-argument', /layers: got 'three', wanted one of 'last', 'two', 'auto'/, () =>
    load(classifier, model, options, 'three'),
  );
});

withClassifier('takes a space of float16 numbers for all layers of the model', (classifier) => {
  expectError('bad-argument', /model/, () => classifier.useSpace(new Uint8Array(3712)));
  for (const layers of ['last', 'two']) {
    load(classifier, model, options, layers);
    classifier.useSpace(new Uint8Array(3712));
    expectError('bad-model', /2560 bytes, but its layers need 3712/, () => classifier.useSpace(new Uint8Array(2560)));
  }
});

withClassifier('one call teaches, predicts, classifies and embeds a frame', (classifier) => {
  load(classifier);
  show(classifier, 3);
  // The stand-in network has no classes.
  const topk = Math.min(3, entry.classCount);
  const untaught = observe(classifier, { predicts: true, predictsOnlyWhenTaught: true, topk });
  assert.equal(untaught.prediction, null);
  const all = `${untaught.networkMs} ms, preprocessing ${untaught.preprocessMs} ms`;
  assert.ok(untaught.preprocessMs > 0 && untaught.preprocessMs < untaught.networkMs, all);
  assert.equal(untaught.exampleId, undefined);
  assert.deepEqual(untaught.labels, []);
  assert.equal(untaught.embedding, undefined);
  assert.equal(untaught.classes.length, topk);
  const { networkMs, preprocessMs, exampleId, exampleCount, prediction, labels, classes, embedding } = observe(
    classifier,
    {
      teaches: true,
      label: 'a',
      predicts: true,
      topk,
      embedding: true,
    },
  );
  assert.ok(networkMs >= 0);
  // The frame was embedded before.
  assert.equal(preprocessMs, 0);
  assert.deepEqual([exampleId, exampleCount, prediction.label, labels], [0, 1, 'a', ['a']]);
  assert.equal(classes.length, topk);
  if (topk > 0) assert.ok(classes[0].probability >= classes[1].probability);
  assert.deepEqual(embedding, classifier.embed());
  assert.equal(teach(classifier, 'a').exampleCount, 2);
});

withClassifier('finds the place of a frame on the map', (classifier) => {
  load(classifier);
  show(classifier, 1);
  assert.equal(observe(classifier, { map: true }).mapPoint, null);
  const embedding = [1, 2, 3].map((picture) => {
    show(classifier, picture);
    return observe(classifier, { teaches: true, label: String(picture), embedding: true }).embedding;
  })[2];
  const { ids, points, explained } = classifier.map();
  assert.deepEqual(ids, [0, 1, 2]);
  assert.equal(points.length, 6);
  assert.ok(explained[0] >= explained[1] && explained[0] > 0);
  const { mapPoint } = observe(classifier, { map: true });
  assert.deepEqual(mapPoint, classifier.mapPoint(embedding));
  for (const axis of [0, 1]) assert.ok(Math.abs(mapPoint[axis] - points[4 + axis]) < 1e-4);
  assert.equal(observe(classifier, {}).mapPoint, undefined);
});

withClassifier('teaches the mirrored frame too', (classifier) => {
  load(classifier);
  show(classifier, 3);
  const { exampleId, exampleCount, embedding } = observe(classifier, {
    teaches: true,
    label: 'a',
    alsoMirrored: true,
    embedding: true,
  });
  assert.deepEqual([exampleId, exampleCount], [0, 2]);
  assert.deepEqual(embedding, classifier.embed());
  const [own, mirrored] = classifier.exampleIds('a').map((id) => classifier.exampleEmbedding(id));
  assert.notDeepEqual(mirrored, own);
  classifier.clearAll();
  load(classifier, model, { ...options, mirror: !options.mirror });
  show(classifier, 3);
  const { exampleId: other } = teach(classifier, 'a');
  assert.deepEqual(classifier.exampleEmbedding(other), mirrored);
});

withClassifier('describes a model', (classifier) => {
  const info = load(classifier);
  assert.ok(info.weightBytes > 2e6 && info.weightBytes < 16e6, `${info.weightBytes} bytes`);
  // The paper states 300 million for MobileNet V2 1.0/224 (https://arxiv.org/abs/1801.04381, table 4).
  assert.ok(info.multiplyAdds > 290e6 && info.multiplyAdds < 310e6, `${info.multiplyAdds} multiply-adds`);
  assert.equal(info.operators.DepthwiseConv2d, 17);
  assert.equal(info.precision, entry.input.type);
  assert.equal(info.labelsFile, entry.classCount > 0 ? 'imagenet_labels.txt' : '');
  assert.equal(info.name, entry.classCount > 0 ? 'ImageClassifier' : '');
});

withClassifier('bad models are errors', (classifier) => {
  expectError('bad-model', /TFL3/, () => load(classifier, new TextEncoder().encode('<!doctype html>')));
  expectError('bad-model', /./, () => load(classifier, model.subarray(0, model.length >> 1)));
  expectError('bad-model', /./, () => load(classifier, new Uint8Array(0)));
  expectError('bad-model', /Convert a TensorFlow\.js model\.json/, () =>
    load(classifier, new TextEncoder().encode(' {"modelTopology": {}}')),
  );
  load(classifier);
});

withClassifier('bad arguments and pictures are errors', (classifier) => {
  expectError('bad-argument', /No model/, () => classifier.embed());
  expectError('bad-argument', /crop/, () => load(classifier, model, { ...options, crop: 'oval' }));
  expectError('bad-argument', /range/, () => load(classifier, model, { ...options, rangeLow: 1, rangeHigh: 1 }));
  load(classifier);
  expectError('bad-image', /no frame/, () => classifier.embed());
  for (const [width, height] of [
    [0, 0],
    [0, 5],
    [-1, 5],
    [16385, 1],
  ])
    expectError('bad-image', /wanted 1 to 16384/, () => classifier.frameBuffer(width, height));
  show(classifier, 5);
  expectError('bad-argument', /example/, () => predict(classifier, nearest(3)));
  teach(classifier, 'a');
  for (const k of [0, 1.5, NaN, -1, Infinity]) expectError('bad-argument', /k/, () => predict(classifier, nearest(k)));
  expectError('bad-argument', /1280/, () => classifier.predictEmbedding(new Float32Array(7).fill(1), nearest(1)));
  expectError('bad-argument', /./, () => classifier.addEmbedding(new Float32Array(1280), 'zero'));
  expectError('bad-argument', /./, () => classifier.addEmbedding(new Float32Array(1280).fill(NaN), 'nan'));
  expectError('bad-argument', /weighting/, () => predict(classifier, nearest(1, { weighting: 'mood' })));
  expectError('bad-argument', /temperature/, () =>
    predict(classifier, nearest(1, { weighting: 'similarity', temperature: 0 })),
  );
  expectError('bad-argument', /examples/, () => load(classifier));
  assert.deepEqual([...classifier.counts()], [1]);
});

withClassifier('running out of memory is an error and keeps the examples', (classifier) => {
  load(classifier);
  show(classifier, 5);
  teach(classifier, 'a');
  expectError('out-of-memory', /memory/, () => classifier.modelBuffer(4_294_000_000));
  expectError('bad-argument', /byte length/, () => classifier.modelBuffer(1e12));
  assert.equal(predict(classifier, nearest(1)).label, 'a');
});

test('an invalid thread count is an error and leaks nothing', () => {
  for (const count of [0, -1, 1.5, NaN])
    expectError('bad-argument', /thread count/, () => new module.Classifier(count));
  assert.equal(module.liveClassifierCount(), 0);
});

withClassifier(
  'smoothing ignores a stray frame, follows a lasting change, and starts anew with other classes',
  (classifier) => {
    const [a, b] = [Float32Array.of(1, 0), Float32Array.of(0, 1)];
    classifier.addEmbedding(a, 'a');
    classifier.addEmbedding(b, 'b');
    const say = (embedding, smoothing = 3) => classifier.predictEmbedding(embedding, nearest(1, { smoothing }));
    for (let frame = 0; frame < 6; frame++) assert.equal(say(a).label, 'a');
    const stray = say(b);
    assert.equal(stray.label, 'a');
    assert.ok(stray.confidences[1] > 0.1 && stray.confidences[1] < 0.5, String(stray.confidences));
    assert.ok(Math.abs(stray.confidences[0] + stray.confidences[1] - 1) < 1e-6);
    assert.equal(stray.neighbours[0].classIndex, 1);
    assert.equal(say(b, 0).label, 'b');
    for (let frame = 0; frame < 4; frame++) say(b);
    assert.equal(say(b).label, 'b');
    classifier.addEmbedding(Float32Array.of(-1, 0), 'c');
    assert.deepEqual(say(a).confidences, [1, 0, 0]);
    assert.equal(say(b, 1000).label, 'b');
    expectError('bad-argument', /half-life/, () => say(a, -1));
  },
);
