// The drawn scene of the demo page: three things are taught and recognised without a camera, in every engine.

import assert from 'node:assert/strict';
import { openEngines } from '../support/engines.mjs';
import { openFirefox } from '../support/firefox.mjs';
import { openBrowser, openPage } from '../support/open-page.mjs';
import { openWebKit } from '../support/webkit.mjs';

const { everyEngine } = openEngines({ Chromium: openBrowser, Firefox: openFirefox, WebKit: openWebKit });
const things = ['cup', 'cactus', 'books'];
const examplesPerClass = 6;

/** Runs in the page: shows a thing. */
const showThing = (thing) => document.querySelector(`#things input[value=${thing}]`).click();
/** Runs in the page: presses or releases the record button of a class by its key. */
const pressKey = ([slot, type]) =>
  document
    .querySelector(`[data-testid=record-${slot}]`)
    .dispatchEvent(new KeyboardEvent(type, { key: ' ', bubbles: true, cancelable: true }));

everyEngine('three things of the scene are taught and recognised', { timeout: 120_000 }, async (t, browser) => {
  const { page } = await openPage(t, browser);
  await page.waitForFunction(() => !document.getElementById('dataset-tools').hidden);
  assert.equal(await page.evaluate(() => document.getElementById('use-camera').hidden), true);
  await page.click('[data-testid=start-scene]');
  assert.equal(await page.evaluate(() => document.activeElement.value), 'cup');
  for (const [index, thing] of things.entries()) {
    const slot = index + 1;
    await page.evaluate(showThing, thing);
    await page.evaluate(pressKey, [slot, 'keydown']);
    await page.waitForFunction(
      ([slot, count]) => parseInt(document.querySelector(`[data-testid=count-${slot}]`).textContent, 10) >= count,
      [slot, examplesPerClass],
    );
    await page.evaluate(pressKey, [slot, 'keyup']);
  }
  for (const thing of ['cactus', 'cup', 'books']) {
    await page.evaluate(showThing, thing);
    await page.waitForFunction(
      (label) => document.querySelector('[data-testid=prediction]').textContent.includes(label),
      `Class ${things.indexOf(thing) + 1}`,
    );
  }
  // The examples have pictures, and the row of the class shows them.
  assert.ok(
    await page.evaluate(() => {
      const canvas = document.querySelector('[data-testid=thumbnails-2] canvas');
      return canvas.getContext('2d').getImageData(10, 10, 1, 1).data[3] === 255;
    }),
  );
  await page.click('[data-testid=leave-scene]');
  await page.waitForFunction(() => document.getElementById('preview').dataset.kind === 'none');
  assert.equal(await page.evaluate(() => document.querySelector('[data-testid=prediction]').hidden), true);
  assert.equal(await page.evaluate(() => document.activeElement.id), 'start-scene');
});
