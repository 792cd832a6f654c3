// The project as one HTML file, opened from the disk without a network in three engines; and the code for the visitor's own page.
import assert from 'node:assert/strict';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { pathToFileURL } from 'node:url';
import { root, scratchFolder } from '../support/data.mjs';
import { openFirefox } from '../support/firefox.mjs';
import { openBrowser, openPage } from '../support/open-page.mjs';
import { openWebKit } from '../support/webkit.mjs';
import { makePicture, openReady, teach, untilSaved } from './demo-page.mjs';

/** A class with this name would run code in a page that doesn't escape it. */
const hostile = '</script><script>alert(1)</script>';
const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Returns what axe-core finds wrong in a page, as short texts. It runs in the page. */
const findViolations = async () =>
  (await window.axe.run(document, { resultTypes: ['violations'] })).violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')}: ${failureSummary}`),
  );

const byTestId = (id) => `[data-testid=${id}]`;

let browser;

before(async () => {
  browser = await openBrowser();
});

after(() => browser.close());

/** Returns the confidence that a bar shows, which is more precise than its text. Engines write five to six digits. */
const rounded = (transform) => Number(/\((.*)\)/.exec(transform)[1]).toFixed(5);

async function openDrawer(page) {
  await page.getByTestId('takeaway').locator('summary').click();
  await page.getByTestId('takeaway-code').waitFor();
}

/** Clicks a button of the drawer and saves the download. Returns its path. */
async function save(page, button, folder) {
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId(button).click()]);
  const target = path.join(folder, download.suggestedFilename());
  await download.saveAs(target);
  return target;
}

/** Teaches two classes, the first with a hostile name, and tests a picture. */
async function prepare(t) {
  const folder = await scratchFolder(t);
  const { page } = await openReady(t, browser, { context: { acceptDownloads: true } });
  await teach(page, 1, [await makePicture(page, 'navy', 'disc'), await makePicture(page, 'teal', 'disc')], 2);
  await teach(page, 2, [await makePicture(page, 'darkred', 'bar'), await makePicture(page, 'maroon', 'bar')], 2);
  await page.getByTestId('name-1').fill(hostile);
  await page.getByTestId('name-1').press('Enter');
  await page.getByTestId('output-1').click();
  for (const part of ['speech', 'picture', 'sound']) await page.getByTestId(`output-${part}-on`).check();
  await page.getByTestId('output-words').fill('A disc');
  await page.getByTestId('output-picture-file').setInputFiles(await makePicture(page, 'lime', 'disc'));
  await page.getByTestId('output-forget').waitFor();
  await page.getByTestId('output-done').click();
  await untilSaved(page);
  // The file is written in the language of the page.
  await page.evaluate(() => localStorage.setItem('teachable-machine language', 'de'));
  await page.reload();
  await page.getByTestId('status').filter({ hasText: 'Bereit' }).waitFor({ timeout: 30_000 });
  const { name, buffer } = await makePicture(page, 'indigo', 'disc');
  const picture = path.join(folder, name);
  await writeFile(picture, buffer);
  await page.getByTestId('test-file').setInputFiles(picture);
  await page.getByTestId('prediction').filter({ hasText: hostile }).waitFor();
  const scales = await page
    .locator('.card .meter-fill')
    .evaluateAll((fills) => fills.map((fill) => fill.style.transform).slice(0, 2));
  const bars = scales.map(rounded);
  await openDrawer(page);
  const told = await page.getByTestId('takeaway-size').textContent();
  const file = await save(page, 'takeaway-download', folder);
  await page
    .getByTestId('takeaway-status')
    .filter({ hasText: path.basename(file) })
    .waitFor();
  return { file, picture, bars, told };
}

/** Opens the file and waits until it answers. Returns where the network runs. */
async function openFile(page, file) {
  await page.goto(pathToFileURL(file).href);
  await page.waitForFunction(() => 'ready' in document.body.dataset || 'failed' in document.body.dataset);
  return page.evaluate(() => document.body.dataset.ready ?? document.querySelector('.status').textContent);
}

/** Chooses a picture in the player. Returns the confidences, the names, the winner, and the width of the picture that it shows. */
async function classify(page, picture) {
  await page.setInputFiles(byTestId('picture'), picture);
  await page.waitForFunction(
    () => document.querySelector('.winner-name') && document.querySelector('.output-stage img')?.complete,
  );
  const { bars, ...rest } = await page.evaluate(() => ({
    isShown: getComputedStyle(document.querySelector('.preview canvas')).visibility === 'visible',
    output: document.querySelector('.output-stage img')?.naturalWidth,
    bars: [...document.querySelectorAll('.bar-fill')].map((fill) => fill.style.transform).slice(0, 2),
    winner: document.querySelector('.winner-name').textContent,
    names: [...document.querySelectorAll('.bar-name')].map((name) => name.textContent).slice(0, 2),
  }));
  return { ...rest, bars: bars.map(rounded) };
}

const untilCameraAnswers = (page) =>
  page.waitForFunction(
    () =>
      document.querySelector('.preview').dataset.kind === 'camera' &&
      document.querySelector('.bar-text').textContent.includes('%'),
  );

test('the project runs from one file, offline, with the same answer and confidences', {
  timeout: 240_000,
}, async (t) => {
  const { file, picture, bars, told } = await prepare(t);
  const expected = { bars, isShown: true, output: 200, winner: hostile, names: [hostile, 'Class 2'] };

  await t.test('the size was told before', async () => {
    const [, size] = /(\d+(?:,\d+)?)\sMB/.exec(told);
    const { size: bytes } = await stat(file);
    const ratio = Number(size.replace(',', '.')) / (bytes / 1e6);
    assert.ok(ratio > 0.9 && ratio < 1.15, `${told} ${bytes} bytes`);
  });

  await t.test('Chromium: pictures, the fake camera, and no request', async () => {
    const context = await browser.newContext({ offline: true });
    t.after(() => context.close());
    const page = await context.newPage();
    await page.addInitScript(() => {
      // A headless browser has no voices.
      window.spoken = [];
      window.SpeechSynthesisUtterance = class {
        constructor(text) {
          this.text = text;
        }
      };
      const speak = ({ text, lang }) => window.spoken.push(`${lang}: ${text}`);
      const getVoices = () => [{ lang: 'de-DE', localService: true }];
      Object.defineProperty(window, 'speechSynthesis', { value: { getVoices, speak, cancel() {} } });
      const { start } = OscillatorNode.prototype;
      OscillatorNode.prototype.start = function (...args) {
        window.hasPlayed = true;
        return start.apply(this, args);
      };
    });
    const [troubles, requests] = [[], []];
    page.on('pageerror', (error) => troubles.push(String(error)));
    page.on('console', (message) => message.type() === 'error' && troubles.push(message.text()));
    page.on('dialog', (dialog) => (troubles.push(dialog.message()), dialog.dismiss()));
    page.on('request', (request) => requests.push(request.url()));
    assert.equal(await openFile(page, file), 'relaxed, worker');
    assert.equal(await page.evaluate(() => document.documentElement.lang), 'de');
    assert.equal(await page.locator('h1').textContent(), await page.title());
    assert.equal(await page.getByTestId('start-camera').textContent(), 'Kamera starten');
    assert.deepEqual(await classify(page, picture), expected);
    assert.deepEqual(await page.evaluate(() => window.spoken), ['de-DE: A disc']);
    await page.click(byTestId('start-camera'));
    await untilCameraAnswers(page);
    await page.click(byTestId('stop-camera'));
    await page.locator('.preview[data-kind=none]').waitFor();
    assert.equal(await page.locator('.output-stage > *').count(), 0);
    // After a click, browsers play sounds.
    await classify(page, picture);
    await page.waitForFunction(() => window.hasPlayed);
    const said = await page.evaluate(() => window.spoken.length);
    await page.getByRole('switch', { name: 'Ton' }).click();
    await page.click(byTestId('start-camera'));
    await untilCameraAnswers(page);
    await page.click(byTestId('stop-camera'));
    await classify(page, picture);
    assert.equal(await page.evaluate(() => window.spoken.length), said);
    // Nothing is cut off, and everything can be pressed by a finger.
    await classify(page, picture);
    for (const width of [320, 1280]) {
      await page.setViewportSize({ width, height: 640 });
      assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width);
      const heights = await page
        .locator('button:visible, label.button')
        .evaluateAll((all) => all.map((each) => each.getBoundingClientRect().height));
      assert.ok(heights.length >= 2 && heights.every((height) => height >= 44), heights.join());
    }
    await page.evaluate(axe);
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      assert.deepEqual(await page.evaluate(findViolations), [], colorScheme);
    }
    assert.deepEqual(
      requests.filter((url) => url !== pathToFileURL(file).href && !url.startsWith('blob:')),
      [],
    );
    assert.deepEqual(troubles, []);
    // The policy refuses requests that another script might make.
    const refused = await page.evaluate(async () => {
      const violation = new Promise((resolve) => addEventListener('securitypolicyviolation', resolve, { once: true }));
      await fetch('http://localhost:9/').catch(() => {});
      return (await violation).effectiveDirective;
    });
    assert.equal(refused, 'connect-src');
    // The licences of what is inside can be read without the script.
    const html = await readFile(file, 'utf8');
    for (const words of ['Apache License', 'XNNPACK', 'Redistributions in binary form'])
      assert.ok(html.includes(words), words);
  });

  const others = {
    // A proxy that isn't there is no network. The camera is Firefox's test picture.
    Firefox: () =>
      openFirefox({
        prefs: {
          'network.proxy.type': 1,
          'network.proxy.http': '127.0.0.1',
          'network.proxy.http_port': 9,
          'network.proxy.ssl': '127.0.0.1',
          'network.proxy.ssl_port': 9,
          'media.navigator.streams.fake': true,
          'media.navigator.permission.disabled': true,
        },
      }),
    WebKit: openWebKit,
  };
  for (const [engine, open] of Object.entries(others)) {
    await t.test(`${engine}: pictures${engine === 'Firefox' ? ', and the fake camera' : ''}`, async (t) => {
      const other = await open();
      t.after(() => other.close());
      const page = await (await other.newContext()).newPage();
      const errors = [];
      page.on('pageerror', (error) => errors.push(error));
      assert.match(await openFile(page, file), engine === 'Firefox' ? /^relaxed, worker$/ : /^simd, worker$/);
      assert.deepEqual(await classify(page, picture), expected);
      if (engine === 'Firefox') {
        await page.click(byTestId('start-camera'));
        await untilCameraAnswers(page);
      }
      await page.close();
      assert.deepEqual(errors, []);
    });
  }
});

test('without examples, the page says what to do first', { timeout: 60_000 }, async (t) => {
  const { page } = await openReady(t, browser);
  await openDrawer(page);
  await page.getByTestId('takeaway-download').click();
  await page.getByTestId('takeaway-status').filter({ hasText: 'Add examples to your classes first.' }).waitFor();
  assert.equal(await page.getByTestId('takeaway-download').isEnabled(), true);
});

test('the code that the page shows runs with the package and the downloaded examples', {
  timeout: 120_000,
}, async (t) => {
  const folder = await scratchFolder(t);
  const { page } = await openReady(t, browser, {
    context: { acceptDownloads: true, permissions: ['clipboard-read', 'clipboard-write'] },
  });
  await teach(page, 1, await makePicture(page, 'navy', 'disc'));
  await teach(page, 2, await makePicture(page, 'darkred', 'bar'));
  await page.getByTestId('name-1').fill(`it's ${hostile}`);
  await page.getByTestId('name-1').press('Enter');
  await openDrawer(page);
  const examples = await save(page, 'takeaway-examples', folder);
  const copied = {};
  for (const kind of ['bundled', 'plain']) {
    await page.getByTestId(`takeaway-${kind}`).check();
    await page.getByTestId('takeaway-copy').click();
    await page.getByTestId('takeaway-code-status').filter({ hasText: 'Copied.' }).waitFor();
    copied[kind] = await page.evaluate(() => navigator.clipboard.readText());
    assert.equal(copied[kind], await page.getByTestId('takeaway-code').textContent());
  }
  const imports = { 'teachable-wasm': './teachable/index.js', 'teachable-wasm/webcam': './teachable/webcam.js' };
  const pages = {
    // The import map stands in for a bundler.
    bundled: `<!doctype html><script type="importmap">${JSON.stringify({ imports })}</script><script type="module" src="main.js"></script>`,
    plain: copied.plain,
  };
  for (const [kind, html] of Object.entries(pages)) {
    const own = path.join(folder, kind);
    await mkdir(own);
    await writeFile(path.join(own, 'index.html'), html);
    await writeFile(path.join(own, 'main.js'), copied.bundled);
    await writeFile(path.join(own, path.basename(examples)), await readFile(examples));
    const { page: built } = await openPage(t, browser, {
      path: 'app/',
      serving: {
        csp: null,
        site: false,
        folders: { '/app/': own, '/app/teachable/': path.join(root, 'web/dist') },
      },
    });
    const answer = built.locator('p').filter({ hasText: '%' });
    await answer.waitFor({ timeout: 60_000 });
    const text = await answer.textContent();
    assert.match(text, /^(it's <.*>|Class 2|Unknown) \(it's <.*> \d+ %, Class 2 \d+ %/, kind);
    assert.ok(text.includes(hostile), text);
    assert.equal(await built.locator('video').evaluate((video) => video.videoWidth), 640);
  }
});

test('when the browser denies the clipboard, the code is selected', { timeout: 60_000 }, async (t) => {
  const { page } = await openReady(t, browser, {
    init: () => {
      navigator.clipboard.writeText = () => Promise.reject(new DOMException('denied', 'NotAllowedError'));
      document.execCommand = () => false;
    },
  });
  await openDrawer(page);
  await page.getByTestId('takeaway-copy').click();
  await page.getByTestId('takeaway-code-status').filter({ hasText: 'The code is selected' }).waitFor();
  const [selected, code] = await page.evaluate(() => [
    String(getSelection()),
    document.querySelector('[data-testid=takeaway-code]').textContent,
  ]);
  assert.equal(selected.trim(), code.trim());
});
