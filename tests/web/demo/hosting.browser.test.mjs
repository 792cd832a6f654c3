// The built demo page on servers with and without the headers for threads: the switch for all cores, without a network, and new versions.
import assert from 'node:assert/strict';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { serve } from '../../../web/dev/serve.mjs';
import { writeServiceWorker } from '../../../web/dev/service-worker.mjs';
import { openEngines } from '../support/engines.mjs';
import { openFirefox } from '../support/firefox.mjs';
import { openBrowser } from '../support/open-page.mjs';
import { openWebKit } from '../support/webkit.mjs';
import {
  checkRequests,
  click,
  keptFiles,
  openHosted,
  recognizesStripes,
  reload,
  subPath,
  teachTwo,
  untilCount,
  untilKept,
  untilOffline,
  untilReady,
  variantOf,
} from './hosted-page.mjs';

const { everyEngine } = openEngines({ Chromium: openBrowser, Firefox: openFirefox, WebKit: openWebKit });
let chromium;
before(async () => {
  chromium = await openBrowser();
});
after(() => chromium.close());

const timeout = 120_000;

/** Counts the loads of a page from now on. */
function countLoads(page) {
  const loads = { count: 0 };
  page.on('load', () => loads.count++);
  return loads;
}

everyEngine(
  'without headers: one thread at once; the switch brings threads, and the page then starts without a network',
  { timeout },
  async (t, browser, engine) => {
    const { page, requests, closeServer, scratch } = await openHosted(t, browser);
    assert.equal(await page.evaluate(() => crossOriginIsolated), false);
    assert.match(await variantOf(page), /^(?:simd|relaxed)$/);
    await untilOffline(page);
    const loads = countLoads(page);
    await teachTwo(page, scratch);
    // Without waiting: the page itself saves what was taught before it reloads.
    await click(page, 'cores');
    await page.waitForFunction(() => crossOriginIsolated && document.querySelector('[data-testid=cores]')?.checked);
    await untilReady(page);
    assert.match(await variantOf(page), /-threads$/);
    await untilCount(page, 1, 1);
    await untilCount(page, 2, 1);
    await untilOffline(page);
    if (engine === 'Chromium') assert.equal(loads.count, 1);
    for (const ending of ['-threads/teachable.js', '-threads/teachable.wasm']) await untilKept(page, ending);
    // The windows of WebKit are private ones.
    checkRequests(requests, { hasCache: engine !== 'WebKit' });
    // Only the two builds that this browser has used.
    assert.equal((await keptFiles(page)).filter((name) => name.endsWith('/teachable.wasm')).length, 2);

    await closeServer();
    await reload(page);
    await untilReady(page);
    assert.equal(await page.evaluate(() => crossOriginIsolated), true);
    assert.match(await variantOf(page), /-threads$/);
    await untilCount(page, 2, 1);
    await recognizesStripes(page, scratch);

    // Switched off, the page goes on with one thread, still without a network.
    if (engine !== 'Chromium') return;
    await click(page, 'cores');
    await page.waitForFunction(() => document.querySelector('[data-testid=cores]')?.checked === false);
    await page.waitForFunction(() => !crossOriginIsolated);
    await untilReady(page);
    assert.match(await variantOf(page), /^(?:simd|relaxed)$/);
  },
);

test('a host with the headers: threads at once and without a network, no switch, and other files are left alone', {
  timeout,
}, async (t) => {
  const { page, requests, closeServer, scratch, url } = await openHosted(t, chromium, { at: '/', isolated: true });
  assert.match(await variantOf(page), /-threads$/);
  await untilOffline(page);
  assert.equal(await page.evaluate(() => document.querySelector('[data-testid=cores]')), null);
  checkRequests(requests, { at: '/' });
  const core = await keptFiles(page);
  for (const name of ['', 'start.js', 'style.css', 'lib/worker.js', 'lib/wasm/image/decoder.wasm'])
    assert.ok(core.includes(name), name);
  assert.ok(core.some((name) => /^lib\/models\/.*\.(tflite|bin)$/.test(name)));
  assert.equal(core.filter((name) => name.endsWith('/teachable.wasm')).length, 1);
  assert.ok(!core.includes('lib/wasm/tfjs/converter.wasm'));

  // The service worker sees these requests, too, and leaves them to the server.
  const count = requests.length;
  for (const name of ['LICENSE.txt', 'LICENSE.txt', 'nothing-here.txt', 'start.js?other'])
    await page.evaluate((address) => fetch(address, { cache: 'no-store' }).then(() => {}), url + name);
  assert.deepEqual(requests.slice(count), ['/LICENSE.txt', '/LICENSE.txt', '/nothing-here.txt', '/start.js?other']);

  await closeServer();
  await reload(page);
  await untilReady(page);
  assert.match(await variantOf(page), /-threads$/);
  await teachTwo(page, scratch);
  await recognizesStripes(page, scratch);
  // The address may have options.
  await page.goto(`${url}index.html?variant=simd-threads`).catch(() => {});
  assert.equal(await page.evaluate(() => document.querySelectorAll('#classes').length), 1);
});

test('a browser that refuses isolation: one reload in vain, and the page says so and goes on', {
  timeout,
}, async (t) => {
  const browser = await openWebKit({ sharedMemory: false });
  t.after(() => browser.close());
  const { page, scratch } = await openHosted(t, browser);
  await untilOffline(page);
  await teachTwo(page, scratch);
  await page.evaluate(() => (globalThis.isOldPage = true));
  await click(page, 'cores');
  await page.waitForFunction(() => !globalThis.isOldPage && document.querySelector('[data-testid=cores]'));
  await page.waitForFunction(() => document.querySelector('[data-testid=cores-text]').textContent !== '');
  assert.equal(await page.evaluate(() => document.querySelector('[data-testid=cores]').checked), false);
  await untilReady(page);
  await untilCount(page, 2, 1);
  // The decision was taken back: the next load is like the first.
  await reload(page);
  await page.waitForSelector('[data-testid=cores]');
  assert.equal(await page.evaluate(() => document.querySelector('[data-testid=cores-text]').textContent), '');
});

test('a new version is told, loaded when the visitor says so, and only what changed is downloaded', {
  timeout,
}, async (t) => {
  const { page, requests, scratch, folder, names } = await openHosted(t, chromium, { isolated: true });
  await untilOffline(page);
  await teachTwo(page, scratch);
  const other = await page.context().newPage();
  await other.goto(page.url());
  await untilReady(other);
  await publishNextVersion(folder, names);
  const count = requests.length;
  const loads = countLoads(page);

  // The other tab is opened anew, so that the browser looks for a new version. It still gets the earlier one.
  await other.reload();
  for (const each of [page, other]) await each.getByTestId('update').waitFor();
  const isNext = (each) => each.evaluate(() => document.body.dataset.version === 'next');
  for (const each of [page, other]) assert.equal(await isNext(each), false);
  assert.equal(loads.count, 0);

  await page.getByTestId('update').getByRole('button').click();
  await page.waitForFunction(() => document.body?.dataset.version === 'next');
  await untilReady(page);
  await untilCount(page, 1, 1);
  await untilCount(page, 2, 1);
  await untilOffline(page);
  assert.equal(loads.count, 1);
  assert.equal(await page.getByTestId('update').count(), 0);
  // The other tab goes on with the earlier version until its visitor reloads it.
  assert.equal(await isNext(other), false);
  assert.deepEqual(
    [...new Set(requests.slice(count))].filter((each) => !/icon/.test(each)).sort(),
    [subPath, `${subPath}service-worker.js`, `${subPath}style.css`].sort(),
  );

  // Files of the earlier version stay while a tab may need them. The next visit removes them.
  const sameFile = (name) => (each) => each === name;
  assert.equal((await keptFiles(page)).filter(sameFile('style.css')).length, 2);
  const address = page.url();
  const third = await page.context().newPage();
  await page.close();
  await other.close();
  await third.goto(address);
  await untilReady(third);
  await third.waitForFunction(async () => {
    const cache = await caches.open(`teachable-machine ${new URL('./', document.baseURI).href}`);
    return (await cache.keys()).filter(({ url }) => url.includes('style.css')).length === 1;
  });
  assert.deepEqual(await keptFiles(third), [...new Set(await keptFiles(third))]);
});

/** Changes the page and its style sheet in a built folder, as the next version of it would. */
async function publishNextVersion(folder, names) {
  const page = path.join(folder, 'index.html');
  await writeFile(page, (await readFile(page, 'utf8')).replace('<body>', '<body data-version="next">'));
  await appendFile(path.join(folder, 'style.css'), '\n/* Next version */\n');
  await writeServiceWorker(folder, names);
}

test('examples that the browser does not store keep the page from reloading itself', { timeout }, async (t) => {
  const { page, scratch } = await openHosted(t, chromium, {
    // As in a browser that has no space left.
    init: () => {
      IDBFactory.prototype.open = () => {
        throw new DOMException('made to fail', 'QuotaExceededError');
      };
    },
  });
  await untilOffline(page);
  await teachTwo(page, scratch);
  const loads = countLoads(page);
  await click(page, 'cores');
  await page.getByTestId('cores-text').filter({ hasText: 'not saved' }).waitFor();
  assert.equal(loads.count, 0);
  await untilCount(page, 1, 1);
  // The visitor's own reload brings the threads.
  page.on('dialog', (dialog) => void dialog.accept());
  await page.reload();
  await page.waitForFunction(() => crossOriginIsolated);
});

test('without service workers, the page works as before and shows none of their parts', { timeout }, async (t) => {
  const refuse = () => {
    ServiceWorkerContainer.prototype.register = async () => {
      throw new DOMException('made to fail', 'SecurityError');
    };
  };
  const remove = () => delete Navigator.prototype.serviceWorker;
  for (const init of [refuse, remove]) {
    const { page, scratch, troubles } = await openHosted(t, chromium, { init });
    await teachTwo(page, scratch);
    await recognizesStripes(page, scratch);
    for (const id of ['cores', 'offline', 'update']) assert.equal(await page.getByTestId(id).count(), 0, id);
    assert.deepEqual(troubles, []);
  }
});

test('the development server replaces a built page that was served under its address before', {
  timeout,
}, async (t) => {
  const { page, closeServer, url } = await openHosted(t, chromium, { at: '/' });
  await untilOffline(page);
  await closeServer();
  const developed = await serve({ port: Number(new URL(url).port) });
  t.after(() => developed.close());
  assert.equal(developed.url, url);
  await reload(page);
  await page.waitForFunction(() => !document.querySelector('link[rel=manifest]'));
  await untilReady(page);
  await page.waitForFunction(async () => (await navigator.serviceWorker.getRegistrations()).length === 0);
  assert.deepEqual(await page.evaluate(() => caches.keys()), []);
});

test('browsers can install the page', { timeout }, async (t) => {
  const { page, folder, address } = await openHosted(t, chromium);
  await untilOffline(page);
  const tools = await page.context().newCDPSession(page);
  const { url, errors } = await tools.send('Page.getAppManifest');
  assert.deepEqual([url, errors], [`${address}manifest.webmanifest`, []]);
  const { installabilityErrors } = await tools.send('Page.getInstallabilityErrors');
  // Contexts of tests are private ones, in which nothing can be installed.
  assert.deepEqual(
    installabilityErrors.map(({ errorId }) => errorId).filter((each) => each !== 'in-incognito'),
    [],
  );
  const { icons } = JSON.parse(await readFile(path.join(folder, 'manifest.webmanifest'), 'utf8'));
  for (const { src, sizes } of icons.filter(({ type }) => type === 'image/png')) {
    const bytes = await readFile(path.join(folder, src));
    assert.equal(`${bytes.readUInt32BE(16)}x${bytes.readUInt32BE(20)}`, sizes, src);
  }
  assert.deepEqual(
    icons.filter(({ purpose }) => purpose === 'maskable').map(({ sizes }) => sizes),
    ['512x512'],
  );
});
