// A visitor leaves the demo page on with the camera running, and does something now and then. Memory, nodes, listeners, workers and
// handles must not grow, and frames must go on. In full, this takes 30 minutes.

import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import {
  countOf,
  makePicture,
  openGallery,
  openReady,
  startCamera,
  teach,
  untilCameraIsLive,
  untilCount,
  untilCountAtLeast,
  untilSaved,
} from '../demo/demo-page.mjs';
import { openBrowser } from '../support/open-page.mjs';
import { measurePage, serveWatched, watchPage } from '../support/page-holdings.mjs';
import { fullSoak } from '../support/soak.mjs';

/**
 * Runs by name. With threads, the module starts with memory for a whole visit, so its size says little; in full, a run without
 * threads shows how it grows. `seconds`: the length of the run.
 */
const runs = fullSoak
  ? { 'by default': { path: '', seconds: 1800 }, 'without threads': { path: '?variant=relaxed', seconds: 600 } }
  : { 'by default': { path: '', seconds: 40 } };
/** Time before the first measurement. Compilers and caches settle, and the visitor does everything at least once. */
const warmUpSeconds = fullSoak ? 60 : 13;
/** Number of recognised frames after each thing that the visitor does. */
const pauseFrames = fullSoak ? 100 : 10;
/** Time in milliseconds after which a state is awaited in vain. Other work may slow the machine down for a part of 30 minutes. */
const patience = 120_000;
const kilobyte = 2 ** 10;
const megabyte = 2 ** 20;

/**
 * Limits of the growth between the first and the last third of the measurements, each by its median. A leak in each frame exceeds
 * them many times, and one in each of the visitor's actions exceeds them in full.
 */
const maxGrowth = {
  module: 0,
  examples: kilobyte,
  tracks: 0,
  urls: 0,
  records: 0,
  workers: 0,
  documents: 0,
  listeners: 5,
  // The explanation shows more or fewer neighbours from frame to frame.
  nodes: 50,
  handles: 10,
  // Engines go on compiling code for minutes. A leak of ten bytes in each frame is more in the full run.
  pageHeap: (fullSoak ? 256 : 2048) * kilobyte,
  workerHeap: (fullSoak ? 256 : 2048) * kilobyte,
  process: 64 * megabyte,
};

let browser;

before(async () => {
  // More frames than the network recognises. A free worker gets the next one at once.
  browser = await openBrowser({ args: ['--use-fake-device-for-media-stream=fps=60'] });
});

after(() => browser.close());

/** Waits until the page has recognised `count` more frames, ten at a time. So the timeout is that of ten frames. */
async function untilRecognised(page, count) {
  for (let done = 0; done < count; done += 10) {
    const end = (await page.evaluate(() => watched.frameCount)) + Math.min(10, count - done);
    await page.waitForFunction((end) => watched.frameCount >= end, end);
  }
}

/** Records a class from the camera until it has ten examples. */
async function record(page, slot) {
  await page.keyboard.down(String(slot));
  await untilCountAtLeast(page, slot, 10);
  await page.keyboard.up(String(slot));
}

/** Undoes the change with this description, as soon as it is the last one. */
async function undo(page, description) {
  await page.locator(`#undo[title="Undo: ${description}"]`).click();
}

async function setHidden(page, isHidden) {
  await page.evaluate((isHidden) => {
    // A tab without a window is always visible, so the page is told that it is not.
    if (isHidden) Object.defineProperty(document, 'hidden', { value: true, configurable: true });
    else delete document.hidden;
    document.dispatchEvent(new Event('visibilitychange'));
  }, isHidden);
}

/** What the visitor does. The page is the same afterwards. */
const actions = {
  async 'teach an example and undo it'(page) {
    const count = await countOf(page, 1);
    await page.keyboard.press('1');
    await untilCountAtLeast(page, 1, count + 1);
    await page.getByTestId('undo').click();
    await untilCount(page, 1, count);
  },
  async 'rename a class and undo it'(page) {
    await page.getByTestId('name-2').fill('Renamed');
    await page.getByTestId('name-2').press('Enter');
    await undo(page, 'new name Renamed');
    await page.waitForFunction(() => document.querySelector('[data-testid=name-2]').value === 'Class 2');
  },
  async 'stop the camera and start it'(page) {
    await page.getByTestId('stop-camera').click();
    await page.locator('#preview[data-kind=none]').waitFor();
    await startCamera(page);
  },
  async 'hide the tab and show it'(page) {
    await setHidden(page, true);
    await page.evaluate(
      () => new Promise((resolve) => document.getElementById('video').requestVideoFrameCallback(resolve)),
    );
    await setHidden(page, false);
  },
  async 'add a class and undo it'(page) {
    await page.getByTestId('add-class').click();
    await page.getByTestId('record-4').waitFor();
    await undo(page, 'new class Class 4');
    await page.getByTestId('record-4').waitFor({ state: 'detached' });
  },
  async 'open and close a gallery'(page) {
    await openGallery(page, 1);
    await page.getByTestId('thumbnails-1').click();
    await page.getByTestId('gallery-1').waitFor({ state: 'hidden' });
  },
  async 'test a picture'(page, picture) {
    await page.getByTestId('test-file').setInputFiles(picture);
    await page.locator('#preview[data-kind=picture]').waitFor();
    await page.getByTestId('back-to-camera').click();
    await untilCameraIsLive(page);
  },
};

for (const [name, { path, seconds }] of Object.entries(runs))
  test(
    `the page recognises the camera for ${seconds} seconds, ${name}`,
    { timeout: 2 * seconds * 1000 + 600_000 },
    (t) => leaveOn(t, path, seconds),
  );

async function leaveOn(t, path, seconds) {
  const { page } = await openReady(t, browser, { path, init: watchPage, serving: { before: serveWatched } });
  page.setDefaultTimeout(patience);
  const errors = [];
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  const picture = await makePicture(page, 'navy', 'disc');
  await teach(page, 3, [picture, await makePicture(page, 'darkred', 'bar')]);
  await startCamera(page);
  await record(page, 1);
  await record(page, 2);
  const measure = await measurePage(browser, page);
  const samples = [];
  const acts = Object.values(actions);
  const started = performance.now();
  const elapsed = () => (performance.now() - started) / 1000;
  let round = 0;
  // A slow machine does everything at least twice.
  for (; elapsed() < seconds || samples.length < acts.length; round++) {
    await acts[round % acts.length](page, picture);
    await untilRecognised(page, pauseFrames);
    await untilSaved(page);
    const sample = await measure();
    if (elapsed() >= warmUpSeconds && round >= acts.length) samples.push(sample);
  }
  await page.getByTestId('prediction').waitFor();
  assert.equal(await page.getByTestId('alert').isVisible(), false);
  assert.deepEqual(errors, []);

  const third = Math.floor(samples.length / 3);
  const [first, last] = [samples.slice(0, third), samples.slice(-third)];
  const frameCount = await page.evaluate(() => watched.frameCount);
  t.diagnostic(`trust: ${frameCount} frames`);
  t.diagnostic(`${round} actions in ${elapsed().toFixed(0)} s, ${samples.length} measurements`);
  describeTimes(t, first, last);
  assertFlat(t, first, last);
  // The module's memory never shrinks, so its last size is its greatest.
  assert.equal(samples.at(-1).holdings.module, samples[0].holdings.module);
  assert.equal(samples.at(-1).holdings.tracks, 1);
}

/** Returns a quantile of numbers, 0-1. */
function quantile(numbers, fraction) {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(fraction * sorted.length))];
}

function describeTimes(t, ...thirds) {
  const parts = ['pixels', 'network', 'answer', 'whole call'];
  for (const [index, part] of parts.entries()) {
    const texts = thirds.map((samples) => {
      const times = samples.flatMap(({ frames }) => frames.map((each) => each[index]));
      return [0.5, 0.99].map((fraction) => quantile(times, fraction).toFixed(1)).join(' and ');
    });
    t.diagnostic(`${part}, p50 and p99: first third ${texts[0]} ms, last third ${texts[1]} ms`);
  }
}

function assertFlat(t, first, last) {
  const grown = [];
  for (const [name, limit] of Object.entries(maxGrowth)) {
    const [before, after] = [first, last].map((samples) =>
      quantile(
        samples.map(({ holdings }) => holdings[name]),
        0.5,
      ),
    );
    t.diagnostic(`${name}: first third ${before}, last third ${after}`);
    // Where the system does not report a size, it is NaN.
    if (after - before > limit) grown.push(`${name} grew from ${before} to ${after}; the limit is ${limit} more`);
  }
  assert.deepEqual(grown, []);
}
