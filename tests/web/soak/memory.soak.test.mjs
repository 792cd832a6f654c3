// Fills a module without threads with a large data set. In full, it has a million examples, which take 1.5 GB and half a minute.
import assert from 'node:assert/strict';
import test from 'node:test';
import { fill, options, size, startVariant } from '../support/memory.mjs';
import { fullSoak } from '../support/soak.mjs';

const count = fullSoak ? 1_000_000 : 100_000;

test(`${count.toLocaleString('en')} examples of 1280 bytes fit into a module without threads`, async (t) => {
  const module = await startVariant('simd');
  const classifier = new module.Classifier(1);
  classifier.useStorage('i8');
  const started = performance.now();
  assert.equal(fill(classifier, count), undefined);
  const filled = performance.now();
  const id = Math.floor(0.777777 * count);
  const { neighbours } = classifier.predictEmbedding(classifier.exampleEmbedding(id), options);
  const predicted = performance.now();
  assert.equal(neighbours[0].id, id);
  assert.deepEqual(classifier.counts(), [count / 2, count / 2]);
  const ratio = classifier.exampleBytes() / (count * size);
  assert.ok(ratio < 1.3, `the memory is ${ratio} times the stored rows`);
  t.diagnostic(
    `made and added in ${((filled - started) / 1000).toFixed(1)} s, predicted in ${(predicted - filled).toFixed(0)} ms, ${(module.heapBytes() / 2 ** 20).toFixed(0)} MB, ${ratio.toFixed(2)} times the rows`,
  );
  classifier.delete();
});
