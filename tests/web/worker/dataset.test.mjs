// Data sets in Node, with the real module: JSON, ids and memory.
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { pathToFileURL } from 'node:url';
import { root } from '../support/data.mjs';
import { importTs } from '../support/import-ts.mjs';

const { loadKnn } = await importTs('entries/knn.ts');
const wasmUrl = pathToFileURL(path.join(root, 'web/dist/wasm/'));

async function open(t, { embeddingSize = 4, id } = {}) {
  const classifier = await loadKnn({ embeddingSize, id, wasmUrl, variant: 'simd', worker: false });
  t.after(() => classifier.dispose());
  return classifier;
}

let state = 7;
const random = () => (state = (state * 48271) % 2147483647) / 2147483647;
const vectors = (count, size = 4) => Float32Array.from({ length: count * size }, () => random() - 0.5);

async function answers(classifier, queries) {
  const predictions = await classifier.predictMany(queries, { rule: 'neighbours', k: 5, weighting: 'similarity' });
  return predictions.map(({ label, confidences, neighbours }) => [
    label,
    Object.entries(confidences),
    neighbours.map(({ similarity }) => similarity),
  ]);
}

for (const storage of ['f32', 'i16', 'i8']) {
  test(`exported JSON can be imported (${storage})`, async (t) => {
    const [first, second] = [await open(t), await open(t)];
    for (const each of [first, second]) await each.useStorage(storage);
    await first.addExamples(
      vectors(60),
      Array.from({ length: 60 }, (_, i) => ['__proto__', 'b', ''][i % 3]),
    );
    await first.enableClass('b', false);
    await first.addClass('empty');
    const old = await second.addExamples(vectors(2), ['x', 'x']);
    await second.importJson(await first.exportJson());
    assert.deepEqual(Object.entries(await second.counts()), [
      ['__proto__', 20],
      ['b', 20],
      ['', 20],
      ['empty', 0],
    ]);
    assert.deepEqual(await second.disabledClasses(), ['b']);
    const queries = vectors(20);
    const [wanted, got] = [await answers(first, queries), await answers(second, queries)];
    // Quantized rows are quantized once more, so similarities differ a little.
    for (const [i, [label, confidences, similarities]] of got.entries()) {
      assert.deepEqual(
        confidences.map(([name]) => name),
        wanted[i][1].map(([name]) => name),
      );
      assert.equal(confidences[1][1], 0, 'disabled');
      similarities.forEach((similarity, rank) => assert.ok(Math.abs(similarity - wanted[i][2][rank]) < 2e-2));
      if (storage === 'f32') assert.equal(label, wanted[i][0]);
    }
    const ids = await second.exampleIds('__proto__');
    assert.ok(
      ids.every((id) => id > Math.max(...old)),
      'no id is used twice',
    );
    await assert.rejects(second.removeExample(old[1]), { code: 'bad-argument' });
    const [next] = await second.addExamples(vectors(1), ['x']);
    assert.ok(next > Math.max(...ids, ...(await second.exampleIds('b'))));
  });
}

test('JSON of TensorFlow.js and of ml5 is imported', async (t) => {
  const classifier = await open(t, { embeddingSize: 3 });
  const forms = [
    [
      ['5', [0, 0, 1, 1, 0, 0], [2, 3]],
      ['7', [0, 1, 0], [1, 3]],
    ],
    {
      dataset: { 0: { label: '5', shape: [2, 3] }, 1: { label: '7', shape: [1, 3] } },
      tensors: [
        { 0: 0, 1: 0, 2: 1, 3: 1, 4: 0, 5: 0 },
        { 0: 0, 1: 10, 2: 0 },
      ],
    },
  ];
  for (const form of forms) {
    await classifier.importJson(JSON.stringify(form));
    assert.deepEqual(Object.entries(await classifier.counts()), [
      ['5', 2],
      ['7', 1],
    ]);
    const { label, classIndex, neighbours } = await classifier.predict(Float32Array.of(0, 1, 0), { k: 1 });
    assert.deepEqual([label, classIndex, neighbours[0].similarity], ['7', 1, 1]);
  }
  for (const wrong of [
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
    [['a', [0, 0, 0]]],
    [['a', [1, 2, 1e39]]],
  ]) {
    await assert.rejects(classifier.importJson(wrong), { code: 'bad-dataset' });
    assert.deepEqual(
      Object.entries(await classifier.counts()),
      [
        ['5', 2],
        ['7', 1],
      ],
      'the examples are unchanged',
    );
  }
});

test('JSON from another model is rejected with an error that names both models', async (t) => {
  const classifier = await open(t, { id: 'ours' });
  const json = (model) => ({ format: 'teachable-wasm', version: 1, model, embeddingSize: 4, classes: [] });
  await assert.rejects(classifier.importJson(json({ id: 'theirs', sha256: 'abcdef0123456789' })), {
    code: 'bad-dataset',
    message:
      "The data set was made with the model 'theirs' (SHA-256 abcdef012345...); its examples can't be compared with those of 'ours'.",
  });
  await classifier.importJson(json({ id: 'ours', sha256: 'abcdef0123456789' }));
});

test('useStorage() keeps classes, ids and the history of undo()', async (t) => {
  const classifier = await open(t);
  await classifier.addClass('empty');
  const [id] = await classifier.addExamples(vectors(1), ['a']);
  await classifier.removeExample(id);
  await classifier.useStorage('i8');
  assert.deepEqual(Object.entries(await classifier.counts()), [
    ['empty', 0],
    ['a', 0],
  ]);
  assert.equal(await classifier.undo(), true);
  assert.deepEqual(await classifier.exampleIds('a'), [id]);
  assert.deepEqual(await classifier.addExamples(vectors(1), ['a']), [id + 1]);
});

test('a loaded file keeps its ids, and new ids are above all earlier ones', async (t) => {
  const [first, second] = [await open(t), await open(t)];
  const ids = await first.addExamples(vectors(3), ['a', 'a', 'b']);
  const file = await first.saveDataset({ thumbnails: [{ id: ids[2], bytes: Uint8Array.of(1) }] });
  await second.addExamples(vectors(9), Array(9).fill('old'));
  const [{ id }] = await second.loadDataset(file);
  assert.deepEqual(await second.exampleIds('b'), [id]);
  assert.deepEqual(await second.addExamples(vectors(1), ['b']), [9]);
});

test('a load that fails frees the memory of what it has read', async (t) => {
  const size = 1280;
  const [saved, classifier] = [await open(t, { embeddingSize: size }), await open(t, { embeddingSize: size })];
  const count = 8000; // 41 MB of rows
  for (let i = 0; i < count; i += 1000) await saved.addExamples(vectors(1000, size), Array(1000).fill('a'));
  const file = new Uint8Array(await (await saved.saveDataset()).arrayBuffer());
  const half = file.subarray(0, file.length >> 1);
  await assert.rejects(classifier.loadDataset(half), { code: 'bad-dataset' });
  const { heapBytes } = await classifier.info();
  assert.ok(heapBytes > half.length, `${heapBytes} bytes`);
  // The freed memory is enough for as many examples.
  for (let i = 0; i + 1000 <= count / 2; i += 1000)
    await classifier.addExamples(vectors(1000, size), Array(1000).fill('b'));
  assert.ok((await classifier.info()).heapBytes <= heapBytes + (8 << 20), 'the memory was reused');
});

test('values of wrong types are rejected with a ClassifierError', async (t) => {
  const classifier = await open(t);
  const bad = { name: 'ClassifierError', code: 'bad-argument' };
  for (const value of [null, undefined, 5, 'text', {}, [1, 2, 3, 4], new Float32Array(3), new Float64Array(4)]) {
    await assert.rejects(classifier.addExample(value, 'a'), bad);
    await assert.rejects(classifier.predict(value), bad);
  }
  await assert.rejects(classifier.addExamples(new Float32Array(4), undefined), bad);
  await assert.rejects(classifier.addExamples(new Float32Array(4), ['a', 'b']), bad);
  await assert.rejects(classifier.useStorage(5), bad);
  await assert.rejects(classifier.saveDataset({ thumbnails: [{ id: 0, bytes: [1, 2] }] }), bad);
});

test('a review returns options that calibrate the confidences', async (t) => {
  const classifier = await open(t);
  // Two classes that overlap.
  const labels = Array.from({ length: 400 }, (_, i) => 'ab'[i % 2]);
  const rows = vectors(400);
  labels.forEach((label, i) => (rows[4 * i + (label === 'a' ? 0 : 1)] += 0.35));
  await classifier.addExamples(rows, labels);
  const { accuracy, prior, sharpness } = await classifier.review({ rule: 'neighbours', k: 1 });
  const plain = await classifier.predict(vectors(1), { rule: 'neighbours', k: 1 });
  assert.equal(Math.max(...Object.values(plain.confidences)), 1);
  const { label, confidences } = await classifier.predict(rows.slice(0, 4), {
    rule: 'neighbours',
    k: 1,
    prior,
    sharpness,
  });
  assert.ok(Math.abs(confidences[label] - accuracy) < 0.05, `${confidences[label]} of ${accuracy}`);
  assert.ok(Math.abs(confidences.a + confidences.b - 1) < 1e-6);
});

test('examples are converted to another storage format, and back', async (t) => {
  const classifier = await open(t, { embeddingSize: 30 });
  const embeddings = vectors(150, 30);
  const ids = await classifier.addExamples(
    embeddings,
    Array.from({ length: 150 }, (_, i) => (i % 2 ? 'odd' : 'even')),
  );
  const first = await classifier.exampleEmbedding(ids[70]);
  for (const [storage, tolerance] of [
    ['i16', 2e-5],
    ['i8', 5e-3],
    ['f32', 5e-3],
  ]) {
    await classifier.useStorage(storage);
    assert.deepEqual(
      await classifier.exampleIds('odd'),
      ids.filter((id) => id % 2),
    );
    const now = await classifier.exampleEmbedding(ids[70]);
    now.forEach((value, i) => assert.ok(Math.abs(value - first[i]) < tolerance, storage));
    const { neighbours } = await classifier.predict(now, { k: 1 });
    assert.equal(neighbours[0].id, ids[70]);
    const copy = await open(t, { embeddingSize: 30 });
    await copy.loadDataset(await classifier.saveDataset());
    assert.deepEqual(await copy.exampleEmbedding(ids[70]), now);
  }
});

/** Returns the bytes of a file whose header has another next id. The file's model is 'embeddings'. */
async function withNextId(classifier, nextId) {
  const file = new Uint8Array(await (await classifier.saveDataset()).arrayBuffer());
  // "TMKN", version, section head; the texts of id, sum and preprocessing; storage and dimension.
  new DataView(file.buffer).setUint32(16 + 4 + 'embeddings'.length + 4 + 4 + 8, nextId, true);
  repair(file);
  return file;
}

/** Corrects the checksums of all sections. */
function repair(file) {
  const view = new DataView(file.buffer);
  let all = 0;
  for (let at = 8; at < file.length; ) {
    const length = view.getUint32(at + 4, true);
    if (view.getUint32(at, true) === 4) view.setUint32(at + 8, all, true);
    view.setUint32(at + 8 + length, crc32(file.subarray(at, at + 8 + length)), true);
    all = crc32(file.subarray(at + 8 + length, at + 12 + length), all);
    at += 12 + length;
  }
}

function crc32(bytes, crc = 0) {
  crc = ~crc;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

test('a file never ends teaching, whatever its next id is', async (t) => {
  const [saved, classifier] = [await open(t), await open(t)];
  await saved.addExamples(vectors(3), ['a', 'a', 'b']);
  for (const nextId of [0xffffffff, 0xfffffffe, 0x80000000, 3]) {
    await classifier.loadDataset(await withNextId(saved, nextId));
    assert.deepEqual(await classifier.exampleIds('a'), [0, 1]);
    const [id] = await classifier.addExamples(vectors(1), ['b']);
    assert.deepEqual(await classifier.exampleIds('b'), [2, id]);
    await classifier.moveExample(id, 'a');
    assert.equal((await classifier.exampleEmbedding(id)).length, 4);
    const picture = { id, bytes: Uint8Array.of(7) };
    const file = await classifier.saveDataset({ thumbnails: [picture] });
    assert.deepEqual(await classifier.loadDataset(file), [picture]);
    await classifier.removeExample(id);
    assert.deepEqual(await classifier.exampleIds('a'), [0, 1]);
  }
  await classifier.clear();
  assert.deepEqual(await classifier.addExamples(vectors(1), ['new']), [0], 'ids start anew');
});

test('ids are refused where no example can have them', async (t) => {
  const classifier = await open(t);
  for (const id of [-1, 0.5, NaN, 0xffffffff, 2 ** 53, '0', null]) {
    await assert.rejects(classifier.removeExample(id), { code: 'bad-argument' }, String(id));
  }
  await assert.rejects(classifier.removeExample(0xfffffffe), { code: 'bad-argument', message: /4294967294/ });
});

const halves = ['\ud83d', 'a\udc00b', '\udc00\ud83d'];

test('halves of surrogate pairs are refused wherever a label enters', async (t) => {
  const classifier = await open(t);
  const [id] = await classifier.addExamples(vectors(1), ['a']);
  const before = await classifier.exportJson();
  for (const label of halves) {
    const one = vectors(1);
    const calls = [
      () => classifier.addExample(one, label),
      () => classifier.addExamples(vectors(2), ['a', label]),
      () => classifier.addClass(label),
      () => classifier.renameClass('a', label),
      () => classifier.mergeClasses('a', label),
      () => classifier.moveExample(id, label),
    ];
    for (const call of calls) await assert.rejects(call(), { code: 'bad-argument' }, String(call));
    const json = [[label, [1, 2, 3, 4], [1, 4]]];
    for (const form of [json, JSON.stringify(json), { [label]: [1, 2, 3, 4] }]) {
      await assert.rejects(classifier.importJson(form), { code: 'bad-dataset' });
    }
    const own = { format: 'teachable-wasm', version: 1, classes: [{ label, examples: [] }] };
    await assert.rejects(classifier.importJson(own), { code: 'bad-dataset' });
  }
  assert.equal(await classifier.exportJson(), before);
});

test('every label comes back as it was given', async (t) => {
  const [classifier, copy] = [await open(t), await open(t)];
  const long = 'x'.repeat(30);
  const labels = [
    '\ufeff',
    `\ufeff${long}`,
    `${long}\ufeff`,
    `a\0${long}`,
    '\u{1f600}'.repeat(20),
    '\uffff',
    'e\u0301',
    '\u00e9',
    '',
  ];
  for (const label of labels) assert.equal(await classifier.addExample(vectors(1), label), 1);
  for (const label of labels) assert.equal(await classifier.addExample(vectors(1), label), 2);
  assert.deepEqual(Object.keys(await classifier.counts()), labels);
  await copy.loadDataset(await classifier.saveDataset());
  assert.deepEqual(Object.keys(await copy.counts()), labels);
  await copy.importJson(await classifier.exportJson());
  assert.deepEqual(Object.keys(await copy.counts()), labels);
  await assert.rejects(classifier.addClass('x'.repeat(30_000)), { code: 'bad-argument' });
});

test('a file whose label is not UTF-8 is refused, and everything stays', async (t) => {
  const [saved, classifier] = [await open(t), await open(t)];
  await saved.addExamples(vectors(2), ['####', 'b']);
  await classifier.addExamples(vectors(2), ['own', 'own']);
  await classifier.removeExample(1);
  const before = await classifier.exportJson();
  const file = new Uint8Array(await (await saved.saveDataset()).arrayBuffer());
  const at = file.findIndex((_, i) => String.fromCharCode(...file.subarray(i, i + 4)) === '####');
  for (const bytes of [
    [0x61, 0xff, 0x62, 0x63],
    [0xed, 0xa0, 0xbd, 0x61],
    [0x61, 0x62, 0x63, 0xe2],
  ]) {
    file.set(bytes, at);
    repair(file);
    await assert.rejects(classifier.loadDataset(file), { code: 'bad-dataset', message: /label.*UTF-8/ });
    assert.equal(await classifier.exportJson(), before);
  }
  assert.equal(await classifier.undo(), true, 'the history stays');
  assert.deepEqual(await classifier.exampleIds('own'), [0, 1]);
});

test('options are checked as the floats that the module computes with', async (t) => {
  const classifier = await open(t);
  await classifier.addExamples(vectors(4), ['a', 'a', 'b', 'b']);
  for (const options of [
    { rule: 'neighbours', temperature: 1e39 },
    { rule: 'neighbours', temperature: 1e-46 },
    { rule: 'neighbours', prior: 1e39 },
    { sharpness: 1e39 },
    { sharpness: 1e-46 },
    { unknownThreshold: 1.01 },
    { smoothing: Infinity },
  ]) {
    await assert.rejects(classifier.predict(vectors(1), options), { code: 'bad-argument' }, JSON.stringify(options));
    await assert.rejects(classifier.review(options), { code: 'bad-argument' }, JSON.stringify(options));
  }
  for (const options of [
    { smoothing: 1e308 },
    { smoothing: 5e-324 },
    { rule: 'neighbours', weighting: 'similarity', temperature: 3e38 },
    { rule: 'neighbours', weighting: 'similarity', temperature: 1e-44 },
    { rule: 'neighbours', prior: 3e38, sharpness: 3e38 },
    { rule: 'neighbours', prior: 1e-44, sharpness: 1e-44 },
  ]) {
    for (let i = 0; i < 3; i++) {
      const { confidences } = await classifier.predict(vectors(1), options);
      const sum = Object.values(confidences).reduce((total, each) => total + each, 0);
      assert.ok(Math.abs(sum - 1) < 1e-5, `${JSON.stringify(options)}: ${Object.values(confidences)}`);
    }
  }
});
