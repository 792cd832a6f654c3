// Tests compat/knn-classifier with the real module in Node: the published test cases of the original, and its known bugs (B1 to B11),
// which this library must not have.
import assert from 'node:assert/strict';
import test from 'node:test';
import * as tf from '@tensorflow/tfjs';
import * as original from '@tensorflow-models/knn-classifier';
import { importTs } from '../support/import-ts.mjs';
import { testSeed } from '../support/seed.mjs';
import { startModule } from '../support/start-module.mjs';

const { KNNClassifier, version, predictDefaults } = await importTs(
  'entries/compat/knn-classifier.ts',
  'shared/predict-defaults.ts',
);
const module = await startModule();
await tf.setBackend('cpu');

/** Functions that make a classifier. Its module is loaded before the first call, or only after the first calls. */
const starts = {
  'with the module': async () => {
    const classifier = new KNNClassifier({}, async () => module);
    await new Promise(setImmediate);
    return classifier;
  },
  'while the module loads': async () =>
    new KNNClassifier({}, () => new Promise((resolve) => setImmediate(resolve, module))),
};

/** Runs a test in both states. The number of live classifiers must be the same after it. */
function both(name, body) {
  for (const [when, make] of Object.entries(starts)) {
    test(`${name} (${when})`, async () => {
      const before = module.liveClassifierCount();
      const classifier = await make();
      try {
        await body(classifier);
      } finally {
        await classifier.predictClass([], 1).catch(() => {});
        await new Promise(setImmediate); // the module is loaded after this
        classifier.dispose();
      }
      assert.equal(module.liveClassifierCount(), before);
    });
  }
}

const line = (...values) => tf.tensor1d(values);
const rows = (...values) => tf.tensor2d(values);

function expectError(body, text, code = 'bad-argument') {
  assert.throws(body, (error) => error.name === 'ClassifierError' && error.code === code && text.test(error.message));
}

function expectRejection(promise, text, code = 'bad-argument') {
  return assert.rejects(
    promise,
    (error) => error.name === 'ClassifierError' && error.code === code && text.test(error.message),
  );
}

// Published test cases of the original ------------------------------------------------------------------------------------

both('tells two opposite clusters apart and leaks no tensors', async (classifier) => {
  const cluster = (sign) =>
    [
      [1, 1, 1, 1],
      [1.1, 0.9, 1.2, 0.8],
      [1.2, 0.8, 1.3, 0.7],
    ].map((values) => line(...values.map((value) => sign * value)));
  for (const example of cluster(1)) classifier.addExample(example, 0);
  for (const example of cluster(-1)) classifier.addExample(example, 1);
  const [first, second] = [line(1.1, 1.1, 1.1, 1.1), line(-1.1, -1.1, -1.1, -1.1)];
  const before = tf.memory().numTensors;
  assert.equal((await classifier.predictClass(first)).classIndex, 0);
  assert.equal((await classifier.predictClass(second)).classIndex, 1);
  assert.equal(tf.memory().numTensors, before);
});

both('a prediction without examples is refused', async (classifier) => {
  await expectRejection(
    classifier.predictClass(line(1.1, 1.1, 1.1, 1.1)),
    /^You have not added any examples to the KNN classifier\. Please add examples before calling predictClass\.$/,
  );
});

both('class indices start at 0 also when the labels do not', async (classifier) => {
  classifier.addExample(tf.tensor2d([5, 2], [2, 1]), 1);
  classifier.addExample(tf.tensor2d([6, 1], [2, 1]), 2);
  assert.deepEqual(await classifier.predictClass(tf.tensor2d([3, 3], [2, 1])), {
    label: '1',
    classIndex: 0,
    confidences: { 1: 0.5, 2: 0.5 },
  });
  assert.deepEqual(classifier.getClassExampleCount(), { 1: 1, 2: 1 });
});

for (const [kind, [a, b, c]] of [
  ['number', [7, 5, 9]],
  ['string', ['a', 'b', 'c']],
]) {
  both(`of four examples in one direction, the first three in the order of ${kind} labels vote`, async (classifier) => {
    classifier.addExample(line(7, 7), a);
    classifier.addExample(line(5, 5), b);
    classifier.addExample(line(9, 9), c);
    classifier.addExample(line(5, 5), b);
    assert.deepEqual(await classifier.predictClass(line(5, 5)), {
      label: String(b),
      classIndex: 1,
      confidences: { [b]: 2 / 3, [a]: 1 / 3, [c]: 0 },
    });
    assert.deepEqual(classifier.getClassExampleCount(), { [b]: 2, [a]: 1, [c]: 1 });
  });
}

both('getClassifierDataset() has a matrix for each class, in the order of labels', async (classifier) => {
  classifier.addExample(line(5, 5.1), 5);
  classifier.addExample(line(7, 7), 7);
  classifier.addExample(line(5.2, 5.3), 5);
  classifier.addExample(line(9, 9), 9);
  const dataset = classifier.getClassifierDataset();
  assert.deepEqual(
    Object.entries(dataset).map(([label, { shape }]) => [label, shape]),
    [
      ['5', [2, 2]],
      ['7', [1, 2]],
      ['9', [1, 2]],
    ],
  );
  const [[x, y]] = dataset[7].arraySync();
  assert.ok(Math.abs(x - Math.SQRT1_2) < 1e-6 && Math.abs(y - Math.SQRT1_2) < 1e-6);
});

both('clearClass() removes one class, and clearAllClasses() removes all', async (classifier) => {
  for (const label of [5, 7, 5, 9]) classifier.addExample(line(label, label), label);
  assert.deepEqual(classifier.getClassExampleCount(), { 5: 2, 7: 1, 9: 1 });
  assert.equal(classifier.getNumClasses(), 3);
  classifier.clearClass(5);
  assert.deepEqual(classifier.getClassExampleCount(), { 7: 1, 9: 1 });
  assert.equal(classifier.getNumClasses(), 2);
  classifier.clearAllClasses();
  assert.deepEqual(classifier.getClassExampleCount(), {});
  assert.equal(classifier.getNumClasses(), 0);
});

test('the interface is that of the original in the same version', () => {
  assert.equal(version, original.version);
  const methods = (type) => Object.getOwnPropertyNames(type.prototype).filter((name) => name !== '__v_skip');
  const internal = [
    'similarities',
    'calculateTopClass',
    'clearTrainDatasetMatrix',
    'normalizeVectorToUnitLength',
    'getNumExamples',
  ];
  assert.deepEqual(
    methods(KNNClassifier).sort(),
    methods(original.KNNClassifier)
      .filter((name) => !internal.includes(name))
      .sort(),
  );
});

test('predicts random examples as the original does', async (t) => {
  const seed = testSeed();
  t.diagnostic(`TEACHABLE_SEED=${seed}`);
  let state = seed;
  const random = () => (state = (state * 48271) % 2147483647) / 2147483647 - 0.5;
  for (let round = 0; round < 20; round++) {
    const size = 1 + Math.floor(40 * (random() + 0.5));
    const [theirs, ours] = [original.create(), new KNNClassifier({}, async () => module)];
    const vector = () => line(...Array.from({ length: size }, random));
    const examples = Array.from({ length: 30 }, vector);
    examples.push(examples[3], examples[7]);
    examples.forEach((example, i) => {
      const label = ['b', 'a', 7, 3][i % 4];
      theirs.addExample(example, label);
      ours.addExample(example, label);
    });
    for (const k of [1, 3, 10, 50]) {
      const query = vector();
      const [wanted, got] = [await theirs.predictClass(query, k), await ours.predictClass(query, k)];
      assert.deepEqual(got, wanted, `TEACHABLE_SEED=${seed}, round ${round}, k ${k}`);
    }
    theirs.dispose();
    ours.dispose();
  }
});

test('the error texts are those of the original', async () => {
  const said = async (classifier) => {
    const texts = [];
    const note = async (body) =>
      texts.push(
        await Promise.resolve()
          .then(body)
          .then(
            () => 'no error',
            ({ message }) => message,
          ),
      );
    await note(() => classifier.predictClass(line(1, 2)));
    await note(() => classifier.predictClass(line(1, 2), 0));
    await note(() => classifier.predictClass(line(1, 2), -1));
    await note(() => classifier.clearClass('x'));
    classifier.addExample(line(1, 2), 'a');
    await note(() => classifier.addExample(rows([1, 2]), 'a'));
    await note(() => classifier.addExample(line(1, 2, 3), 'a'));
    await note(() => classifier.predictClass(line(1, 2, 3)));
    return texts;
  };
  const [theirs, ours] = [original.create(), new KNNClassifier({}, async () => module)];
  assert.deepEqual(await said(ours), await said(theirs));
  ours.dispose();
});

test('labels with half of a surrogate pair are refused, and nothing changes', () => {
  const ours = new KNNClassifier({}, async () => module);
  ours.addExample(line(1, 2), 'a');
  for (const label of ['\ud83d', 'a\udc00b', '\udc00\ud83d']) {
    const calls = [
      () => ours.addExample(line(1, 2), label),
      () => ours.setClassifierDataset({ [label]: rows([1, 2]) }),
      () => ours.clearClass(label),
    ];
    for (const call of calls) assert.throws(call, { code: 'bad-argument', message: /surrogate/ }, String(call));
  }
  assert.deepEqual(ours.getClassExampleCount(), { a: 1 });
  ours.dispose();
});

test('predictClass() reports a missing module and tries again', async () => {
  let starts = 0;
  const classifier = new KNNClassifier({}, async () => {
    if (++starts === 1) throw new Error('no answer');
    return module;
  });
  classifier.addExample(Float32Array.of(1, 0), 'a');
  await assert.rejects(classifier.predictClass(Float32Array.of(1, 0)), /no answer/);
  assert.equal((await classifier.predictClass(Float32Array.of(1, 0))).label, 'a');
  classifier.dispose();
  expectError(() => classifier.addExample(Float32Array.of(1, 0), 'a'), /disposed/, 'disposed');
  await expectRejection(classifier.predictClass(Float32Array.of(1, 0)), /disposed/, 'disposed');
});

// Known bugs of the original, and other differences -----------------------------------------------------------------------

both('B1: setClassifierDataset() defines classIndex, and later labels get later indices', async (classifier) => {
  classifier.setClassifierDataset({ a: rows([1, 0]), b: rows([0, 1]) });
  assert.equal((await classifier.predictClass(line(0, 1), 1)).classIndex, 1);
  classifier.addExample(line(-1, 0), 'c');
  assert.equal((await classifier.predictClass(line(-1, 0), 1)).classIndex, 2);
});

both('setClassifierDataset() numbers the labels as in a new classifier', async (classifier) => {
  for (const label of ['b', 'a']) classifier.addExample(line(1, label === 'a' ? 0 : 1), label);
  const before = classifier.predictClass(line(1, 0), 1);
  classifier.setClassifierDataset({ a: rows([1, 0]), c: rows([0, 1]), b: rows([-1, 0]) });
  const indexOf = async (...values) => (await classifier.predictClass(line(...values), 1)).classIndex;
  assert.deepEqual([await indexOf(1, 0), await indexOf(0, 1), await indexOf(-1, 0)], [0, 1, 2]);
  assert.equal((await before).classIndex, 1, 'asked before');
});

both('B2: changes after the call of predictClass() do not change its result', async (classifier) => {
  for (const [label, x] of [
    ['a', 1],
    ['b', -1],
  ])
    for (let i = 0; i < 3; i++) classifier.addExample(line(x, i / 10), label);
  const pending = classifier.predictClass(line(-1, 0));
  classifier.addExample(line(1, 1), 'a');
  classifier.addExample(line(1, 1), 'a');
  const [later, all] = [classifier.predictClass(line(-1, 0)), classifier.clearAllClasses()];
  assert.deepEqual(await pending, { label: 'b', classIndex: 1, confidences: { a: 0, b: 1 } });
  assert.equal((await later).label, 'b');
  assert.equal(all, undefined);
});

both('B3: setClassifierDataset() replaces everything', async (classifier) => {
  for (const label of ['a', 'b']) classifier.addExample(line(1, 2), label);
  classifier.setClassifierDataset({ c: rows([1, 0], [0, 1]) });
  assert.deepEqual(classifier.getClassExampleCount(), { c: 2 });
  assert.deepEqual((await classifier.predictClass(line(1, 2))).confidences, { c: 1 });
  classifier.setClassifierDataset({});
  assert.equal(classifier.getNumClasses(), 0);
  await expectRejection(classifier.predictClass(line(1, 2)), /not added any examples/);
});

both('B4: restored rows are compared by direction, not by length', async (classifier) => {
  classifier.setClassifierDataset({ long: rows([10, 10]), exact: rows([1, 0]) });
  assert.equal((await classifier.predictClass(line(1, 0), 1)).label, 'exact');
});

both('B5: zeros, NaN and infinity are refused and change nothing', async (classifier) => {
  classifier.addExample(line(1, 0), 'a');
  for (const [values, text] of [
    [[0, 0], /only zeros/],
    [[NaN, 1], /not finite/],
    [[1, Infinity], /not finite/],
  ]) {
    expectError(() => classifier.addExample(line(...values), 'b'), text);
    await expectRejection(classifier.predictClass(line(...values)), text);
    expectError(() => classifier.setClassifierDataset({ b: rows([1, 1], values) }), text);
  }
  assert.deepEqual(classifier.getClassExampleCount(), { a: 1 });
  assert.equal((await classifier.predictClass(line(1, 0))).label, 'a');
});

both('B6: names such as __proto__ and constructor are labels', async (classifier) => {
  const labels = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', ''];
  labels.forEach((label, i) => classifier.addExample(line(...labels.map((_, j) => Number(i === j) + 0.1)), label));
  for (const [i, label] of labels.entries()) {
    const query = line(...labels.map((_, j) => Number(i === j)));
    const { label: got, classIndex, confidences } = await classifier.predictClass(query, 1);
    assert.deepEqual(
      [got, classIndex, Object.entries(confidences)],
      [label, i, labels.map((each) => [each, Number(each === label)])],
    );
  }
  assert.deepEqual(Object.keys(classifier.getClassExampleCount()), labels);
  const dataset = classifier.getClassifierDataset();
  classifier.setClassifierDataset(dataset);
  assert.deepEqual(
    Object.entries(classifier.getClassExampleCount()),
    labels.map((label) => [label, 1]),
  );
});

both('B7: k is a whole number of at least 1, or Infinity', async (classifier) => {
  for (const label of ['a', 'b', 'b']) classifier.addExample(line(1, label === 'a' ? 0 : 1), label);
  for (const k of [1.5, 2.5, NaN, '2', null, 0, -1, 0.5, -Infinity]) {
    await expectRejection(
      classifier.predictClass(line(1, 0), k),
      /^Please provide a positive integer k value to predictClass\.$/,
    );
  }
  assert.deepEqual((await classifier.predictClass(line(1, 0), Infinity)).confidences, { a: 1 / 3, b: 2 / 3 });
});

both('B8: clearAllClasses() allows examples of another shape', async (classifier) => {
  classifier.addExample(line(1, 0), 'a');
  classifier.clearAllClasses();
  classifier.addExample(line(1, 0, 0), 'a');
  assert.equal((await classifier.predictClass(line(1, 0, 0))).label, 'a');
});

both('B9: only strings and numbers are labels', async (classifier) => {
  for (const label of [NaN, true, null, undefined, {}, Symbol('a')])
    expectError(() => classifier.addExample(line(1, 0), label), /label/);
  classifier.addExample(line(1, 0), 1);
  classifier.addExample(line(1, 0), '1');
  classifier.addExample(line(1, 0), '01');
  assert.deepEqual(classifier.getClassExampleCount(), { 1: 2, '01': 1 });
});

both('B10: counts and data set are copies', async (classifier) => {
  classifier.addExample(line(1, 0), 'a');
  const counts = classifier.getClassExampleCount();
  counts['a'] = 100;
  classifier.getClassifierDataset()['a'].dataSync().fill(-1);
  classifier.addExample(line(1, 0), 'a');
  assert.deepEqual(classifier.getClassExampleCount(), { a: 2 });
  assert.deepEqual(classifier.getClassifierDataset()['a'].arraySync(), [
    [1, 0],
    [1, 0],
  ]);
});

test('B11: the engine supports what the original cannot do', () => {
  const classifier = new module.Classifier(1);
  try {
    const options = { ...predictDefaults, rule: 'neighbours', k: 3 };
    const query = Float32Array.of(1, 0);
    const [near, far] = classifier.addEmbeddings(Float32Array.of(1, 0, 0, 1, 0.1, 1), 2, ['a', 'b', 'b']);
    assert.deepEqual(
      classifier.predictEmbedding(query, options).neighbours.map(({ id, similarity }) => [id, similarity > 0.99]),
      [
        [near, true],
        [2, false],
        [far, false],
      ],
    );
    assert.equal(classifier.predictEmbedding(query, options).label, 'b');
    assert.equal(classifier.predictEmbedding(query, { ...options, weighting: 'similarity' }).label, 'a');
    assert.equal(
      classifier.predictEmbedding(Float32Array.of(-1, 0), { ...options, unknownThreshold: 0.5 }).unknown,
      true,
    );
    assert.equal(
      classifier
        .predictEmbeddings(Float32Array.of(1, 0, 0, 1), 2, { ...options, k: 1 })
        .map(({ label }) => label)
        .join(),
      'a,b',
    );
    classifier.enableClass('b', false);
    assert.equal(classifier.predictEmbedding(query, options).label, 'a');
    classifier.enableClass('b', true);
    classifier.renameClass('b', 'c');
    classifier.removeExample(near);
    assert.deepEqual(
      [classifier.labels(), classifier.counts()],
      [
        ['a', 'c'],
        [0, 2],
      ],
    );
    assert.equal(classifier.undo(), true);
    assert.deepEqual(classifier.counts(), [1, 2]);
  } finally {
    classifier.delete();
  }
});

both('a data set can be saved as JSON and restored, with tensors of both libraries', async (classifier) => {
  classifier.addExample(line(3, 4), 'a');
  classifier.addExample(line(0, 2), 'b');
  const text = JSON.stringify(
    Object.entries(classifier.getClassifierDataset()).map(([label, data]) => [
      label,
      Array.from(data.dataSync()),
      data.shape,
    ]),
  );
  const restored = new KNNClassifier({}, async () => module);
  restored.setClassifierDataset(
    Object.fromEntries(JSON.parse(text).map(([label, data, shape]) => [label, tf.tensor(data, shape)])),
  );
  assert.deepEqual(await restored.predictClass(line(3, 4), 1), await classifier.predictClass(line(3, 4), 1));
  restored.setClassifierDataset(classifier.getClassifierDataset());
  assert.deepEqual(restored.getClassExampleCount(), { a: 1, b: 1 });
  restored.dispose();
});

both('the caller may overwrite arguments right after the call', async (classifier) => {
  const values = Float32Array.of(1, 0);
  classifier.addExample(values, 'a');
  values.set([0, 1]);
  classifier.addExample(values, 'b');
  const pending = classifier.predictClass(values, 1);
  values.set([1, 0]);
  assert.equal((await pending).label, 'b');
  const dataset = tf.tensor2d([
    [1, 0],
    [0, 1],
  ]);
  classifier.setClassifierDataset({ c: dataset });
  dataset.dispose();
  assert.deepEqual(classifier.getClassifierDataset()['c'].arraySync(), [
    [1, 0],
    [0, 1],
  ]);
});

both('tensors of any type and typed arrays are examples', async (classifier) => {
  classifier.addExample(tf.tensor1d([1, 0], 'int32'), 'a');
  classifier.addExample(Uint8Array.of(0, 1), 'b');
  assert.equal((await classifier.predictClass(Int32Array.of(0, 5), 1)).label, 'b');
  expectError(() => classifier.addExample({ shape: [3], dataSync: () => [1, 2] }, 'a'), /shape \[3\] and 2 values/);
  expectError(() => classifier.addExample([1, 2], 'a'), /typed array/);
});
