// Threads must not use the processor between calls. The tests measure the processor time of the page over two idle seconds.

import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { openBrowser, openPage } from '../support/open-page.mjs';

let browser;
let session;

before(async () => {
  browser = await openBrowser();
  session = await browser.newBrowserCDPSession();
});

after(() => browser.close());

/** Returns the processor time of all pages so far, including their workers and threads, in seconds. */
async function processorSeconds() {
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  return processInfo.filter(({ type }) => type === 'renderer').reduce((sum, { cpuTime }) => sum + cpuTime, 0);
}

/** Waits for a fixed time. Here, time itself is measured. */
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Runs in the page. Loads a classifier with four threads, and adds so many examples that predictions use the threads, too. Returns the number of threads. */
async function startThreads(variant) {
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
  test(`${variant}: threads that wait for the next call use no processor time`, { timeout: 120_000 }, async (t) => {
    const { page } = await openPage(t, browser, { path: 'pages/blank.html' });
    assert.equal(await page.evaluate(startThreads, variant), 4);
    const picture = { data: [...new Uint8Array(64 * 64 * 4)], width: 64, height: 64 };
    const work = {
      predictions: () => page.evaluate(() => classifier.predict(query)),
      frames: () =>
        page.evaluate(({ data, ...size }) => classifier.observe({ data: Uint8Array.from(data), ...size }), picture),
    };
    for (const [name, runOnce] of Object.entries(work)) {
      // Works until the measured time grows, which shows that the measurement covers these threads.
      for (const start = await processorSeconds(); (await processorSeconds()) === start; ) await runOnce();
      // The browser does deferred work of its own in this time.
      await wait(500);
      const before = await processorSeconds();
      await wait(2000);
      const idle = (await processorSeconds()) - before;
      t.diagnostic(`after ${name}: ${(1000 * idle).toFixed(0)} ms of processor time in 2 s`);
      // One thread that keeps running would use 2 s.
      assert.ok(idle < 0.2, `after ${name}, the idle page used ${idle} s of processor time in 2 s; the limit is 0.2 s`);
    }
  });
}
