// The choice of another network on the demo page.

import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { root } from '../support/data.mjs';
import { openBrowser } from '../support/open-page.mjs';
import { alertOf, countOf, makePicture, openReady, teach, untilCount, untilReady, untilSaved } from './demo-page.mjs';

let browser;
let network;

before(async () => {
  browser = await openBrowser();
  const folder = path.join(root, 'web/dist/models');
  const name = (await readdir(folder)).find((each) => each.endsWith('.tflite'));
  network = { name, bytes: await readFile(path.join(folder, name)) };
});

after(() => browser.close());

/** Offers the packaged network's file as if it were another one of the page's networks. */
const serving = {
  before({ url }, response) {
    const answers = {
      '/networks.json': JSON.stringify([{ id: 'other', title: 'Another network', byteLength: network.bytes.length }]),
      '/networks/other.json': JSON.stringify({
        id: 'other',
        title: 'Another network',
        format: 'tflite',
        files: [{ path: 'other.tflite' }],
      }),
      '/networks/other.tflite': network.bytes,
    };
    if (!Object.hasOwn(answers, url)) return false;
    response.writeHead(200, { 'Content-Type': 'application/octet-stream' }).end(answers[url]);
    return true;
  },
};

const openSettings = (page) => page.getByTestId('settings').locator('summary').click();
const titleOf = (page) => page.getByTestId('network').textContent();
/** Waits until the page has started once more. */
async function untilStartedAgain(page, start) {
  await page.evaluate(() => (window.isOld = true));
  await start();
  await page.waitForFunction(() => !window.isOld);
  await untilReady(page);
}

test("one of the page's networks is chosen, stays chosen, and has examples of its own", {
  timeout: 60_000,
}, async (t) => {
  const { page } = await openReady(t, browser, { serving });
  const picture = await makePicture(page, 'red', 'disc');
  await teach(page, 1, picture);
  await openSettings(page);
  const list = page.getByTestId('network-list');
  await list.locator('option').filter({ hasText: 'Another network' }).waitFor({ state: 'attached' });
  await untilStartedAgain(page, () => list.selectOption('other'));
  assert.match(await titleOf(page), /Another network/);
  assert.equal(await countOf(page, 1), 0);
  // The pictures of the examples are taught to the new network on request.
  await alertOf(page, 'This network has no examples').getByRole('button', { name: 'Teach it' }).click();
  await untilCount(page, 1, 1);
  await untilSaved(page);
  await untilStartedAgain(page, () => page.reload());
  assert.match(await titleOf(page), /Another network/);
  await openSettings(page);
  await page.waitForFunction(() => document.getElementById('network-list').value === 'other');
  await untilStartedAgain(page, () => list.selectOption(''));
  assert.equal(await countOf(page, 1), 1);
});

test('a file is used as the network; one that is none is refused, and the page goes on', {
  timeout: 60_000,
}, async (t) => {
  const { page } = await openReady(t, browser);
  await openSettings(page);
  const file = page.getByTestId('network-file');
  const own = { name: 'mine.tflite', mimeType: '', buffer: network.bytes };
  await untilStartedAgain(page, () => file.setInputFiles(own));
  await openSettings(page);
  await page
    .getByTestId('network-list')
    .locator('option', { hasText: 'Your file: mine.tflite' })
    .waitFor({ state: 'attached' });
  const broken = { name: 'broken.tflite', mimeType: '', buffer: Buffer.from('not a network, whatever its name says') };
  await untilStartedAgain(page, () => file.setInputFiles(broken));
  await alertOf(page, 'The network that you chose cannot be used').waitFor();
  await untilStartedAgain(page, () => page.reload());
  assert.equal(await page.getByTestId('alert').isVisible(), false);
  await openSettings(page);
  const json = {
    name: 'model.json',
    mimeType: '',
    buffer: Buffer.from('{"weightsManifest":[{"paths":["a.bin","b.bin"]}]}'),
  };
  await file.setInputFiles([json, { name: 'b.bin', mimeType: '', buffer: Buffer.from([1]) }]);
  await page.getByTestId('network-choice-text').filter({ hasText: 'Missing: a.bin.' }).waitFor();
});

test('a link to another site is explained, and nothing is requested', async (t) => {
  const { page } = await openReady(t, browser);
  const outside = [];
  page.on('request', (request) => {
    if (!request.url().startsWith(new URL(page.url()).origin)) outside.push(request.url());
  });
  await openSettings(page);
  const link = page.getByTestId('network-link');
  await link.fill('https://teachablemachine.withgoogle.com/models/abc/');
  await link.press('Enter');
  await page.getByTestId('network-choice-text').filter({ hasText: 'asks no other site' }).waitFor();
  assert.deepEqual(outside, []);
});
