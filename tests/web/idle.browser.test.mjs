// Checks that threads sleep between calls. It measures the processor time that the page takes, not speed.

import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { openBrowser, openPage } from './open-page.mjs';

let browser;
let session;

before(async () => {
  browser = await openBrowser();
  session = await browser.newBrowserCDPSession();
});

after(() => browser.close());

/** Returns the processor time, in seconds, that all pages with their workers and threads have taken so far. */
async function processorSeconds() {
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  return processInfo.filter(({ type }) => type === 'renderer').reduce((sum, { cpuTime }) => sum + cpuTime, 0);
}

/** Waits for a time: what this file measures is the processor time within it. */
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Runs in the page. Loads four threads, which share the work of each inference and each prediction. */
async function start(variant) {
  const { load } = await import('/lib/index.js');
  globalThis.classifier = await load({ variant, threads: 4 });
  const size = classifier.embeddingSize;
  const rows = Float32Array.from({ length: 8192 * size }, (_, i) => Math.sin(i * i));
  await classifier.addExamples(
    rows,
    Array.from({ length: 8192 }, (_, i) => i % 3),
  );
  globalThis.query = rows.slice(0, size);
  const { threads } = await classifier.info();
  return threads;
}

for (const variant of ['simd-threads', 'relaxed-threads']) {
  test(`${variant}: threads that wait for the next call take no processor time`, { timeout: 120_000 }, async (t) => {
    const { page } = await openPage(t, browser, { path: 'pages/blank.html' });
    assert.equal(await page.evaluate(start, variant), 4);
    const picture = { data: [...new Uint8Array(64 * 64 * 4)], width: 64, height: 64 };
    const work = {
      predictions: () => page.evaluate(() => classifier.predict(query)),
      frames: () =>
        page.evaluate(({ data, ...size }) => classifier.observe({ data: Uint8Array.from(data), ...size }), picture),
    };
    for (const [what, once] of Object.entries(work)) {
      // Repeats the work until the measured time grows. This shows that the threads are measured.
      for (const start = await processorSeconds(); (await processorSeconds()) === start; ) await once();
      // The browser does deferred work of its own first.
      await wait(500);
      const before = await processorSeconds();
      await wait(2000);
      const idle = (await processorSeconds()) - before;
      t.diagnostic(`${what}: ${(1000 * idle).toFixed(0)} ms of processor time in 2 s`);
      // One of the four threads that does not sleep would take 2 s.
      assert.ok(idle < 0.2, `after ${what}, threads took ${idle} s of processor time in 2 s`);
    }
  });
}
