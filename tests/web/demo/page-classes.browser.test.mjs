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

test('up to nine classes can be added, each with its own key, colour and shape', async (t) => {
  const { page } = await openReady(t, browser);
  for (let slot = 4; slot <= 9; slot++) {
    await page.getByTestId('add-class').click();
    await page.getByTestId(`record-${slot}`).waitFor();
  }
  assert.equal(await page.getByTestId('add-class').isDisabled(), true);
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
  for (const id of ['review', 'settings']) await page.getByTestId(id).locator('summary').click();
  await page.locator('#review[data-tested]').waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
  const small = await page.evaluate(() =>
    [...document.querySelectorAll('button, .button, input[type=text], input[type=range], summary')]
      .filter((each) => each.offsetParent && (each.offsetWidth < 44 || each.offsetHeight < 44))
      .map((each) => each.outerHTML),
  );
  assert.deepEqual(small, []);
});
