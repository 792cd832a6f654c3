// Helpers for tests of the built demo page on a server. They use only what the pages of all engines have.

import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { writeDemo } from '../../../web/dev/build-demo.mjs';
import { scratchFolder } from '../support/data.mjs';
import { drawShape } from '../support/draw.mjs';
import { openPage } from '../support/open-page.mjs';

/** Sub-path of the page, as on hosts where each project has a folder. */
export const subPath = '/some/project/';

/**
 * Opens the built page and waits until it is ready. The test has a folder of its own with the page, and another one for other files.
 * @param {{at?: string, isolated?: boolean}} [options] `at`: path of the page on its server. `isolated`: whether the server sends the
 * headers for threads. `folders`: what the server has besides the page, by address. Others as for openPage().
 */
export async function openHosted(t, browser, { at = subPath, isolated = false, folders = {}, ...options } = {}) {
  const scratch = await scratchFolder(t);
  const folder = path.join(scratch, 'demo');
  const names = await writeDemo(folder);
  // Static hosts send no policy. The page has one of its own.
  const serving = { isolated, csp: null, site: false, folders: { [at]: folder, ...folders }, before: cachedTenMinutes };
  const opened = await openPage(t, browser, { path: at.slice(1), serving, ...options });
  await untilReady(opened.page);
  return { ...opened, address: opened.url + at.slice(1), folder, names, scratch };
}

/** Lets browsers keep files for ten minutes, as GitHub Pages does. Browsers then don't ask for a file twice. */
function cachedTenMinutes(_request, response) {
  const { writeHead } = response;
  response.writeHead = (status, headers) =>
    writeHead.call(response, status, { ...headers, 'Cache-Control': 'max-age=600', 'Last-Modified': longAgo });
  return false;
}

const longAgo = new Date(Date.UTC(2020, 0)).toUTCString();

/** Waits until the engine runs and stored examples are restored. */
export const untilReady = (page) =>
  page.waitForFunction(
    () => document.querySelector('#variant[data-variant]') && document.querySelector('#dataset-tools:not([hidden])'),
  );

/** Reloads the page as a visitor does. The command of Firefox's driver reloads it past the service worker. */
export async function reload(page) {
  await page.evaluate(() => {
    globalThis.isOldPage = true;
    setTimeout(() => location.reload());
  });
  await page.waitForFunction(() => !globalThis.isOldPage);
}

/** Waits until the page would start without a network. */
export const untilOffline = (page) => page.waitForSelector('[data-testid=offline]');

/** Waits until a class has as many examples. */
export const untilCount = (page, slot, count) =>
  page.waitForFunction(
    ([slot, count]) => parseInt(document.querySelector(`[data-testid=count-${slot}]`)?.textContent, 10) === count,
    [slot, count],
  );

/** Teaches each of the first two classes one picture. */
export async function teachTwo(page, scratch) {
  await mkdir(scratch, { recursive: true });
  for (const [slot, shape] of [
    [1, 'disc'],
    [2, 'stripes'],
  ]) {
    const file = path.join(scratch, `${shape}.bmp`);
    await writeFile(file, drawShape(shape, 0));
    await page.setInputFiles(`[data-testid=files-${slot}]`, file);
    await untilCount(page, slot, 1);
  }
}

/** Checks that the page recognizes another picture of the second class. */
export async function recognizesStripes(page, scratch) {
  const file = path.join(scratch, 'other.bmp');
  await writeFile(file, drawShape('stripes', 2));
  await page.setInputFiles('[data-testid=test-file]', file);
  await page.waitForFunction(() =>
    document
      .querySelector('[data-testid=prediction]')
      ?.textContent.includes(document.querySelector('[data-testid=name-2]').value),
  );
}

/** Returns the build of the module that runs. */
export const variantOf = (page) => page.evaluate(() => document.querySelector('#variant').dataset.variant);

/** Clicks as a visitor does, also where a label covers the element. */
export const click = (page, testId) =>
  page.evaluate((testId) => document.querySelector(`[data-testid=${testId}]`).click(), testId);

/** Paths of the kept files, without their checksums. */
export const keptFiles = (page) =>
  page.evaluate(async () => {
    const folder = new URL('./', document.baseURI).href;
    const cache = await caches.open(`teachable-machine ${folder}`);
    const urls = (await cache.keys()).map(({ url }) => url).filter((url) => url.includes('?sha256='));
    return urls.map((url) => url.slice(folder.length).split('?')[0]).sort();
  });

/** Waits until the service worker keeps a file. */
export const untilKept = (page, ending) =>
  page.waitForFunction(async (ending) => {
    const cache = await caches.open(`teachable-machine ${new URL('./', document.baseURI).href}`);
    return (await cache.keys()).some(({ url }) => url.split('?')[0].endsWith(ending));
  }, ending);

/**
 * Checks that nothing outside of the page's folder was requested, and nothing in it twice. Browsers fetch the service worker and the icon
 * themselves, when they like. `hasCache`: whether the browser has a cache of its own, which private windows of WebKit don't have.
 * Otherwise only module and model are checked.
 */
export function checkRequests(requests, { at = subPath, hasCache = true } = {}) {
  const own = requests.filter((each) => each !== '/favicon.ico' && !/\/(?:service-worker\.js|icon\.svg)$/.test(each));
  assert.deepEqual(
    own.filter((each) => !each.startsWith(at)),
    [],
    'requests outside of the folder',
  );
  assert.deepEqual(
    own.filter((each, index) => own.indexOf(each) !== index && (hasCache || /\.(?:wasm|tflite|bin)$/.test(each))),
    [],
    'files that were requested twice',
  );
}
