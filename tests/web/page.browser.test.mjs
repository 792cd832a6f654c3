// The page as people use it: by mouse, by keyboard, by files; with the real module and Chromium's fake camera.

import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { countOf, makePicture, openReady as openReadyIn } from './demo-page.mjs';
import { openBrowser, openPage } from './open-page.mjs';

let browser;

before(async () => {
  browser = await openBrowser();
});

after(() => browser.close());

const openReady = (t, options) => openReadyIn(t, browser, options);

async function startCamera(page) {
  await page.getByTestId('start-camera').click();
  await page.locator('#stage[data-source=camera]').waitFor();
}

/** Waits until a class has more than `count` examples; the test's timeout ends the wait. */
async function untilMore(page, number, count) {
  while ((await countOf(page, number)) <= count)
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)));
}

test('the page loads, says what runs and asks for no camera', async (t) => {
  const { page } = await openReady(t);
  assert.match(await page.getByTestId('variant').textContent(), /SIMD, \d threads?/);
  assert.match(await page.getByTestId('backbone').textContent(), /^Network: /);
  assert.equal(await page.evaluate(() => document.getElementById('video').srcObject), null);
  assert.equal(await page.getByTestId('alert').isVisible(), false);
});

test('holding a button records, letting go ends it', async (t) => {
  const { page } = await openReady(t);
  await startCamera(page);
  await page.getByTestId('record-1').hover();
  await page.mouse.down();
  await page.waitForTimeout(500);
  // The pointer may leave the button while it holds.
  await page.mouse.move(5, 5);
  await page.waitForTimeout(300);
  const during = await countOf(page, 1);
  await page.mouse.up();
  await page.waitForTimeout(300);
  const afterwards = await countOf(page, 1);
  await page.waitForTimeout(400);
  assert.ok(during > 1, `${during} examples`);
  assert.equal(await countOf(page, 1), afterwards);
  assert.match(await page.getByTestId('prediction').textContent(), /Class 1\s+100 %/);
  assert.equal(await page.getByTestId('bar-1').getAttribute('aria-valuenow'), '100');
  assert.match(await page.getByTestId('frame-ms').textContent(), /[\d.]+ ms per frame/);
});

test('the keyboard does all of it', { timeout: 60_000 }, async (t) => {
  const { page } = await openReady(t);
  await page.getByTestId('start-camera').focus();
  await page.keyboard.press('Enter');
  await page.locator('#stage[data-source=camera]').waitFor();
  for (const key of ['Space', 'Enter']) {
    const before = await countOf(page, 2);
    await page.getByTestId('record-2').focus();
    await page.keyboard.down(key);
    assert.equal(await page.getByTestId('record-2').getAttribute('aria-pressed'), 'true');
    await untilMore(page, 2, before);
    await page.keyboard.up(key);
  }
  await page.keyboard.down('3');
  await untilMore(page, 3, 0);
  await page.keyboard.up('3');
  await page.waitForTimeout(300);
  const counted = await countOf(page, 3);
  await page.keyboard.press('3');
  await untilMore(page, 3, counted);
  // A second one would come within this time, if it came.
  await page.waitForTimeout(300);
  assert.equal(await countOf(page, 3), counted + 1, 'a tap adds one');
});

test('typing digits in a name records nothing, and a new name is shown at once', async (t) => {
  const { page } = await openReady(t);
  await page.getByTestId('files-1').setInputFiles(await makePicture(page, 'blue', 'disc'));
  await page.getByTestId('count-1').filter({ hasText: '1 example' }).waitFor();
  await page.getByTestId('test-file').setInputFiles(await makePicture(page, 'blue', 'disc'));
  await page.getByTestId('prediction').filter({ hasText: 'Class 1' }).waitFor();
  await page.getByTestId('name-1').fill('');
  await page.getByTestId('name-1').pressSequentially('Number 1');
  await page.getByTestId('prediction').filter({ hasText: 'Number 1' }).waitFor();
  assert.equal(await countOf(page, 1), 1);
});

test('without a camera: classes from files, a picture tested, one forgotten', async (t) => {
  const { page } = await openReady(t);
  const blue = await makePicture(page, 'navy', 'disc');
  const red = await makePicture(page, 'darkred', 'bar');
  const text = { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('no picture') };
  await page.getByTestId('files-1').setInputFiles([blue, text]);
  await page.getByTestId('status').filter({ hasText: 'learned from 1 of 2' }).waitFor();
  assert.match(await page.getByTestId('alert').textContent(), /notes\.txt: /);
  await page.getByTestId('files-2').setInputFiles(red);
  await page.getByTestId('status').filter({ hasText: 'learned from 1 of 1' }).waitFor();
  await page.getByTestId('test-file').setInputFiles(red);
  await page.getByTestId('prediction').filter({ hasText: 'Class 2' }).waitFor();
  await page.getByTestId('test-file').setInputFiles(blue);
  await page.getByTestId('prediction').filter({ hasText: 'Class 1' }).waitFor();
  await page.getByTestId('record-1').click();
  await page.getByTestId('count-1').filter({ hasText: '2 examples' }).waitFor();
  await page.getByTestId('forget-1').click();
  await page.getByTestId('prediction').filter({ hasText: 'Class 2' }).waitFor();
  assert.equal(await countOf(page, 1), 0);
});

test('a worker that dies costs no examples', async (t) => {
  const { page } = await openReady(t);
  await page.getByTestId('files-1').setInputFiles(await makePicture(page, 'navy', 'disc'));
  await page.getByTestId('count-1').filter({ hasText: '1 example' }).waitFor();
  const [worker] = page.workers().filter((each) => each.url().endsWith('/worker.js'));
  await worker.evaluate(
    () =>
      void setTimeout(() => {
        throw new Error('made to fail');
      }),
  );
  await page.getByTestId('test-file').setInputFiles(await makePicture(page, 'navy', 'disc'));
  await page.getByTestId('alert').filter({ hasText: 'started again' }).waitFor();
  await page.getByTestId('prediction').filter({ hasText: 'Class 1' }).waitFor({ timeout: 30_000 });
  assert.equal(await countOf(page, 1), 1);
});

test('a camera that is refused is explained, and pictures still work', async (t) => {
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
    await page.locator('#camera-lead').filter({ hasText: words }).waitFor();
    await page.getByTestId('files-1').setInputFiles(await makePicture(page, 'navy', 'disc'));
    await page.getByTestId('count-1').filter({ hasText: '1 example' }).waitFor();
  }
});

test('a model that is not there is one sentence', async (t) => {
  const { page } = await openPage(t, browser, { path: '?model=./models/missing.json' });
  await page
    .getByTestId('alert')
    .filter({ hasText: /missing\.json answered 404/ })
    .waitFor();
});

test('a variant asked for in the address runs', async (t) => {
  const { page } = await openReady(t, { path: '?variant=simd' });
  assert.equal(await page.getByTestId('variant').getAttribute('data-variant'), 'simd');
});

test('on a phone nothing is wider than the screen and all targets can be hit', async (t) => {
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
