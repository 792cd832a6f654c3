// Checks in Node that a module whose memory is used up reports a clear error and loses no example. Threaded modules have the least
// memory, so they are tested here. memory.soak.test.mjs fills a module without threads.
import assert from 'node:assert/strict';
import test from 'node:test';
import { batch, fill, makeBatch, options, size, startVariant } from '../support/memory.mjs';

/** Adds examples one by one until one fails, and returns its error. */
function fillSingly(classifier) {
  for (;;) {
    try {
      classifier.addEmbedding(makeBatch().subarray(0, size), 'even');
    } catch (error) {
      return error;
    }
  }
}

/** Saves a classifier with large thumbnails, and loads the file into another module. */
async function saveAndLoad(classifier, ids) {
  const thumbnail = new Uint8Array(4 << 20).map((_, i) => i);
  const module = await startVariant('simd');
  const copy = new module.Classifier(1);
  copy.startLoad('m', '', size);
  const read = [];
  const pass = (piece) => {
    copy.pieceBuffer(piece.length).set(piece);
    read.push(...copy.loadPiece());
    return piece.length > 0;
  };
  classifier.startSave('m', '', '');
  for (const id of ids) classifier.planThumbnail(id, thumbnail.length);
  while (pass(classifier.nextSaved()));
  for (const id of ids) {
    for (let start = 0; start < thumbnail.length; start += 1 << 16) {
      const part = thumbnail.subarray(start, start + (1 << 16));
      classifier.pieceBuffer(part.length).set(part);
      pass(classifier.savedThumbnail(id, thumbnail.length));
    }
  }
  pass(classifier.endSave());
  copy.finishLoad();
  assert.deepEqual(
    read.map(({ id }) => id),
    ids,
  );
  assert.ok(read.every(({ bytes }) => Buffer.compare(bytes, thumbnail) === 0));
  assert.deepEqual(copy.counts(), classifier.counts());
  assert.deepEqual(copy.labels(), classifier.labels());
  assert.deepEqual(copy.exampleEmbedding(77), classifier.exampleEmbedding(77));
  copy.delete();
}

for (const storage of ['f32', 'i8']) {
  test(`a threaded module whose memory is full reports an error and keeps all examples (${storage})`, async (t) => {
    const module = await startVariant('simd-threads');
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
    // Single examples fill what batches left.
    assert.equal(fillSingly(classifier)?.code, 'out-of-memory');
    const full = classifier.counts()[0];
    await saveAndLoad(classifier, [3, 5]);
    if (storage === 'f32') {
      // What the error advises works.
      const row = classifier.exampleEmbedding(77);
      assert.match(error.message, /change the storage format to 'i8'/);
      classifier.useStorage('i8');
      assert.equal(classifier.counts()[0], full);
      assert.equal(classifier.predictEmbedding(row, options).neighbours[0].id, 77);
      assert.equal(fill(classifier, 40_000), undefined, 'there is room again');
      assert.throws(() => classifier.useStorage('f32'), { code: 'out-of-memory' });
      assert.equal(classifier.storage(), 'i8');
      assert.equal(classifier.predictEmbedding(row, options).neighbours[0].id, 77);
      await saveAndLoad(classifier, [3, 5]);
    }
    classifier.clearAll();
    assert.equal(fill(classifier, batch), undefined);
    assert.deepEqual(classifier.counts(), [batch / 2, batch / 2]);
    classifier.delete();
  });
}

test('a module takes little more memory than it uses', async (t) => {
  const module = await startVariant('simd');
  const classifier = new module.Classifier(1);
  assert.equal(fill(classifier, 4_000), undefined);
  classifier.predictEmbedding(makeBatch().subarray(0, size), { ...options, rule: 'combined' });
  const [heap, used] = [module.heapBytes(), module.usedBytes()].map((bytes) => bytes / 2 ** 20);
  t.diagnostic(`${heap.toFixed(1)} MB, of which ${used.toFixed(1)} MB are used`);
  assert.ok(heap < 1.12 * used);
  // What the rows alone need: a float and a byte for each value.
  assert.ok(used < (4_000 * size * 5) / 2 ** 20 + 4);
  classifier.delete();
});
