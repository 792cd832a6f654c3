// The demo page by mouse, by keyboard and by files, with the real module and Chromium's fake camera.

import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { openBrowser, openPage } from '../support/open-page.mjs';
import {
  breakWorker,
  countOf,
  makePicture,
  openReady as openReadyIn,
  startCamera,
  untilCameraIsLive,
  untilCount,
  untilCountAtLeast,
  untilFrames,
} from './demo-page.mjs';

let browser;

before(async () => {
  browser = await openBrowser();
});

after(() => browser.close());

const openReady = (t, options) => openReadyIn(t, browser, options);

/** Frames that are more than enough to show an example that should not be added. */
const manyFrames = 10;

test('the page loads, shows what runs, and does not ask for the camera', async (t) => {
  const { page } = await openReady(t);
  assert.match(await page.getByTestId('variant').textContent(), /SIMD, \d threads?/);
  assert.match(await page.getByTestId('network').textContent(), /^Network: /);
  assert.equal(await page.evaluate(() => document.getElementById('video').srcObject), null);
  assert.equal(await page.getByTestId('alert').isVisible(), false);
});

test('a button records while it is held', async (t) => {
  const { page } = await openReady(t);
  await startCamera(page);
  await page.getByTestId('record-1').hover();
  await page.mouse.down();
  await untilCountAtLeast(page, 1, 2);
  // The pointer may leave the button while it holds.
  await page.mouse.move(5, 5);
  await untilCountAtLeast(page, 1, (await countOf(page, 1)) + 2);
  await page.mouse.up();
  // A frame that is being handled at the release is still added.
  await untilFrames(page, manyFrames);
  const count = await countOf(page, 1);
  await untilFrames(page, manyFrames);
  assert.equal(await countOf(page, 1), count);
  assert.match(await page.getByTestId('prediction').textContent(), /Class 1\s+100 %/);
  assert.equal(await page.getByTestId('bar-1').getAttribute('aria-valuenow'), '100');
  assert.match(await page.getByTestId('frame-ms').textContent(), /[\d.]+ ms per frame/);
});

test('the keyboard starts the camera and records', { timeout: 60_000 }, async (t) => {
  const { page } = await openReady(t);
  await page.getByTestId('start-camera').focus();
  await page.keyboard.press('Enter');
  await untilCameraIsLive(page);
  for (const key of ['Space', 'Enter']) {
    const before = await countOf(page, 2);
    await page.getByTestId('record-2').focus();
    await page.keyboard.down(key);
    assert.equal(await page.getByTestId('record-2').getAttribute('aria-pressed'), 'true');
    await untilCountAtLeast(page, 2, before + 1);
    await page.keyboard.up(key);
  }
  await page.keyboard.down('3');
  await untilCountAtLeast(page, 3, 1);
  await page.keyboard.up('3');
  await untilFrames(page, manyFrames);
  const count = await countOf(page, 3);
  await page.keyboard.press('3');
  await untilCountAtLeast(page, 3, count + 1);
  await untilFrames(page, manyFrames);
  assert.equal(await countOf(page, 3), count + 1, 'a tap adds one example');
});

test('digits typed into a name record nothing, and the new name appears at once', async (t) => {
  const { page } = await openReady(t);
  await page.getByTestId('files-1').setInputFiles(await makePicture(page, 'blue', 'disc'));
  await untilCount(page, 1, 1);
  await page.getByTestId('test-file').setInputFiles(await makePicture(page, 'blue', 'disc'));
  await page.getByTestId('prediction').filter({ hasText: 'Class 1' }).waitFor();
  await page.getByTestId('name-1').fill('');
  await page.getByTestId('name-1').pressSequentially('Number 1');
  await page.getByTestId('prediction').filter({ hasText: 'Number 1' }).waitFor();
  assert.equal(await countOf(page, 1), 1);
});

test('without a camera, pictures teach classes, are tested, and are removed', async (t) => {
  const { page } = await openReady(t);
  const blue = await makePicture(page, 'navy', 'disc');
  const red = await makePicture(page, 'darkred', 'bar');
  const text = { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('no picture') };
  await page.getByTestId('files-1').setInputFiles([blue, text]);
  await page.getByTestId('status').filter({ hasText: 'Added 1 of 2 pictures to Class 1' }).waitFor();
  assert.match(await page.getByTestId('alert').textContent(), /notes\.txt: /);
  await page.getByTestId('files-2').setInputFiles(red);
  await page.getByTestId('status').filter({ hasText: 'Added 1 of 1 picture to Class 2' }).waitFor();
  await page.getByTestId('test-file').setInputFiles(red);
  await page.getByTestId('prediction').filter({ hasText: 'Class 2' }).waitFor();
  await page.getByTestId('test-file').setInputFiles(blue);
  await page.getByTestId('prediction').filter({ hasText: 'Class 1' }).waitFor();
  await page.getByTestId('record-1').click();
  await untilCount(page, 1, 2);
  await page.getByTestId('clear-1').click();
  await page.getByTestId('prediction').filter({ hasText: 'Class 2' }).waitFor();
  assert.equal(await countOf(page, 1), 0);
});

test('after a worker failure the engine restarts with all examples', async (t) => {
  const { page } = await openReady(t);
  await page.getByTestId('files-1').setInputFiles(await makePicture(page, 'navy', 'disc'));
  await untilCount(page, 1, 1);
  await breakWorker(page);
  await page.getByTestId('test-file').setInputFiles(await makePicture(page, 'navy', 'disc'));
  await page.getByTestId('alert').filter({ hasText: 'started again' }).waitFor();
  await page.getByTestId('prediction').filter({ hasText: 'Class 1' }).waitFor({ timeout: 30_000 });
  assert.equal(await countOf(page, 1), 1);
});

test('a camera error is explained, and pictures still work', async (t) => {
  for (const [name, words] of [
    ['NotAllowedError', /blocked/],
    ['NotFoundError', /No camera/],
    ['NotReadableError', /busy/],
  ]) {
    const { page } = await openReady(t);
    await page.evaluate((name) => {
      navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('made to fail', name));
    }, name);
    await page.getByTestId('start-camera').click();
    await page.locator('#camera-headline').filter({ hasText: words }).waitFor();
    await page.getByTestId('files-1').setInputFiles(await makePicture(page, 'navy', 'disc'));
    await untilCount(page, 1, 1);
  }
});

test('a missing model file causes an alert that names the file', async (t) => {
  const { page } = await openPage(t, browser, { path: '?model=./models/missing.json' });
  await page
    .getByTestId('alert')
    .filter({ hasText: /missing\.json answered 404/ })
    .waitFor();
});

test('the variant in the address is used', async (t) => {
  const { page } = await openReady(t, { path: '?variant=simd' });
  assert.equal(await page.getByTestId('variant').getAttribute('data-variant'), 'simd');
});

test('on a phone, nothing is wider than the screen and all controls are at least 44 pixels big', async (t) => {
  const { page } = await openReady(t, {
    context: { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true },
  });
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
  const small = await page.evaluate(() =>
    [...document.querySelectorAll('button, .button, input[type=text], summary')]
      .filter((each) => each.offsetParent && (each.offsetWidth < 44 || each.offsetHeight < 44))
      .map((each) => each.outerHTML),
  );
  assert.deepEqual(small, []);
});
