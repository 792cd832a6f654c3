// Examples in the real module: adding, editing, saving and loading.

import assert from 'node:assert/strict';
import { openEngines } from '../support/engines.mjs';
import { openPage } from '../support/open-page.mjs';

const { everyEngine } = openEngines();

/** Runs in the page. Adds random embeddings to three classes, saves and loads them in several ways, and returns what to compare. */
async function saveAndLoad({ variant, storage }) {
  const { load } = await import('/lib/index.js');
  const open = () => load({ model: '/models/default.json', variant });
  const first = await open();
  await first.useStorage(storage);
  const size = first.model.embeddingSize;
  let state = 7;
  const random = () => (state = (state * 48271) % 2147483647) / 2147483647;
  const vectors = (count) => Float32Array.from({ length: count * size }, random);
  const labels = Array.from({ length: 300 }, (_, index) => ['__proto__', 'b', ''][index % 3]);
  const ids = await first.addExamples(vectors(300), labels);
  await first.removeExample(ids[5]);
  await first.enableClass('b', false);
  const queries = vectors(5);
  const options = { rule: 'neighbours', k: 10, weighting: 'similarity', temperature: 0.1 };
  const answers = async (classifier) =>
    (await classifier.predictMany(queries, options)).map((each) => ({
      ...each,
      confidences: Object.entries(each.confidences),
    }));
  const before = await answers(first);
  const single = await first.predict(queries.slice(0, size), options);
  const thumbnails = [{ id: ids[7], bytes: Uint8Array.of(1, 2, 3) }];
  const file = await first.saveDataset({ thumbnails });
  const review = await first.review({ maxExamples: 50 });

  const second = await open();
  await second.addExamples(vectors(1), ['before']);
  const bytes = new Uint8Array(await file.arrayBuffer());
  const damaged = bytes.slice();
  damaged[bytes.length >> 1] ^= 1;
  const refused = await second.loadDataset(damaged).catch(({ code, message }) => ({ code, message }));
  const kept = Object.entries(await second.counts());
  const loadedThumbnails = await second.loadDataset(file.stream());
  const after = await answers(second);
  const savedAgain = new Uint8Array(await (await second.saveDataset({ thumbnails })).arrayBuffer());
  const same = savedAgain.length === bytes.length && savedAgain.every((byte, index) => byte === bytes[index]);
  await second.importJson(await first.exportJson());
  const fromJson = await answers(second);
  const undone = [await first.undo(), (await first.exampleIds(labels[5])).includes(ids[5])];
  const { exampleBytes } = await first.info();
  first.dispose();
  second.dispose();
  return {
    size,
    before,
    single: single.neighbours,
    review,
    refused,
    kept,
    after,
    same,
    loadedThumbnails: loadedThumbnails.map(({ id, bytes: each }) => [id, ...each]),
    thumbnailId: ids[7],
    fromJson,
    undone,
    exampleBytes,
  };
}

everyEngine(
  'several threads find the same neighbours as one thread, in more rows than a thread takes at once',
  {
    timeout: 120_000,
  },
  async (t, browser) => {
    const { page } = await openPage(t, browser, { path: 'pages/blank.html' });
    const answers = await page.evaluate(async () => {
      const { loadKnn } = await import('/lib/knn.js');
      const [size, count] = [300, 3500];
      let state = 7;
      const random = () => (state = (state * 48271) % 2147483647) / 2147483647 - 0.5;
      const rows = Float32Array.from({ length: count * size }, random);
      const labels = Array.from({ length: count }, (_, i) => 'abc'[i % 3]);
      const answers = [];
      for (const [variant, threads] of [
        ['simd', 1],
        ['simd-threads', 3],
      ]) {
        for (const storage of ['f32', 'i16', 'i8']) {
          const classifier = await loadKnn({ embeddingSize: size, variant, threads });
          await classifier.useStorage(storage);
          await classifier.addExamples(rows, labels);
          const predictions = await classifier.predictMany(rows.slice(0, 20 * size), { k: 10 });
          const single = await classifier.predict(rows.slice(0, size), { k: 10 });
          answers.push({
            threads: (await classifier.info()).threads,
            found: [...predictions, single].map(({ neighbours }) => neighbours),
          });
          classifier.dispose();
        }
      }
      return answers;
    });
    assert.deepEqual(
      answers.map(({ threads }) => threads),
      [1, 1, 1, 3, 3, 3],
    );
    for (let i = 0; i < 3; i++) assert.deepEqual(answers[i + 3].found, answers[i].found);
  },
);

for (const [chosen, storage] of [
  ['simd', 'f32'],
  ['relaxed', 'i8'],
  ['simd-threads', 'i16'],
]) {
  everyEngine(
    `a data set gives the same predictions after saving and loading (${chosen}, ${storage})`,
    {
      timeout: 120_000,
    },
    async (t, browser, engine) => {
      // WebKit has no relaxed SIMD.
      const variant = engine === 'WebKit' && chosen === 'relaxed' ? 'simd' : chosen;
      const { page } = await openPage(t, browser, { path: 'pages/blank.html' });
      const result = await page.evaluate(saveAndLoad, { variant, storage });
      assert.deepEqual(result.after, result.before);
      assert.deepEqual(result.single, result.before[0].neighbours);
      assert.equal(result.single.length, 10);
      assert.equal(
        result.single.some(({ label }) => label === 'b'),
        false,
      );
      assert.equal(result.same, true, 'a loaded data set is saved as the same file');
      assert.equal(result.refused.code, 'bad-dataset');
      assert.deepEqual(result.kept, [['before', 1]]);
      assert.deepEqual(result.loadedThumbnails, [[result.thumbnailId, 1, 2, 3]]);
      assert.deepEqual(
        result.fromJson.map(({ label }) => label),
        result.before.map(({ label }) => label),
      );
      assert.deepEqual(result.undone, [true, true]);
      assert.equal(result.review.tested, 50);
      const bytes = { f32: 4, i16: 2, i8: 1 }[storage];
      assert.ok(result.exampleBytes < 1.5 * 320 * bytes * result.size, `${result.exampleBytes} bytes`);
    },
  );
}
