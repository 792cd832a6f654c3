// Places that lack something: the error says what, and what to do. And objects of another frame.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { pathToFileURL } from 'node:url';
import { root, scratchFolder } from '../support/data.mjs';
import { openFirefox } from '../support/firefox.mjs';
import { openBrowser, openPage } from '../support/open-page.mjs';

const browsers = {};

before(async () => {
  browsers.Chromium = await openBrowser();
  browsers.Firefox = await openFirefox();
});

after(async () => {
  await browsers.Chromium?.close();
  await browsers.Firefox?.close();
});

/** Loads a classifier in a page and returns the error. */
const failToLoad = (page) =>
  page.evaluate(async () => {
    const { load } = await import('/lib/index.js');
    const { code, message } = await load().catch((error) => error);
    return { code, message };
  });

for (const name of ['Chromium', 'Firefox']) {
  test(`${name}: a policy without 'wasm-unsafe-eval' is named, and no more than is needed is advised`, async (t) => {
    const { page } = await openPage(t, browsers[name], {
      path: 'pages/blank.html',
      serving: { csp: "default-src 'self'; script-src 'self'; worker-src 'self'" },
      tolerant: true,
    });
    const { code, message } = await failToLoad(page);
    assert.equal(code, 'load-failed');
    assert.match(message, /Content-Security-Policy\. Add 'wasm-unsafe-eval' to its script-src/);
    assert.doesNotMatch(message, /(?<!wasm-)unsafe-eval/);
  });

  test(`${name}: pictures, files and embeddings of a frame are accepted`, async (t) => {
    const { page } = await openPage(t, browsers[name], { path: 'pages/blank.html' });
    const answer = await page.evaluate(async () => {
      const { load } = await import('/lib/index.js');
      const frame = document.createElement('iframe');
      document.body.append(frame);
      const there = frame.contentWindow;
      const classifier = await load();
      const data = new there.ImageData(new there.Uint8ClampedArray(4 * 40 * 40).fill(255), 40, 40);
      const canvas = there.document.createElement('canvas');
      canvas.width = canvas.height = 40;
      canvas.getContext('2d').putImageData(data, 0, 0);
      const file = await new Promise((resolve) => canvas.toBlob(resolve));
      const embeddings = [];
      for (const picture of [data, canvas, file, new there.Uint8Array(await file.arrayBuffer())])
        embeddings.push(await classifier.embed(picture));
      const same = embeddings.map((each) => each.every((value, index) => value === embeddings[0][index]));
      await classifier.addExample(there.Float32Array.from(embeddings[0]), 'a');
      const saved = new Uint8Array(await (await classifier.saveDataset()).arrayBuffer());
      const sources = {
        blob: new there.Blob([saved]),
        buffer: there.Uint8Array.from(saved).buffer,
        stream: new there.Blob([saved]).stream(),
      };
      const counts = {};
      for (const [name, source] of Object.entries(sources)) {
        await classifier.loadDataset(source);
        counts[name] = (await classifier.counts()).a;
      }
      // The address is of a page's own class. Nothing is there, so that it was used shows in the error.
      const own = await load({ labels: new there.URL('/none.txt', location.href) }).catch(({ code }) => code);
      return { same, counts, own };
    });
    assert.deepEqual(answer.same, [true, true, true, true]);
    assert.deepEqual(answer.counts, { blob: 1, buffer: 1, stream: 1 });
    assert.equal(answer.own, 'load-failed');
  });

  test(`${name}: a page's own Promise class does not make pictures those of another origin`, async (t) => {
    const { page } = await openPage(t, browsers[name], { path: 'pages/blank.html' });
    const count = await page.evaluate(async () => {
      const { load } = await import('/lib/index.js');
      const Native = Promise;
      window.Promise = class extends Native {};
      const classifier = await load();
      const canvas = document.createElement('canvas');
      canvas.getContext('2d').fillRect(0, 0, 50, 50);
      return classifier.addExample(canvas, 'a');
    });
    assert.equal(count, 1);
  });
}

test('a service worker is told about the offscreen document', async (t) => {
  const script = `import { load } from '/lib/index.js';
addEventListener('message', async ({ source }) => {
  const { code, message } = await load().catch((error) => error);
  source.postMessage({ code, message });
});
addEventListener('activate', (event) => event.waitUntil(clients.claim()));`;
  const { page } = await openPage(t, browsers.Chromium, {
    path: 'pages/blank.html',
    serving: {
      before(request, response) {
        if (request.url !== '/service.js') return false;
        response.writeHead(200, { 'content-type': 'text/javascript' }).end(script);
        return true;
      },
    },
  });
  const { code, message } = await page.evaluate(async () => {
    const registration = await navigator.serviceWorker.register('/service.js', { type: 'module' });
    const { active } = await navigator.serviceWorker.ready;
    const answer = new Promise((resolve) => (navigator.serviceWorker.onmessage = ({ data }) => resolve(data)));
    active.postMessage('load');
    const { code, message } = await answer;
    await registration.unregister();
    return { code, message };
  });
  assert.equal(code, 'unsupported-browser');
  assert.match(message, /offscreen document/);
});

test('a page from a file address is told to use http', async (t) => {
  const folder = await scratchFolder(t);
  const script = pathToFileURL(path.join(root, 'web/dist/iife/teachable.js'));
  await writeFile(
    path.join(folder, 'index.html'),
    `<!doctype html><script src="${script}"></script><script>window.loading = teachable.load().catch((error) => error);</script>`,
  );
  const context = await browsers.Chromium.newContext();
  t.after(() => context.close());
  const page = await context.newPage();
  await page.goto(String(pathToFileURL(path.join(folder, 'index.html'))));
  const { code, message } = await page.evaluate(async () => {
    const { code, message } = await window.loading;
    return { code, message };
  });
  assert.equal(code, 'load-failed');
  assert.match(message, /over http/);
});
