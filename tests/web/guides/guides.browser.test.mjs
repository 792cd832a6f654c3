// Runs each code block of the guides in Chromium, on a page of its own, as a reader would. The fake camera plays a test card.
import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { needsData, root, scratchFolder } from '../support/data.mjs';
import { openBrowser, openPage } from '../support/open-page.mjs';
import { blocksOf, readGuides } from './guides.mjs';

const guides = await readGuides();
const { exports } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));
/** Import map from each entry of the package to its file, as a bundler would resolve it. */
const imports = JSON.stringify({
  imports: Object.fromEntries(
    Object.entries(exports).flatMap(([entry, { import: target }]) =>
      target ? [[entry.replace('.', 'teachable-wasm'), target.default.replace('./web/dist/', '/lib/')]] : [],
    ),
  ),
});

/** Makes a page that runs the code as a module. It sets `data-done` to 'yes' after the last line, or to the error's message. */
function pageOf(body, code) {
  return `<!doctype html><meta charset="utf-8"><title>guide</title><script type="importmap">${imports}</script><body>${body}
<script>addEventListener('error', ({ message }) => (document.documentElement.dataset.done = message));</script>
<script type="module">${code}
;document.documentElement.dataset.done = 'yes';</script>`;
}

const drawPhoto = () => {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [320, 240];
  const context = canvas.getContext('2d');
  context.fillStyle = '#c84';
  context.fillRect(60, 40, 180, 160);
  return canvas.toDataURL('image/jpeg').split(',')[1];
};

test('every code block for a page in the guides runs without errors', { timeout: 300_000 }, async (t) => {
  const browser = await openBrowser();
  t.after(() => browser.close());
  const blocks = guides
    .flatMap(blocksOf)
    .filter(
      ({ language, kind, code }) =>
        language === 'js' && kind !== 'file' && kind !== 'node' && /from 'teachable-wasm/.test(code),
    );
  assert.ok(blocks.length > 8, `only ${blocks.length} blocks were found`);
  for (const { guide, line, code, value } of blocks) {
    // classify() needs the default model. Its stand-in, used when it can't be fetched, has no classes.
    const skip = /\.classify\(/.test(code) ? needsData : {};
    await t.test(`${guide}:${line}`, skip, async (t) => {
      const folder = await scratchFolder(t);
      await writeFile(path.join(folder, 'index.html'), pageOf(value, code));
      const { page, url } = await openPage(t, browser, {
        path: 'pages/blank.html',
        serving: { csp: null, folders: { '/guide/': folder } },
      });
      await writeFile(path.join(folder, 'photo.jpg'), Buffer.from(await page.evaluate(drawPhoto), 'base64'));
      const broken = [];
      page.on(
        'console',
        (message) => message.type() === 'error' && !/404|favicon/.test(message.text()) && broken.push(message.text()),
      );
      await page.goto(`${url}guide/`);
      await page.waitForFunction(() => document.documentElement.dataset.done, null, { timeout: 60_000 });
      assert.equal(await page.evaluate(() => document.documentElement.dataset.done), 'yes');
      assert.deepEqual(broken, []);
    });
  }
});

/** Writes all file blocks of a guide into a folder, as a reader would. Returns their names. */
async function writeFiles(name, folder) {
  const files = blocksOf(guides.find(({ file }) => file === `web/guides/${name}`)).filter(
    ({ kind }) => kind === 'file',
  );
  await mkdir(folder, { recursive: true });
  for (const { value, code } of files) await writeFile(path.join(folder, value), code);
  return files.map(({ value }) => value);
}

test("the headers guide's service worker isolates a page whose server sends no headers", {
  timeout: 120_000,
}, async (t) => {
  const browser = await openBrowser();
  t.after(() => browser.close());
  const folder = await scratchFolder(t);
  assert.deepEqual(await writeFiles('headers.md', folder), ['isolation-worker.js', 'isolate.js']);
  await writeFile(
    path.join(folder, 'index.html'),
    '<!doctype html><title>isolated</title><script type="module" src="isolate.js"></script>',
  );
  const { page, url } = await openPage(t, browser, {
    path: 'pages/blank.html',
    serving: { isolated: false, folders: { '/app/': folder } },
  });
  assert.equal(await page.evaluate(() => crossOriginIsolated), false);
  await page.goto(`${url}app/`);
  await page.waitForFunction(() => crossOriginIsolated, null, { timeout: 30_000 });
  assert.equal(await page.evaluate(() => new SharedArrayBuffer(8).byteLength), 8);
});

test("the offline guide's page loads and computes an embedding without a network", { timeout: 120_000 }, async (t) => {
  const browser = await openBrowser();
  t.after(() => browser.close());
  const folder = await scratchFolder(t);
  assert.deepEqual(await writeFiles('offline.md', folder), ['offline-worker.js', 'app.js']);
  // The guide's page, with a global that shows that the script reached its end.
  await writeFile(
    path.join(folder, 'index.html'),
    '<!doctype html><title>offline</title><script type="module" src="app.js"></script>',
  );
  const app = await readFile(path.join(folder, 'app.js'), 'utf8');
  await writeFile(path.join(folder, 'app.js'), `${app}\nwindow.classifier = classifier;`);
  const { page, url } = await openPage(t, browser, {
    path: 'pages/blank.html',
    serving: { folders: { '/app/': folder, '/app/teachable/': path.join(root, 'web/dist') } },
  });
  const embedGrey = async () => {
    await page.waitForFunction(() => window.classifier, null, { timeout: 60_000 });
    return page.evaluate(async () => {
      const pixels = new Uint8ClampedArray(64 * 64 * 4).fill(200);
      return (await window.classifier.embed({ data: pixels, width: 64, height: 64 })).length;
    });
  };
  await page.goto(`${url}app/`);
  const size = await embedGrey();
  assert.ok(size > 0);
  await page.context().setOffline(true);
  await page.reload();
  assert.equal(await embedGrey(), size);
});
