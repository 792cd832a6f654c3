// The demo page's answers: the prediction, "Unknown", the explanation, the check of the examples, and the advice.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { dataFolder, needsData } from '../support/data.mjs';
import { openBrowser } from '../support/open-page.mjs';
import { areDrawn, countOf, makePicture, openReady, teach, untilCount, untilReady } from './demo-page.mjs';

let browser;

before(async () => {
  browser = await openBrowser();
});

after(() => browser.close());

/** Moves a slider of the settings. */
async function slide(page, id, value) {
  await page.getByTestId(id).fill(String(value));
}

test('an image unlike every example is "Unknown" when that setting is on, and the setting is remembered', async (t) => {
  const { page } = await openReady(t, browser);
  await teach(page, 1, await makePicture(page, 'navy', 'disc'));
  await page.getByTestId('test-file').setInputFiles(await makePicture(page, 'yellow', 'bar'));
  await page.getByTestId('settings').locator('summary').click();
  for (const [value, answer] of [
    [95, 'Unknown'],
    [0, 'Class 1'],
    [95, 'Unknown'],
  ]) {
    await slide(page, 'unknown', value);
    await page.getByTestId('prediction').filter({ hasText: answer }).waitFor();
  }
  assert.equal(await page.locator('.card[data-winner]').count(), 0);
  await page.getByTestId('test-file').setInputFiles(await makePicture(page, 'navy', 'disc'));
  await page.getByTestId('prediction').filter({ hasText: 'Class 1' }).waitFor();
  await page.getByTestId('nearest').filter({ hasText: '100 %' }).waitFor();
  await page.reload();
  await untilReady(page);
  assert.equal(await page.getByTestId('unknown').inputValue(), '95');
});

test('a threshold is suggested for the examples, and a number of neighbours decides who votes', async (t) => {
  const { page } = await openReady(t, browser);
  const discs = [await makePicture(page, 'navy', 'disc'), await makePicture(page, 'blue', 'disc')];
  await teach(page, 1, discs);
  await teach(page, 2, await makePicture(page, 'yellow', 'bar'));
  await page.getByTestId('test-file').setInputFiles(discs[0]);
  await page.getByTestId('prediction').filter({ hasText: 'Class 1' }).waitFor();
  await page.getByTestId('settings').locator('summary').click();
  await slide(page, 'unknown', 95);
  const suggestion = page.getByTestId('use-suggestion');
  await suggestion.waitFor();
  const [suggested] = (await suggestion.textContent()).match(/\d+/);
  assert.ok(Number(suggested) > 0 && Number(suggested) < 95, suggested);
  await suggestion.click();
  assert.equal(await page.getByTestId('unknown').inputValue(), suggested);
  assert.equal(await suggestion.isHidden(), true);

  // The nearest example decides alone.
  await slide(page, 'neighbours-count', 1);
  await page.locator('[data-testid=bar-1][aria-valuenow="100"]').waitFor();
  await page.locator('[data-testid=bar-2][aria-valuenow="0"]').waitFor();
  assert.equal(await page.locator('#neighbours-count-text').textContent(), 'the nearest');
});

test('with the packaged network, what resembles no example is "Unknown" from the start', needsData, async (t) => {
  const { page } = await openReady(t, browser);
  const photo = async (name) => ({
    name,
    mimeType: '',
    buffer: await readFile(path.join(dataFolder, 'images', name)),
  });
  await teach(page, 1, await photo('cat.bmp'));
  await page.getByTestId('test-file').setInputFiles(await photo('hot_dog.jpg'));
  await page.getByTestId('prediction').filter({ hasText: 'Unknown' }).waitFor();
  await page.getByTestId('test-file').setInputFiles(await photo('cat.bmp'));
  await page.getByTestId('prediction').filter({ hasText: 'Class 1' }).waitFor();
});

test('the explanation shows the most similar examples, the nearest one first', async (t) => {
  const { page } = await openReady(t, browser);
  const [blue, red] = [await makePicture(page, 'navy', 'disc'), await makePicture(page, 'darkred', 'bar')];
  await teach(page, 1, [blue, red]);
  await teach(page, 2, [red, red]);
  await page.getByTestId('test-file').setInputFiles(blue);
  const items = page.getByTestId('explanation').locator('li');
  await items
    .first()
    .filter({ hasText: /Class 1, 100 %/ })
    .waitFor();
  // Two neighbours are shown, because the smallest class has two examples.
  assert.equal(await items.count(), 2);
  await page.waitForFunction(() =>
    [...document.querySelectorAll('#neighbours canvas')].every((canvas) => canvas.width === 96),
  );
  assert.deepEqual(await areDrawn(items.locator('canvas')), [true, true]);
});

test('the check finds an example in the wrong class, and one click moves it', async (t) => {
  const { page } = await openReady(t, browser);
  const [blue, red] = [await makePicture(page, 'navy', 'disc'), await makePicture(page, 'darkred', 'bar')];
  await teach(page, 1, [blue, blue, blue, red]);
  await teach(page, 2, [red, red]);
  const review = page.getByTestId('review');
  await review.locator('summary').click();
  await review.filter({ hasText: 'Record at least 3 examples of at least two classes' }).waitFor();
  await teach(page, 2, red, 3);
  await review.filter({ hasText: /Each of 7 examples .+ \d+ % of the answers were right/ }).waitFor();
  await review.filter({ hasText: 'In Class 1, but looks like Class 2' }).waitFor();
  await review.getByRole('button', { name: 'Move to Class 2' }).click();
  await untilCount(page, 2, 4);
  assert.equal(await countOf(page, 1), 3);
  await review.filter({ hasText: /Each of 7 examples .+ 100 % of the answers were right/ }).waitFor();
  await page.getByTestId('undo').click();
  await untilCount(page, 1, 4);
  await review.filter({ hasText: 'In Class 1, but looks like Class 2' }).waitFor();
});

test('the advice points out classes of very different sizes', async (t) => {
  const { page } = await openReady(t, browser);
  const [blue, red] = [await makePicture(page, 'navy', 'disc'), await makePicture(page, 'darkred', 'bar')];
  await teach(page, 1, new Array(5).fill(blue));
  await teach(page, 2, new Array(26).fill(red));
  await page.getByTestId('status').filter({ hasText: 'Class 2 has 5 times as many examples as Class 1' }).waitFor();
});
