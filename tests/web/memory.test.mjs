// Checks in Node that a module whose memory is used up reports a clear error and loses no example. Threaded modules have the least
// memory, so they are tested here. memory.soak.test.mjs fills a module without threads.
import assert from 'node:assert/strict';
import test from 'node:test';
import { batch, fill, makeBatch, options, size, startModule } from './memory.mjs';

for (const storage of ['f32', 'i8']) {
  test(`a threaded module whose memory is full reports an error and keeps all examples (${storage})`, async (t) => {
    const module = await startModule('simd-threads');
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
    // The classifier still works.
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
