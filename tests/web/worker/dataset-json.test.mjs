// Tests data sets as JSON: writing, reading, and the errors for files that can't be read.
import assert from 'node:assert/strict';
import test from 'node:test';
import { importTs } from '../support/import-ts.mjs';

const { readJsonDataset, writeJsonDataset } = await importTs('worker/dataset-json.ts');

const model = { id: "a 'model'", sha256: 'ab'.repeat(32) };
const classes = () => [
  { label: '__proto__', enabled: true, examples: [Float32Array.of(0.1, -0, 3e-12), Float32Array.of(1, 2, 3)] },
  { label: '"\n', enabled: false, examples: [] },
];

test('written data sets are JSON and can be read again', () => {
  const text = writeJsonDataset(model, 3, classes());
  const examples = (each) => [...each.examples].map((example) => [...example].map((value) => value + 0));
  assert.deepEqual(JSON.parse(text), {
    format: 'teachable-wasm',
    version: 1,
    model,
    embeddingSize: 3,
    classes: classes().map((each) => ({ ...each, examples: examples(each) })),
  });
  const read = readJsonDataset(text, 3);
  assert.deepEqual([read.model, read.sha256], [model.id, model.sha256]);
  assert.deepEqual(
    read.classes.map(({ label, enabled, count }) => [label, enabled, count]),
    [
      ['__proto__', true, 2],
      ['"\n', false, 0],
    ],
  );
  assert.deepEqual(read.classes[0].rows, Float32Array.of(0.1, 0, 3e-12, 1, 2, 3));
  assert.deepEqual(readJsonDataset(writeJsonDataset(model, 3, []), 3).classes, []);
});

test('a data set that is too long for a string is refused early, with advice', () => {
  const text = writeJsonDataset(model, 3, classes());
  assert.equal(writeJsonDataset(model, 3, classes(), text.length), text);
  assert.throws(() => writeJsonDataset(model, 3, classes(), text.length - 1), {
    name: 'ClassifierError',
    code: 'out-of-memory',
    message: /saveDataset\(\)/,
  });
  let made = 0;
  function* endless() {
    for (; ; made++) yield Float32Array.of(1, 2, 3);
  }
  assert.throws(() => writeJsonDataset(model, 3, [{ label: 'a', enabled: true, examples: endless() }], 10_000), {
    code: 'out-of-memory',
  });
  assert.ok(made < 2000, `${made} examples were made`);
});

test('examples of another length are refused in every layout', () => {
  const refused = (json, message) => assert.throws(() => readJsonDataset(json, 3), { code: 'bad-dataset', message });
  refused(
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
    "Example 0 of the class 'a' has 2 values; embeddings of this model have 3.",
  );
  refused(
    [
      [
        'a',
        [
          [1, 2, 3],
          [4, 5, 6, 7, 8, 9],
        ],
      ],
    ],
    "Example 1 of the class 'a' has 6 values; embeddings of this model have 3.",
  );
  refused([['a', [[1, 2, 3], 4, 5]]], "Example 1 of the class 'a' is 4 where an array of numbers is expected.");
  refused([['a', [1, [2, 3, 4]]]], /^The class 'a' holds \[2, 3, 4\] where a finite number is expected\.$/);
  refused([['a', [1, 2, 3, 4, 5, 6], [3, 2]]], "The examples of 'a' have 2 values; embeddings of this model have 3.");
  const own = (embeddingSize, examples) => ({
    format: 'teachable-wasm',
    version: 1,
    model,
    embeddingSize,
    classes: [{ label: 'a', enabled: true, examples }],
  });
  refused(
    own(2, [
      [1, 2],
      [3, 4],
      [5, 6],
    ]),
    "The data set's examples have 2 values; embeddings of this model have 3. Load the model of the data set, with the same option 'layers'.",
  );
  refused(
    own(3, [
      [1, 2],
      [3, 4],
      [5, 6],
    ]),
    /Example 0/,
  );
  refused(own(6, []), /have 6 values/);
  assert.equal(readJsonDataset(own(3, [[1, 2, 3]]), 3).classes[0].count, 1);
  assert.equal(
    readJsonDataset([['a', [{ 0: 1, 1: 2, 2: 3 }]]], 3).classes[0].count,
    1,
    'typed arrays that went through JSON',
  );
});

test('reads the forms in which people saved tensors', () => {
  const values = [1, 2, 3, 4, 5, 6];
  const base64 = Buffer.from(Float32Array.from(values).buffer).toString('base64');
  const rowsInBase64 = [values.slice(0, 3), values.slice(3)].map((row) =>
    Buffer.from(Float32Array.from(row).buffer).toString('base64'),
  );
  const forms = [
    { cup: { shape: [2, 3], values } },
    { cup: { data: values, shape: [2, 3] } },
    { cup: { data: Object.fromEntries(values.entries()), shape: [2, 3] } },
    { cup: { values } },
    [{ label: 'cup', values, shape: [2, 3] }],
    [{ label: 'cup', data: values }],
    [['cup', { values, shape: [2, 3] }]],
    { cup: base64 },
    { cup: rowsInBase64 },
    { cup: { values: base64, shape: [2, 3] } },
  ];
  for (const json of forms) {
    const {
      classes: [read, ...others],
    } = readJsonDataset(JSON.stringify(json), 3);
    assert.deepEqual([read.label, read.count, [...read.rows], others], ['cup', 2, values, []], JSON.stringify(json));
  }
});

test('an error about data never shows the data', () => {
  const secret = 'secret!'.repeat(1000);
  const cases = [
    { cup: secret },
    { cup: [secret] },
    { cup: { values: secret } },
    [{ label: 'cup', values: [1, secret, 2] }],
  ];
  for (const json of [...cases, { cup: [['secret']] }, [7], [{ label: 'cup' }], { cup: { shape: [1, 3] } }])
    assert.throws(
      () => readJsonDataset(json, 3),
      ({ code, message }) =>
        code === 'bad-dataset' && !message.includes('secret') && message.length < 200 && /\.$/.test(message),
      JSON.stringify(json).slice(0, 60),
    );
});
