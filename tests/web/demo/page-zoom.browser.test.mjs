// The zoomed preview, by its pixels: the network sees what the preview shows, on the demo page and on the page in one file.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { pathToFileURL } from 'node:url';
import { scratchFolder } from '../support/data.mjs';
import { openBrowser } from '../support/open-page.mjs';
import { openReady, startCamera, untilCount } from './demo-page.mjs';

let browser;

before(async () => {
  browser = await openBrowser();
});

after(() => browser.close());

/** Runs in a page before its scripts. Its camera shows 8 x 6 tiles that differ. */
function useTiles() {
  window.drawTiles = (canvas) => {
    const context = canvas.getContext('2d');
    for (let tile = 0; tile < 48; tile++) {
      const [x, y] = [(tile % 8) * 80, Math.floor(tile / 8) * 80];
      context.fillStyle = `hsl(${(tile * 137) % 360} 70% ${30 + ((tile * 29) % 50)}%)`;
      context.fillRect(x, y, 80, 80);
      context.fillStyle = `hsl(${(tile * 61) % 360} 80% 50%)`;
      context.beginPath();
      if (tile % 3 === 0) context.arc(x + 40, y + 40, 12 + (tile % 5) * 5, 0, 7);
      else context.rect(x + 8 + (tile % 7) * 4, y + 10, 14 + (tile % 4) * 8, 60);
      context.fill();
    }
    return canvas;
  };
  navigator.mediaDevices.getUserMedia = async () => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 480 });
    setInterval(() => window.drawTiles(canvas), 50);
    return canvas.captureStream(20);
  };
}

/** Returns a PNG file of the preview, as the visitor sees it, without the name of the winner. */
async function photograph(page, selector) {
  const setVisibility = (value) =>
    page.evaluate((value) => (document.querySelector('.winner').style.visibility = value), value);
  await setVisibility('hidden');
  const photo = await page.locator(selector).screenshot();
  await setVisibility('');
  return photo.toString('base64');
}

/** Runs in the page. Returns the similarity of an example to the middle of a mirrored photograph, and to other parts of the tiles. */
async function compare([dataset, photo, parts]) {
  const bytes = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const { load } = await import('/lib/index.js');
  const classifier = await load();
  await classifier.loadDataset(bytes(dataset));
  const [id] = (await classifier.map()).ids;
  const example = await classifier.exampleEmbedding(id);
  const cosine = (one, two) => {
    const dot = (a, b) => a.reduce((sum, value, index) => sum + value * b[index], 0);
    return dot(one, two) / Math.sqrt(dot(one, one) * dot(two, two));
  };
  const likeness = async (canvas) => cosine(example, await classifier.embed(canvas));
  const whole = window.drawTiles(Object.assign(document.createElement('canvas'), { width: 640, height: 480 }));
  const draw = (image, x, y, width, height, flip = false) => {
    const canvas = Object.assign(document.createElement('canvas'), { width, height });
    const context = canvas.getContext('2d');
    if (flip) context.setTransform(-1, 0, 0, 1, width, 0);
    context.drawImage(image, x, y, width, height, 0, 0, width, height);
    return canvas;
  };
  const shown = await createImageBitmap(new Blob([bytes(photo)]));
  const result = {
    isStandIn: classifier.model.classCount === 0,
    shown: await likeness(draw(shown, 0, 0, shown.width, shown.height, true)),
    parts: await Promise.all(parts.map(async ([x, y, side]) => likeness(draw(whole, x, y, side, side)))),
  };
  await classifier.dispose();
  return result;
}

/** Runs in a page. Returns the mean difference of two pictures, 0-255. */
async function differenceOf(files) {
  const pixels = await Promise.all(
    files.map(async (base64) => {
      const file = new Blob([Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))]);
      const context = new OffscreenCanvas(100, 100).getContext('2d');
      context.drawImage(await createImageBitmap(file), 0, 0, 100, 100);
      return context.getImageData(0, 0, 100, 100).data;
    }),
  );
  return pixels[0].reduce((sum, value, index) => sum + Math.abs(value - pixels[1][index]), 0) / pixels[0].length;
}

/** Clicks a button that gives a file, and returns its path. */
async function save(page, button, folder) {
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId(button).click()]);
  const target = path.join(folder, download.suggestedFilename());
  await download.saveAs(target);
  return target;
}

test('the network sees exactly the zoomed preview, also on the page in one file', { timeout: 90_000 }, async (t) => {
  const folder = await scratchFolder(t);
  const { page } = await openReady(t, browser, { init: useTiles, context: { acceptDownloads: true } });
  await startCamera(page);
  await page.getByTestId('recording-options').locator('summary').click();
  // A part of 240 x 240 pixels. The preview is mirrored, so a quarter from its left is a quarter from the right of the picture.
  for (const [name, value] of [
    ['zoom', 2],
    ['zoom-x', 0.25],
    ['zoom-y', 0.75],
  ])
    await page.getByTestId(`recording-${name}`).fill(String(value));
  const exact = [80 + 180, 180, 240];
  await page.getByTestId('record-1').click();
  await untilCount(page, 1, 1);
  const photo = await photograph(page, '#preview');
  const dataset = (await readFile(await save(page, 'save-file', folder))).toString('base64');
  const [x, y, side] = exact;
  const parts = [exact, [x - 20, y, side], [x + 20, y, side], [x, y - 20, side], [x, y + 20, side], [80, 0, 480]];
  const {
    isStandIn,
    shown,
    parts: [same, ...others],
  } = await page.evaluate(compare, [dataset, photo, parts]);
  t.diagnostic(`similarity: ${[shown, same, ...others].map((value) => value.toFixed(4)).join(', ')}`);
  // The stand-in sees more of a difference in sharpness, and less in place.
  const [bound, margin] = isStandIn ? [0.95, 0.002] : [0.995, 0.01];
  assert.ok(same > bound, `the part of the picture: ${same}`);
  assert.ok(shown > 0.98, `what the preview shows: ${shown}`);
  for (const other of others) assert.ok(other < Math.min(same, shown) - margin, `another part: ${other}`);

  // Only this part is known.
  await page.getByTestId('settings').locator('summary').click();
  await page.getByTestId('unknown').fill('95');
  await page.getByTestId('prediction').filter({ hasText: 'Class 1' }).waitFor();
  await page.getByTestId('recording-zoom').fill('1');
  await page.getByTestId('prediction').filter({ hasText: 'Unknown' }).waitFor();
  for (const [name, value] of [
    ['zoom', 2],
    ['zoom-x', 0.25],
    ['zoom-y', 0.75],
  ])
    await page.getByTestId(`recording-${name}`).fill(String(value));
  await page.getByTestId('takeaway').locator('summary').click();
  const file = await save(page, 'takeaway-download', folder);

  const context = await browser.newContext();
  t.after(() => context.close());
  const player = await context.newPage();
  await player.addInitScript(useTiles);
  await player.goto(pathToFileURL(file).href);
  await player.waitForFunction(() => 'ready' in document.body.dataset);
  await player.getByTestId('start-camera').click();
  await player.getByTestId('winner').filter({ hasText: 'Class 1' }).waitFor();
  const difference = await page.evaluate(differenceOf, [photo, await photograph(player, '.preview')]);
  t.diagnostic(`difference of the two previews: ${difference.toFixed(2)} of 255`);
  assert.ok(difference < 8, String(difference));
});
