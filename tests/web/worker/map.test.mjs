// The map of the examples in Node, with the real module.
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { pathToFileURL } from 'node:url';
import { root } from '../support/data.mjs';
import { importTs } from '../support/import-ts.mjs';

const { loadKnn } = await importTs('entries/knn.ts');
const wasmUrl = pathToFileURL(path.join(root, 'web/dist/wasm/'));

async function open(t, embeddingSize) {
  const classifier = await loadKnn({ embeddingSize, wasmUrl, variant: 'simd', worker: false });
  t.after(() => classifier.dispose());
  return classifier;
}

let state = 3;
const random = () => (state = (state * 48271) % 2147483647) / 2147483647;

/** Returns `count` embeddings around each of three corners, and their labels. */
function clouds(size, count) {
  const embeddings = Float32Array.from({ length: 3 * count * size }, () => 0.1 * (random() - 0.5));
  const labels = Array.from({ length: 3 * count }, (_, i) => ['a', 'b', 'c'][i % 3]);
  labels.forEach((_, i) => (embeddings[i * size + (i % 3)] += 1));
  return { embeddings, labels };
}

const distance = (points, i, j) => Math.hypot(points[2 * i] - points[2 * j], points[2 * i + 1] - points[2 * j + 1]);

for (const storage of ['f32', 'i16', 'i8']) {
  test(`classes that are apart are apart on the map (${storage})`, async (t) => {
    const size = 300;
    const classifier = await open(t, size);
    await classifier.useStorage(storage);
    const { embeddings, labels } = clouds(size, 40);
    const ids = await classifier.addExamples(embeddings, labels);
    const map = await classifier.map();
    assert.deepEqual(map.ids, ids);
    assert.equal(map.points.length, 2 * ids.length);
    assert.ok(map.explained[0] >= map.explained[1] && map.explained[0] + map.explained[1] <= 1);
    for (let i = 0; i < 30; i++)
      for (let j = 0; j < i; j++) {
        const apart = distance(map.points, i, j);
        if (i % 3 === j % 3) assert.ok(apart < 0.5, `${i} and ${j} of one class: ${apart}`);
        else assert.ok(apart > 0.7, `${i} and ${j} of two classes: ${apart}`);
      }
    // Only the direction of an embedding counts.
    const place = await classifier.mapPoint(embeddings.slice(0, size).map((value) => 7 * value));
    for (const axis of [0, 1]) assert.ok(Math.abs(place[axis] - map.points[axis]) < 0.01);
  });
}

test('a map follows the examples, and points move little', async (t) => {
  const size = 64;
  const classifier = await open(t, size);
  assert.deepEqual(await classifier.map(), { ids: [], points: new Float32Array(), explained: [0, 0] });
  const one = clouds(size, 1);
  assert.equal(await classifier.mapPoint(one.embeddings.slice(0, size)), null);
  await classifier.addExample(one.embeddings.slice(0, size), 'a');
  assert.deepEqual(await classifier.map(), { ids: [0], points: Float32Array.of(0, 0), explained: [0, 0] });

  const { embeddings, labels } = clouds(size, 20);
  await classifier.addExamples(embeddings, labels);
  const before = await classifier.map();
  await classifier.removeExample(5);
  const more = clouds(size, 3);
  await classifier.addExamples(more.embeddings, more.labels);
  const after = await classifier.map();
  assert.ok(!after.ids.includes(5));
  for (const [index, id] of after.ids.entries()) {
    const at = before.ids.indexOf(id);
    if (at < 0) continue;
    const moved = Math.hypot(
      before.points[2 * at] - after.points[2 * index],
      before.points[2 * at + 1] - after.points[2 * index + 1],
    );
    assert.ok(moved < 0.1, `example ${id} moved by ${moved}`);
  }
  await classifier.clear();
  assert.deepEqual((await classifier.map()).ids, []);
  assert.equal(await classifier.mapPoint(more.embeddings.slice(0, size)), null);
});

test('a map of 10,000 examples takes a bounded time', async (t) => {
  const size = 512;
  const classifier = await open(t, size);
  await classifier.useStorage('i8');
  const { embeddings, labels } = clouds(size, 400);
  for (let added = 0; added < 10_000; added += labels.length) await classifier.addExamples(embeddings, labels);
  const times = [];
  for (let i = 0; i < 3; i++) {
    const start = performance.now();
    const { ids } = await classifier.map();
    times.push(performance.now() - start);
    assert.equal(ids.length, 10_800);
  }
  t.diagnostic(`ms: ${times.map(Math.round).join(', ')}`);
  // The limit is generous, because other tests may run meanwhile.
  assert.ok(Math.min(...times) < 2000, times.join());
});
