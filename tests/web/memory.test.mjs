// Memory that is used up, in Node: a clear error, and everything as it was. A threaded module has the least of it.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { root } from './data.mjs';

const size = 1280;
const batch = 500;
const options = {
  k: 5,
  weighting: 'votes',
  temperature: 0.05,
  prior: 0,
  sharpness: 1,
  balanced: false,
  unknownThreshold: -1,
  smoothing: 0,
};

let state = 7;
const random = () => (state = (state * 48271) % 2147483647) / 2147483647;

/** [batch, size] embeddings. */
function makeBatch() {
  const rows = new Float32Array(batch * size);
  for (let i = 0; i < rows.length; i++) rows[i] = random();
  return rows;
}

async function load(variant) {
  const folder = path.join(root, 'web/dist/wasm', variant);
  const { default: createModule } = await import(path.join(folder, 'teachable.js'));
  return createModule({ wasmBinary: await readFile(path.join(folder, 'teachable.wasm')) });
}

/** Teaches until memory is used up, at most `most`; returns the error. */
function fill(classifier, most) {
  for (let first = 0; first < most; first += batch) {
    const rows = makeBatch();
    try {
      classifier.addEmbeddings(
        rows,
        size,
        Array.from({ length: batch }, (_, i) => ((first + i) % 2 === 0 ? 'even' : 'odd')),
      );
    } catch (error) {
      return error;
    }
  }
  return undefined;
}

for (const storage of ['f32', 'i8']) {
  test(`a threaded module that is full says so and loses nothing (${storage})`, async (t) => {
    const module = await load('simd-threads');
    const classifier = new module.Classifier(1);
    classifier.useStorage(storage);
    const query = makeBatch().subarray(0, size);
    const error = fill(classifier, 1_000_000);
    assert.equal(error?.code, 'out-of-memory');
    assert.match(error.message, /not enough memory for 500 more examples of 1280 values.*\d+ MB/);
    const counts = classifier.counts();
    const total = counts[0] + counts[1];
    t.diagnostic(`${total} examples in ${(module.heapBytes() / 2 ** 20).toFixed(0)} MB: ${error.message}`);
    assert.ok(total > 20_000 && total % batch === 0);
    // It is full, and everything goes on.
    const { neighbours } = classifier.predictEmbedding(query, options);
    assert.equal(neighbours.length, 5);
    assert.equal(fill(classifier, batch)?.code, 'out-of-memory');
    assert.deepEqual(classifier.counts(), counts);
    classifier.clearAll();
    assert.equal(fill(classifier, batch), undefined);
    assert.deepEqual(classifier.counts(), [batch / 2, batch / 2]);
    classifier.delete();
  });
}

const wantsMillion =
  process.env.TEACHABLE_MILLION === '1' ? {} : { skip: 'takes 1.5 GB and half a minute; TEACHABLE_MILLION=1 runs it' };

test('a million examples of 1280 bytes fit into a module without threads', wantsMillion, async (t) => {
  const module = await load('simd');
  const classifier = new module.Classifier(1);
  classifier.useStorage('i8');
  const started = performance.now();
  assert.equal(fill(classifier, 1_000_000), undefined);
  const filled = performance.now();
  const query = classifier.exampleEmbedding(777_777);
  const { neighbours } = classifier.predictEmbedding(query, options);
  const predicted = performance.now();
  assert.equal(neighbours[0].id, 777_777);
  assert.deepEqual(classifier.counts(), [500_000, 500_000]);
  const ratio = classifier.exampleBytes() / (1_000_000 * size);
  assert.ok(ratio < 1.3, `${ratio} times the rows`);
  t.diagnostic(
    `filled in ${((filled - started) / 1000).toFixed(1)} s with making them, predicted in ${(predicted - filled).toFixed(0)} ms, ${(module.heapBytes() / 2 ** 20).toFixed(0)} MB, ${ratio.toFixed(2)} times the rows`,
  );
  classifier.delete();
});
