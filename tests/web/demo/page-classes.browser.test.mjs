// Classes and examples on the demo page: adding, renaming, removing, viewing, undoing.

import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { openBrowser } from '../support/open-page.mjs';
import {
  areDrawn,
  countOf,
  makePicture,
  openGallery,
  openReady,
  slotsOf,
  startCamera,
  teach,
  untilCount,
  untilCountAtLeast,
  untilReady,
  untilSaved,
} from './demo-page.mjs';

let browser;

before(async () => {
  browser = await openBrowser();
});

after(() => browser.close());

/** Returns the test id of the focused element, or else its label. */
const focused = (page) =>
  page.evaluate(() => document.activeElement.dataset.testid ?? document.activeElement.getAttribute('aria-label'));

test('a class without examples shows 0 %, also with the name of a property that every object has', async (t) => {
  const { page } = await openReady(t, browser);
  const picture = await makePicture(page, 'navy', 'disc');
  await page.getByTestId('name-2').fill('constructor');
  await page.getByTestId('name-2').press('Enter');
  await teach(page, 1, picture);
  await page.getByTestId('test-file').setInputFiles(picture);
  await page.getByTestId('prediction').filter({ hasText: 'Class 1' }).waitFor();
  assert.deepEqual(await page.locator('.card .meter-text').allTextContents(), ['100 %', '0 %', '0 %']);
});

test('nine classes have their own key, colour and shape; the tenth has a number that tells it apart', async (t) => {
  const { page } = await openReady(t, browser);
  for (let slot = 4; slot <= 9; slot++) {
    await page.getByTestId('add-class').click();
    await page.getByTestId(`record-${slot}`).waitFor();
  }
  assert.equal(await focused(page), 'name-9');
  await page.keyboard.type('Ninth');
  await page.keyboard.press('Enter');
  await page.getByTestId('test-file').setInputFiles(await makePicture(page, 'navy', 'disc'));
  await page.locator('#preview[data-kind=picture]').waitFor();
  await page.keyboard.press('9');
  await page.getByTestId('prediction').filter({ hasText: 'Ninth' }).waitFor();
  await untilCount(page, 9, 1);
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    const looks = await page.evaluate(() => {
      const channel = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
      const light = (colour) => {
        const [r, g, b] = colour.match(/[\d.]+/g).map((each) => channel(each / 255));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const contrast = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      return [...document.querySelectorAll('.card')].map((card) => {
        const record = getComputedStyle(card.querySelector('.record'));
        const shape = getComputedStyle(card.querySelector('.shape'));
        return {
          contrast: contrast(light(record.color), light(record.backgroundColor)),
          onCard: contrast(light(shape.backgroundColor), light(getComputedStyle(card).backgroundColor)),
          colour: shape.backgroundColor,
          shape: shape.clipPath + shape.borderRadius,
        };
      });
    });
    assert.equal(new Set(looks.map(({ colour }) => colour)).size, 9);
    assert.equal(new Set(looks.map(({ shape }) => shape)).size, 9);
    for (const { contrast, onCard } of looks)
      assert.ok(contrast >= 4.5 && onCard >= 4.5, `${colorScheme}: ${contrast}, ${onCard}`);
  }
  await page.getByTestId('add-class').click();
  await page.getByTestId('record-10').click();
  await untilCount(page, 10, 1);
  const tenth = page.locator('.card').nth(9);
  assert.equal(await tenth.getAttribute('data-class'), '1');
  assert.equal(await tenth.locator('.slot-number').textContent(), '10');
  assert.equal(await page.getByTestId('add-class').isDisabled(), false);
});

test('undo restores a removed class with its examples in its slot, then the older changes', async (t) => {
  const { page } = await openReady(t, browser);
  const [blue, red] = [await makePicture(page, 'navy', 'disc'), await makePicture(page, 'darkred', 'bar')];
  await teach(page, 1, [blue, blue]);
  await teach(page, 2, red);
  await page.getByTestId('name-1').fill('Blau');
  await page.getByTestId('name-1').press('Enter');
  await page.getByTestId('test-file').setInputFiles(blue);
  await page.getByTestId('prediction').filter({ hasText: 'Blau' }).waitFor();
  await page.getByTestId('remove-1').click();
  await page.getByTestId('prediction').filter({ hasText: 'Class 2' }).waitFor();
  assert.deepEqual(await slotsOf(page), [2, 3]);
  await page.getByTestId('undo').click();
  await page.getByTestId('prediction').filter({ hasText: 'Blau' }).waitFor();
  assert.deepEqual(await slotsOf(page), [1, 2, 3]);
  assert.equal(await countOf(page, 1), 2);
  // The steps before that: the new name, then the pictures of each class.
  await page.getByTestId('undo').click();
  await page.getByTestId('prediction').filter({ hasText: 'Class 1' }).waitFor();
  await page.getByTestId('undo').click();
  await untilCount(page, 2, 0);
  await page.getByTestId('undo').click();
  await untilCount(page, 1, 0);
  assert.equal(await page.getByTestId('undo').isVisible(), false);
});

test('a name that another class has is rejected, and the class keeps its old name', async (t) => {
  const { page } = await openReady(t, browser);
  await page.getByTestId('name-2').fill('Class 1');
  await page.getByTestId('name-2').press('Enter');
  await page.getByTestId('alert').filter({ hasText: 'Class 1' }).waitFor();
  assert.equal(await page.getByTestId('name-2').inputValue(), 'Class 2');
});

test('a click or the Delete key removes one example, and undo restores it', async (t) => {
  const { page } = await openReady(t, browser);
  const [blue, red] = [await makePicture(page, 'navy', 'disc'), await makePicture(page, 'darkred', 'bar')];
  await teach(page, 1, [blue, red, blue]);
  const examples = await openGallery(page, 1);
  assert.equal(await page.getByTestId('thumbnails-1').getAttribute('aria-expanded'), 'true');
  await examples.nth(1).click();
  await untilCount(page, 1, 2);
  assert.equal(await examples.count(), 2);
  await page.getByTestId('undo').click();
  await untilCount(page, 1, 3);
  // The same by keyboard: from the thumbnails into the gallery, to the second example, Delete.
  await page.getByTestId('thumbnails-1').focus();
  for (let tabs = 0; !/^Remove example/.test(await focused(page)); tabs++) {
    assert.ok(tabs < 4, 'the gallery was not reached in four steps of the Tab key');
    await page.keyboard.press('Tab');
  }
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowRight');
  assert.equal(await focused(page), 'Remove example 2 of Class 1');
  await page.keyboard.press('Delete');
  await untilCount(page, 1, 2);
  assert.match(await focused(page), /^Remove example \d of Class 1$/);
  await page.keyboard.press('Control+z');
  await untilCount(page, 1, 3);
  await page.waitForFunction(() =>
    [...document.querySelectorAll('.example canvas')].every((canvas) => canvas.width === 96),
  );
  assert.deepEqual(await areDrawn(examples.locator('canvas')), [true, true, true]);
});

test('undo removes all examples of a recording at once', async (t) => {
  const { page } = await openReady(t, browser);
  await startCamera(page);
  for (let round = 1; round <= 5; round++) {
    await page.keyboard.down('1');
    await untilCountAtLeast(page, 1, 4);
    // In one task, so that the engine still computes the last frame of the recording.
    await page.evaluate(() => {
      const dispatch = (type, init) => document.body.dispatchEvent(new KeyboardEvent(type, { bubbles: true, ...init }));
      dispatch('keyup', { key: '1' });
      dispatch('keydown', { key: 'z', ctrlKey: true });
    });
    await untilCount(page, 1, 0);
    // The page says so after the examples are gone, when nothing can follow any more.
    await page.getByTestId('status').filter({ hasText: 'Undone' }).waitFor();
    assert.equal(await countOf(page, 1), 0);
    await page.keyboard.up('1');
  }
});

test('the gallery shows 60 examples at first, and 60 more at each click', async (t) => {
  const { page } = await openReady(t, browser);
  await teach(page, 1, await makePicture(page, 'navy', 'disc'));
  const size = await page.evaluate(() =>
    parseInt(
      [...document.querySelectorAll('#facts dd')].find(({ textContent }) => / numbers per picture/.test(textContent))
        .textContent,
      10,
    ),
  );
  const row = Array.from({ length: size }, (_, index) => (index % 7) / 7);
  const buffer = Buffer.from(
    JSON.stringify({
      Many: Array.from({ length: 200 }, (_, n) => row.map((value, index) => (index === n ? 2 : value))),
    }),
  );
  await page.getByTestId('open-file').setInputFiles({ name: 'many.json', mimeType: 'application/json', buffer });
  await untilCount(page, 1, 200);
  const examples = await openGallery(page, 1);
  assert.equal(await examples.count(), 60);
  await page.getByRole('button', { name: 'Show 60 more of 140' }).click();
  assert.equal(await examples.count(), 120);
  assert.equal(await focused(page), 'Remove example 140 of Many');
});

test('on a phone with nine classes and all panels open, nothing is wider than the screen and all controls are at least 44 pixels big', async (t) => {
  const { page } = await openReady(t, browser, {
    context: { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true },
  });
  await teach(page, 1, [await makePicture(page, 'navy', 'disc'), await makePicture(page, 'darkred', 'bar')]);
  for (let slot = 4; slot <= 9; slot++) {
    await page.getByTestId('add-class').click();
    await page.getByTestId(`record-${slot}`).waitFor();
  }
  await page.getByTestId('test-file').setInputFiles(await makePicture(page, 'navy', 'disc'));
  await page.getByTestId('prediction').filter({ hasText: 'Class 1' }).waitFor();
  await page.getByTestId('explanation').waitFor();
  await openGallery(page, 1);
  for (const id of ['review', 'settings', 'recording-options']) await page.getByTestId(id).locator('summary').click();
  await page.locator('#review[data-tested]').waitFor();
  await page.getByTestId('recording-zoom').waitFor();
  await page.getByTestId('handle-1').click();
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
  const small = await page.evaluate(() =>
    [
      ...document.querySelectorAll(
        'button, .button, input[type=text], input[type=range], summary, select, .option-check label',
      ),
    ]
      .filter((each) => each.offsetParent && (each.offsetWidth < 44 || each.offsetHeight < 44))
      .map((each) => each.outerHTML),
  );
  assert.deepEqual(small, []);
});

test('classes change places by keyboard, button and drag; keys still belong to their classes, and undo brings the order back', async (t) => {
  const { page } = await openReady(t, browser, { context: { viewport: { width: 1280, height: 1100 } } });
  await page.getByTestId('handle-1').press('ArrowDown');
  assert.deepEqual(await slotsOf(page), [2, 1, 3]);
  await page.getByTestId('status').filter({ hasText: 'Class 1 is number 2 of 3 now' }).waitFor();
  assert.equal(await focused(page), 'handle-1');
  await page.getByTestId('handle-1').press('ArrowDown');
  await page.getByTestId('handle-3').click();
  await page.getByTestId('up-3').click();
  assert.deepEqual(await slotsOf(page), [3, 2, 1]);
  assert.equal(await focused(page), 'up-3');
  await page.getByTestId('handle-3').click();
  const handle = await page.getByTestId('handle-3').boundingBox();
  const last = await page.locator('.card').nth(2).boundingBox();
  await page.mouse.move(handle.x + 20, handle.y + 20);
  await page.mouse.down();
  await page.mouse.move(last.x + 100, last.y + last.height - 20, { steps: 5 });
  await page.mouse.up();
  assert.deepEqual(await slotsOf(page), [2, 1, 3]);
  // The drag was no click.
  assert.equal(await page.getByTestId('up-3').isVisible(), false);
  await page.getByTestId('test-file').setInputFiles(await makePicture(page, 'navy', 'disc'));
  await page.locator('#preview[data-kind=picture]').waitFor();
  await page.keyboard.press('1');
  await untilCount(page, 1, 1);
  await page.getByTestId('undo').click();
  await untilCount(page, 1, 0);
  for (const order of [
    [3, 2, 1],
    [2, 3, 1],
    [2, 1, 3],
    [1, 2, 3],
  ]) {
    await page.getByTestId('undo').click();
    assert.deepEqual(await slotsOf(page), order);
  }
});

test('a class that is turned off does not count, says so, and is still off after a reload', async (t) => {
  const { page } = await openReady(t, browser);
  const [blue, red] = [await makePicture(page, 'navy', 'disc'), await makePicture(page, 'darkred', 'bar')];
  await teach(page, 1, [blue, blue]);
  await teach(page, 2, [red, red]);
  await page.getByTestId('test-file').setInputFiles(blue);
  const prediction = (name) => page.getByTestId('prediction').filter({ hasText: name }).waitFor();
  await prediction('Class 1');
  await page.getByTestId('handle-1').click();
  await page.getByTestId('switch-1').filter({ hasText: 'Turn off' }).click();
  await prediction('Class 2');
  await page.getByTestId('off-1').filter({ hasText: 'Turned off' }).waitFor();
  await page.getByTestId('undo').click();
  await prediction('Class 1');
  await page.getByTestId('switch-1').click();
  await prediction('Class 2');
  await untilSaved(page);
  await page.reload();
  await untilReady(page);
  await page.getByTestId('off-1').waitFor();
  await page.getByTestId('test-file').setInputFiles(blue);
  await prediction('Class 2');
  await page.getByTestId('handle-1').click();
  await page.getByTestId('switch-1').filter({ hasText: 'Turn on' }).click();
  await prediction('Class 1');
  assert.equal(await page.getByTestId('off-1').isVisible(), false);
});

test('an example moves to another class by mouse, by finger and by keyboard, each as one step', async (t) => {
  const { page } = await openReady(t, browser, { context: { hasTouch: true } });
  const [blue, red] = [await makePicture(page, 'navy', 'disc'), await makePicture(page, 'darkred', 'bar')];
  await teach(page, 1, [blue, red, blue]);
  const examples = await openGallery(page, 1);
  const untilMoved = async (slot) => {
    await untilCount(page, slot, 1);
    assert.equal(await countOf(page, 1), 2);
    await page.getByTestId('undo').click();
    await untilCount(page, 1, 3);
    assert.equal(await countOf(page, slot), 0);
  };
  const centre = async (locator) => {
    const { x, y, width, height } = await locator.boundingBox();
    return { x: x + width / 2, y: y + height / 2 };
  };
  const card = page.locator('.card').nth(1);
  let [from, to] = [await centre(examples.nth(1)), await centre(card)];
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move(to.x, to.y, { steps: 5 });
  assert.equal(await card.getAttribute('data-drop'), '');
  await page.mouse.up();
  await untilMoved(2);
  // A finger that rests first picks the example up. One that moves at once scrolls.
  const session = await page.context().newCDPSession(page);
  const touch = (type, ...touchPoints) => session.send('Input.dispatchTouchEvent', { type, touchPoints });
  [from, to] = [await centre(examples.nth(1)), await centre(card)];
  await touch('touchStart', from);
  await page.locator('.example[data-dragging]').waitFor();
  await touch('touchMove', { x: from.x, y: (from.y + to.y) / 2 });
  await touch('touchMove', to);
  await touch('touchEnd');
  await untilMoved(2);
  // A tap removes one.
  await examples.nth(1).tap();
  await untilCount(page, 1, 2);
  await page.getByTestId('undo').click();
  await untilCount(page, 1, 3);
  await page.getByTestId('click-action-1').selectOption('moves it to Class 3');
  await page.getByTestId('click-action-1').focus();
  await page.keyboard.press('Tab');
  assert.match(await focused(page), /^Move example \d of Class 1 to Class 3$/);
  await page.keyboard.press('Enter');
  await untilMoved(3);
  // The Delete key removes in any case.
  await examples.first().focus();
  await page.keyboard.press('Delete');
  await untilCount(page, 1, 2);
  assert.equal(await countOf(page, 3), 0);
});
