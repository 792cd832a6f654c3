// The memory of threaded modules: it starts small and grows with the examples, while threads run. In WebKit its size is fixed.

import assert from 'node:assert/strict';
import { openEngines } from '../support/engines.mjs';
import { openFirefox } from '../support/firefox.mjs';
import { openBrowser, openPage } from '../support/open-page.mjs';
import { openWebKit } from '../support/webkit.mjs';

const { everyEngine } = openEngines({ Chromium: openBrowser, Firefox: openFirefox, WebKit: openWebKit });

/** Runs in the page. Fills memory with examples, and observes pictures in between. */
async function teachMany(count) {
  const { load } = await import('/lib/index.js');
  const classifier = await load({ threads: 2 });
  const data = Uint8Array.from({ length: 96 * 96 * 4 }, (_, i) => (i * 7) & 255);
  const picture = { data, width: 96, height: 96 };
  const first = await classifier.embed(picture);
  const memory = async () => {
    const { heapBytes, usedBytes, exampleBytes, threads, variant } = await classifier.info();
    return { heapBytes, usedBytes, exampleBytes, threads, variant };
  };
  const before = await memory();
  const batch = 500;
  const size = classifier.embeddingSize;
  let same = true;
  for (let start = 0; start < count; start += batch) {
    // All rows differ in one number from those of the same label.
    const rows = Float32Array.from({ length: batch * size }, (_, i) =>
      ((i % size) % 2 === (i / size) % 2) | 0 ? 1 : 0.1,
    );
    for (let row = 0; row < batch; row++) rows[row * size + ((start + row) % size)] += 0.5;
    const labels = Array.from({ length: batch }, (_, row) => (row % 2 ? 'odd' : 'even'));
    await classifier.addExamples(rows, labels);
    const embedding = await classifier.embed(picture);
    same &&= embedding.every((value, at) => value === first[at]);
  }
  await classifier.addExample(picture, 'picture');
  const { label, neighbours } = await classifier.predict(picture, { rule: 'neighbours', k: 1 });
  const counts = { ...(await classifier.counts()) };
  const after = await memory();
  classifier.dispose();
  return { same, label, similarity: neighbours[0].similarity, counts, before, after };
}

everyEngine(
  'the memory of a module with threads holds many examples',
  { timeout: 180_000 },
  async (t, browser, engine) => {
    const { page } = await openPage(t, browser, { path: 'pages/blank.html' });
    const { same, label, similarity, counts, before, after } = await page.evaluate(teachMany, 8000);
    t.diagnostic(JSON.stringify({ before, after }));
    assert.match(after.variant, /-threads$/);
    assert.ok(same, 'the network computes as before');
    assert.equal(label, 'picture');
    assert.ok(similarity > 0.9999);
    assert.deepEqual(counts, { even: 4000, odd: 4000, picture: 1 });
    for (const { heapBytes, usedBytes } of [before, after]) assert.ok(usedBytes > 0 && usedBytes <= heapBytes);
    assert.ok(after.usedBytes > after.exampleBytes);
    if (engine === 'WebKit') {
      assert.equal(before.heapBytes, 256 << 20);
      assert.equal(after.heapBytes, before.heapBytes);
    } else {
      // The packaged network takes 12 MB; others may take more.
      assert.ok(before.heapBytes < 64 << 20, `${before.heapBytes} bytes at first`);
      assert.ok(after.heapBytes > before.heapBytes && after.heapBytes > after.exampleBytes);
    }
  },
);
