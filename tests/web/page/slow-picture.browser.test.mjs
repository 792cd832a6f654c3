// Pictures that take long to decode, in real browsers: the worker that decodes them ends, and the classifier goes on.

import assert from 'node:assert/strict';
import test from 'node:test';
import { jpegWithScans } from '../support/draw.mjs';
import { openFirefox } from '../support/firefox.mjs';
import { openBrowser, openPage } from '../support/open-page.mjs';

/** Runs in the page. Teaches one picture, aborts slow ones, and returns what the classifier says then. */
async function abortSlowPictures({ endless, slow }) {
  const fromBase64 = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const { load } = await import('/lib/index.js');
  const classifier = await load({ variant: 'simd' });
  const data = new Uint8Array(96 * 96 * 4).map((_, i) => (i * 7) & 255);
  await classifier.addExample({ data, width: 96, height: 96 }, 'a');
  const codes = [];
  const times = [performance.now()];
  // The worker itself rejects the first call. It could not do so while it decodes, and would teach the picture.
  for (const ask of [
    (signal) => classifier.addExample(fromBase64(endless), 'b', { signal }),
    (signal) => classifier.embed(fromBase64(endless), { signal }),
  ]) {
    codes.push(await ask(AbortSignal.timeout(300)).catch(({ code }) => code));
    times.push(performance.now());
  }
  const { label } = await classifier.predict({ data, width: 96, height: 96 });
  times.push(performance.now());
  const steps = times.slice(1).map((time, index) => time - times[index]);
  const { length } = await classifier.embed(fromBase64(slow));
  const counts = { ...(await classifier.counts()) };
  const { embeddingSize } = classifier;
  classifier.dispose();
  return { codes, label, steps, counts, length, embeddingSize };
}

for (const [name, open] of Object.entries({ Chromium: openBrowser, Firefox: openFirefox })) {
  test(`an abort ends the decoding of a slow picture, and nothing else: ${name}`, { timeout: 300_000 }, async (t) => {
    const browser = await open();
    t.after(() => browser.close());
    const { page } = await openPage(t, browser, { path: 'pages/blank.html' });
    const { steps, length, embeddingSize, ...rest } = await page.evaluate(abortSlowPictures, {
      endless: jpegWithScans(1000, 1000, 1490).toString('base64'),
      slow: jpegWithScans(1000, 1000, 70).toString('base64'),
    });
    assert.deepEqual(rest, { codes: ['aborted', 'aborted'], label: 'a', counts: { a: 1 } });
    // Otherwise each of the two would end at the deadline, after 20 seconds.
    t.diagnostic(`${steps.map(Math.round).join(' + ')} ms`);
    assert.ok(steps.reduce((sum, each) => sum + each) < 20_000, `${steps} ms`);
    assert.equal(length, embeddingSize);
  });
}
