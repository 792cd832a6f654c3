// That threads sleep when nobody asks for anything. Counted is the time that processors spend for the page, not how fast they are.

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

/** Seconds of processors that all pages with their workers and threads have taken so far. */
async function spent() {
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  return processInfo.filter(({ type }) => type === 'renderer').reduce((sum, { cpuTime }) => sum + cpuTime, 0);
}

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Runs in the page: four threads, which have work at the network and at each prediction. */
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
  test(`${variant}: threads that wait for the next call take no processor`, { timeout: 120_000 }, async (t) => {
    const { page } = await openPage(t, browser, { path: 'pages/blank.html' });
    assert.equal(await page.evaluate(start, variant), 4);
    const picture = { data: [...new Uint8Array(64 * 64 * 4)], width: 64, height: 64 };
    const work = {
      predictions: () => page.evaluate(() => classifier.predict(query)),
      frames: () =>
        page.evaluate(({ data, ...size }) => classifier.observe({ data: Uint8Array.from(data), ...size }), picture),
    };
    for (const [what, once] of Object.entries(work)) {
      // Until it shows, so that what is counted is known to be counted.
      for (const start = await spent(); (await spent()) === start; ) await once();
      // What the browser itself puts off until it has time.
      await wait(500);
      const before = await spent();
      await wait(2000);
      const idle = (await spent()) - before;
      t.diagnostic(`${what}: ${(1000 * idle).toFixed(0)} ms of processors in 2 s`);
      // Of four threads, one that goes on would take 2000.
      assert.ok(idle < 0.2, `after ${what}, ${idle} s of processors in 2 s`);
    }
  });
}
