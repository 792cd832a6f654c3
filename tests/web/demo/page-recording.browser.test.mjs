// Recording on the demo page: rate, number, timer, press, zoom, choice of a camera, and hints.

import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { openBrowser } from '../support/open-page.mjs';
import {
  countOf,
  makePicture,
  openReady,
  slotsOf,
  startCamera,
  teach,
  untilCount,
  untilCountAtLeast,
  untilFrames,
  untilReady,
} from './demo-page.mjs';

let browser;

before(async () => {
  browser = await openBrowser({ args: ['--use-fake-device-for-media-stream=device-count=2'] });
});

after(() => browser.close());

/** Opens the recording options and sets some: values of selects and sliders, or true for a checkbox. */
async function setOptions(page, options) {
  const drawer = page.getByTestId('recording-options');
  if ((await drawer.getAttribute('open')) === null) await drawer.locator('summary').click();
  for (const [name, value] of Object.entries(options)) {
    const field = page.getByTestId(`recording-${name}`);
    if (typeof value === 'boolean') await field.setChecked(value);
    else if ((await field.evaluate((each) => each.localName)) === 'select') await field.selectOption(String(value));
    else await field.fill(String(value));
  }
}

const isPressed = (page, slot) => page.getByTestId(`record-${slot}`).getAttribute('aria-pressed');
const untilPressed = (page, slot, pressed) =>
  page.locator(`[data-testid=record-${slot}][aria-pressed=${pressed}]`).waitFor();
const statusOf = (page, words) => page.getByTestId('status').filter({ hasText: words });

test('a recording takes examples at the chosen rate and ends after the chosen number, however long the key is held', async (t) => {
  const { page } = await openReady(t, browser);
  await startCamera(page);
  await setOptions(page, { perSecond: 10, maxExamples: 10 });
  const start = performance.now();
  await page.locator('body').click({ position: { x: 1, y: 1 } });
  await page.keyboard.down('1');
  await untilCount(page, 1, 10);
  const passed = performance.now() - start;
  await untilPressed(page, 1, false);
  await untilFrames(page, 5);
  await page.keyboard.up('1');
  assert.equal(await countOf(page, 1), 10);
  assert.ok(passed >= 800, `ten examples after ${passed} ms`);
  await page.getByTestId('undo').click();
  await untilCount(page, 1, 0);
});

test('"in 3 s, for 2 s": one press counts down over the preview, records and stops; Escape cancels', async (t) => {
  const { page } = await openReady(t, browser);
  await startCamera(page);
  await setOptions(page, { delaySeconds: 3, durationSeconds: 2 });
  await page.getByTestId('record-1').filter({ hasText: 'Press to record' }).click();
  await statusOf(page, 'The recording of Class 1 starts in 3 seconds').waitFor();
  const countdown = page.getByTestId('countdown');
  for (const seconds of ['3', '2', '1']) await countdown.filter({ hasText: seconds }).waitFor();
  assert.equal(await countOf(page, 1), 0);
  await page.locator('.countdown[data-recording]').waitFor();
  await untilPressed(page, 1, false);
  assert.equal(await countdown.isVisible(), false);
  const count = await countOf(page, 1);
  assert.ok(count >= 3, `${count} examples`);
  await page.getByTestId('record-2').click();
  await countdown.filter({ hasText: '3' }).waitFor();
  await page.keyboard.press('Escape');
  await statusOf(page, 'cancelled').waitFor();
  assert.deepEqual(
    [await isPressed(page, 2), await countdown.isVisible(), await countOf(page, 2)],
    ['false', false, 0],
  );
  assert.ok(Math.abs((await countOf(page, 1)) - count) <= 1);
});

test('with "press once", a key or a click starts a recording and the next one ends it; so does a class that is removed', async (t) => {
  const { page } = await openReady(t, browser);
  await startCamera(page);
  await setOptions(page, { toggle: true });
  await page.getByTestId('record-1').focus();
  await page.keyboard.press('1');
  await untilCountAtLeast(page, 1, 3);
  assert.equal(await isPressed(page, 1), 'true');
  await page.keyboard.press('1');
  assert.equal(await isPressed(page, 1), 'false');
  await page.getByTestId('record-2').click();
  await untilCountAtLeast(page, 2, 2);
  // Another class takes over.
  await page.getByTestId('record-3').click();
  assert.deepEqual([await isPressed(page, 2), await isPressed(page, 3)], ['false', 'true']);
  await untilCountAtLeast(page, 3, 2);
  await page.getByTestId('remove-3').click();
  await page.getByTestId('record-3').waitFor({ state: 'detached' });
  await page.getByTestId('undo').click();
  await page.getByTestId('record-3').waitFor();
  await untilFrames(page, 3);
  const count = await countOf(page, 3);
  await untilFrames(page, 3);
  assert.deepEqual([await isPressed(page, 3), await countOf(page, 3)], ['false', count]);
});

test('the zoomed preview moves by drag and by keyboard, and is recorded', async (t) => {
  const { page } = await openReady(t, browser);
  await startCamera(page);
  const record = async (slot) => {
    await page.getByTestId(`record-${slot}`).click();
    await untilCountAtLeast(page, slot, 1);
  };
  await record(1);
  await setOptions(page, { zoom: 4 });
  const sizes = await page.evaluate(() =>
    ['#preview', '#video'].map((each) => document.querySelector(each).getBoundingClientRect().width),
  );
  assert.ok(Math.abs(sizes[1] / sizes[0] - 4) < 0.01, `${sizes}`);
  // By drag, then back by keyboard.
  const preview = page.locator('#preview');
  await preview.scrollIntoViewIfNeeded();
  const { x, y, width } = await preview.boundingBox();
  await page.mouse.move(x + width / 2, y + 30);
  await page.mouse.down();
  await page.mouse.move(x + width / 2 + 80, y + 50, { steps: 4 });
  await page.mouse.up();
  const across = () => page.getByTestId('recording-zoom-x').inputValue().then(Number);
  assert.ok((await across()) < 0.5, 'the part is farther to the left');
  await preview.focus();
  for (let n = 0; n < 20; n++) await page.keyboard.press('ArrowRight');
  assert.equal(await across(), 1);
  for (let n = 0; n < 20; n++) await page.keyboard.press('ArrowUp');
  await record(2);
});

test('another camera and the mirror can be chosen; examples and session stay', async (t) => {
  const { page } = await openReady(t, browser);
  await startCamera(page);
  await page.getByTestId('record-1').click();
  await untilCount(page, 1, 1);
  await setOptions(page, {});
  const select = page.getByTestId('recording-camera');
  await select.locator('option').nth(3).waitFor({ state: 'attached' });
  const names = await select.locator('option').allTextContents();
  assert.deepEqual(names.slice(0, 2), ['Front camera', 'Back camera']);
  const track = () =>
    page.evaluate(() => {
      const [track] = document.getElementById('video').srcObject?.getVideoTracks() ?? [];
      return track?.label;
    });
  for (const name of names.slice(2)) {
    await select.selectOption({ label: name });
    await page.waitForFunction(
      (name) => document.getElementById('video').srcObject?.getVideoTracks()[0].label === name,
      name,
    );
    await untilFrames(page, 2);
    assert.deepEqual([await track(), await countOf(page, 1)], [name, 1]);
  }
  assert.equal(await page.locator('#preview').getAttribute('data-kind'), 'camera');
  const transform = () => page.locator('#video').evaluate((video) => video.style.transform);
  assert.equal(await transform(), 'scaleX(-1)');
  await setOptions(page, { mirror: false });
  assert.equal(await transform(), '');
  await page.getByTestId('record-1').click();
  await untilCount(page, 1, 2);
});

/** Runs in the page. Resolves to true when the order of the classes and the choice to press once are stored. */
async function areChoicesStored() {
  const database = await new Promise(
    (resolve) => (indexedDB.open('teachable-machine').onsuccess = ({ target }) => resolve(target.result)),
  );
  const request = database.transaction('projects').objectStore('projects').getAll();
  const records = await new Promise((resolve) => (request.onsuccess = () => resolve(request.result)));
  database.close();
  return records.some(({ project }) => project.order.length === 3 && project.settings.recording?.toggle);
}

test('the recording options and the order of the classes are back after a reload', async (t) => {
  const { page } = await openReady(t, browser);
  await setOptions(page, { toggle: true, perSecond: 5 });
  await page.getByTestId('handle-1').press('ArrowDown');
  assert.deepEqual(await slotsOf(page), [2, 1, 3]);
  await page.waitForFunction(`(${areChoicesStored})()`);
  await page.reload();
  await untilReady(page);
  assert.deepEqual(await slotsOf(page), [2, 1, 3]);
  await page.getByTestId('record-1').filter({ hasText: 'Press to record' }).waitFor();
  await setOptions(page, {});
  await page.locator('#recording-perSecond').waitFor();
  assert.equal(await page.getByTestId('recording-perSecond').inputValue(), '5');
  assert.equal(await page.getByTestId('recording-toggle').isChecked(), true);
});

test('a recording of something that stands still gives a hint and goes on', async (t) => {
  const { page } = await openReady(t, browser, {
    init: () => {
      // A camera in front of a picture, with a little noise.
      navigator.mediaDevices.getUserMedia = async () => {
        const canvas = Object.assign(document.createElement('canvas'), { width: 320, height: 240 });
        const context = canvas.getContext('2d');
        let frame = 0;
        setInterval(() => {
          context.fillStyle = '#336699';
          context.fillRect(0, 0, 320, 240);
          context.fillStyle = 'orange';
          context.fillRect(90, 60, 120, 130);
          context.fillStyle = frame++ % 2 ? '#346799' : '#336698';
          context.fillRect(0, 0, 4, 4);
        }, 40);
        return canvas.captureStream(25);
      };
    },
  });
  await startCamera(page);
  await page.keyboard.down('1');
  await page.getByTestId('preview-hint').filter({ hasText: 'These look almost the same' }).waitFor();
  const count = await countOf(page, 1);
  await untilCountAtLeast(page, 1, count + 3);
  await page.keyboard.up('1');
});

test('a class with far fewer examples has a hint on its card until it is turned off or has more', async (t) => {
  const { page } = await openReady(t, browser);
  const [blue, red] = [await makePicture(page, 'navy', 'disc'), await makePicture(page, 'darkred', 'bar')];
  await teach(page, 1, blue);
  await teach(page, 2, new Array(6).fill(red));
  const hint = page.getByTestId('class-hint-1');
  await hint.filter({ hasText: 'Class 2 has 6 times as many examples' }).waitFor();
  assert.equal(await page.getByTestId('class-hint-3').isVisible(), false);
  await teach(page, 1, blue, 2);
  await hint.waitFor({ state: 'hidden' });
});

test('on a phone, upright or on its side, the camera is visible beside each record button', async (t) => {
  const { page } = await openReady(t, browser, {
    context: { viewport: { width: 320, height: 568 }, isMobile: true, hasTouch: true },
  });
  await startCamera(page);
  await page.getByTestId('record-1').click();
  await untilCountAtLeast(page, 1, 1);
  await page.getByTestId('explanation').waitFor();
  await setOptions(page, {});
  for (const [width, height] of [
    [320, 568],
    [390, 844],
    [667, 375],
    [844, 390],
  ]) {
    await page.setViewportSize({ width, height });
    for (const slot of [1, 2, 3]) {
      const boxes = await page.evaluate((slot) => {
        const button = document.querySelector(`[data-testid=record-${slot}]`);
        button.scrollIntoView({ block: 'end' });
        scrollBy(0, 10);
        return [button, document.getElementById('preview')].map((each) => {
          const { left, top, right, bottom } = each.getBoundingClientRect();
          return { left, top, right, bottom };
        });
      }, slot);
      const [button, preview] = boxes;
      const text = `${width} x ${height}, button ${slot}: ${JSON.stringify(boxes)}`;
      const isApart = button.top >= preview.bottom || button.left >= preview.right;
      assert.ok(isApart && button.top >= 0 && button.bottom <= height, text);
      assert.ok(preview.top >= 0 && preview.bottom <= height && preview.right <= width, text);
      assert.ok(preview.right - preview.left >= 150, text);
    }
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width);
  }
});
