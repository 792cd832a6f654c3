// Runs the package in all supported environments: with and without cross-origin isolation, in a worker and on the main thread,
// with and without relaxed SIMD, with and without a strict content security policy, in Chromium, in Firefox, and in WebKit with
// and without shared memory.

import assert from 'node:assert/strict';
import test, { after, before, describe } from 'node:test';
import { hasData } from '../support/data.mjs';
import { openFirefox } from '../support/firefox.mjs';
import { openBrowser, openPage } from '../support/open-page.mjs';
import { openWebKit } from '../support/webkit.mjs';

const strict = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'";

/** Real photos if the data is available. Otherwise the tests draw pictures. */
const photos = hasData && {
  known: '/data/images/cat.bmp',
  classes: ['cat', 'dog'].map((label) => ({
    label,
    taught: `/data/imprinting/${label}_train_0.bmp`,
    asked: `/data/imprinting/${label}_test_0.bmp`,
  })),
};

/** Runs in the page. Loads the classifier and embeds pictures that need no decoder. */
async function open(options) {
  const { load } = await import('/lib/index.js');
  globalThis.classifier = await load({ model: '/models/default.json', ...options });
  const canvas = new OffscreenCanvas(40, 30);
  canvas.getContext('2d').fillRect(0, 0, 20, 20);
  for (const picture of [new ImageData(40, 30), canvas, await createImageBitmap(canvas)])
    await classifier.embed(picture);
}

/** Runs in the page after open(). Does everything that a teachable machine does, once, with picture files. */
async function use(photos) {
  const draw = (colour, radius) => {
    const canvas = new OffscreenCanvas(200, 150);
    const context = canvas.getContext('2d');
    context.fillStyle = '#ddd';
    context.fillRect(0, 0, 200, 150);
    context.fillStyle = colour;
    context.arc(100, 75, radius, 0, 7);
    context.fill();
    return canvas.convertToBlob();
  };
  const fetched = async (url) => (await fetch(url)).blob();
  const classes = photos
    ? await Promise.all(
        photos.classes.map(async ({ label, taught, asked }) => ({
          label,
          taught: await fetched(taught),
          asked: await fetched(asked),
        })),
      )
    : await Promise.all(
        [
          ['disc', 'red', 60],
          ['dot', 'blue', 9],
        ].map(async ([label, colour, radius]) => ({
          label,
          taught: await draw(colour, radius),
          asked: await draw(colour, radius + 2),
        })),
      );

  const known = photos ? await fetched(photos.known) : classes[0].taught;
  const best = classifier.model.classCount > 0 ? (await classifier.classify(known, 1))[0].className : null;
  const embedding = await classifier.embed(known);
  for (const { label, taught } of classes) await classifier.addExample(taught, label);
  const predicted = [];
  for (const { label, asked } of classes) predicted.push([label, (await classifier.predict(asked, { k: 1 })).label]);
  const info = await classifier.info();
  classifier.dispose();
  const afterwards = await classifier.counts().catch(({ code }) => code);
  return { best, norm: Math.hypot(...embedding), predicted, info, afterwards, isolated: crossOriginIsolated };
}

function check({ best, norm, predicted, info, afterwards, isolated }, wanted) {
  assert.equal(isolated, wanted.isolated);
  assert.equal(info.isolated, wanted.isolated);
  assert.equal(info.variant, wanted.variant, info.reason);
  assert.equal(info.worker, wanted.worker, info.reason);
  assert.ok(wanted.variant.endsWith('-threads') ? info.threads > 1 : info.threads === 1, `${info.threads} threads`);
  if (photos) assert.equal(best, 'Egyptian cat');
  assert.ok(Number.isFinite(norm) && norm > 0, `the norm of the embedding is ${norm}`);
  for (const [label, answer] of predicted) assert.equal(answer, label);
  assert.equal(afterwards, 'disposed');
}

const modulesOf = (requests) => requests.filter((path) => path.endsWith('.wasm'));

/**
 * Defines the test of one combination. `variant`: the variant that must run. `named`: it is named in the options; otherwise the
 * package chooses it.
 */
function inBrowser(browser, { isolated, worker, variant, named = false, csp }) {
  const place = `${isolated ? 'isolated' : 'not isolated'}, ${worker ? 'worker' : 'main thread'}`;
  test(`${place}, ${variant}, ${csp ? 'strict content security policy' : 'no content security policy'}`, {
    timeout: 60_000,
  }, async (t) => {
    const { page, requests } = await openPage(t, browser(), { path: 'pages/blank.html', serving: { isolated, csp } });
    await page.evaluate(open, { worker, ...(named ? { variant } : {}) });
    assert.deepEqual(modulesOf(requests), [`/lib/wasm/${variant}/teachable.wasm`]);
    check(await page.evaluate(use, photos), { isolated, variant, worker });
    assert.deepEqual(modulesOf(requests), [`/lib/wasm/${variant}/teachable.wasm`, '/lib/wasm/image/decoder.wasm']);
    assert.equal(requests.includes('/lib/worker.js'), worker);
    // tests/engines.mjs makes a table of these.
    t.diagnostic(`engine: ${JSON.stringify({ ...browser().engine, isolated, worker, variant, named })}`);
  });
}

/** Runs in the page. Changes the source of an image element and embeds it without waiting for the new picture. */
async function changeSource() {
  const { load } = await import('/lib/index.js');
  const classifier = await load({ model: '/models/default.json' });
  const plain = async (colour) => {
    const canvas = new OffscreenCanvas(600, 400);
    Object.assign(canvas.getContext('2d'), { fillStyle: colour }).fillRect(0, 0, 600, 400);
    return canvas.convertToBlob();
  };
  const [red, blue] = [await plain('red'), await plain('blue')];
  const image = new Image();
  const embeddings = [];
  for (const blob of [red, blue, red, blue]) {
    image.src = URL.createObjectURL(blob);
    embeddings.push([...(await classifier.embed(image))]);
  }
  const wanted = [[...(await classifier.embed(red))], [...(await classifier.embed(blue))]];
  classifier.dispose();
  return { embeddings, wanted };
}

function testChangedSource(browser) {
  test('an image element whose src has just changed gives its new picture', { timeout: 60_000 }, async (t) => {
    const { page } = await openPage(t, browser(), { path: 'pages/blank.html', serving: { csp: null } });
    const { embeddings, wanted } = await page.evaluate(changeSource);
    assert.notDeepEqual(wanted[0], wanted[1]);
    for (const [index, embedding] of embeddings.entries())
      assert.deepEqual(embedding, wanted[index % 2], `picture ${index}`);
  });
}

describe('Chromium', () => {
  let browser;
  before(async () => {
    browser = await openBrowser();
  });
  after(() => browser.close());

  testChangedSource(() => browser);
  for (const isolated of [true, false]) {
    for (const worker of [true, false]) {
      for (const named of [true, false]) {
        // The package chooses relaxed SIMD, and threads only in a worker, because the main thread must not block.
        const variant = `${named ? 'simd' : 'relaxed'}${isolated && (worker || named) ? '-threads' : ''}`;
        for (const csp of [strict, null]) inBrowser(() => browser, { isolated, worker, variant, named, csp });
      }
    }
  }

  for (const start of ['page', 'worker']) {
    test(`a violation of the content security policy by a ${start} is noticed`, { timeout: 60_000 }, async (t) => {
      const { page, troubles } = await openPage(t, browser, {
        path: 'pages/blank.html',
        serving: { csp: strict },
        tolerant: true,
      });
      await page.evaluate((inWorker) => {
        if (inWorker) globalThis.kept = new Worker('/pages/evaluates.js');
        else document.head.append(Object.assign(document.createElement('script'), { src: '/pages/evaluates.js' }));
      }, start === 'worker');
      // The browser sends the report later. The test's timeout ends a wait in vain.
      while (!troubles.some((each) => each.startsWith('Violation')))
        await page.evaluate(() => fetch('/icon.svg').then(() => {}));
      assert.match(troubles.join(), /"blocked-uri":"eval"/);
    });
  }
});

describe('Firefox', () => {
  let browser;
  before(async () => {
    browser = await openFirefox();
  });
  after(() => browser.close());

  testChangedSource(() => browser);
  for (const isolated of [true, false]) {
    for (const worker of [true, false]) {
      const variant = isolated && worker ? 'relaxed-threads' : 'relaxed';
      inBrowser(() => browser, { isolated, worker, variant, csp: strict });
    }
  }
});

describe('WebKit', () => {
  let browser;
  before(async () => {
    browser = await openWebKit();
  });
  after(() => browser.close());

  testChangedSource(() => browser);
  const combinations = [
    { isolated: true, worker: true, variant: 'simd-threads', csp: strict },
    { isolated: true, worker: true, variant: 'simd-threads', csp: null },
    { isolated: true, worker: false, variant: 'simd', csp: strict },
    { isolated: true, worker: false, variant: 'simd-threads', named: true, csp: strict },
    { isolated: false, worker: true, variant: 'simd', csp: strict },
    { isolated: false, worker: false, variant: 'simd', csp: strict },
  ];
  for (const combination of combinations) inBrowser(() => browser, combination);
});

describe('WebKit without shared memory', () => {
  let browser;
  before(async () => {
    browser = await openWebKit({ sharedMemory: false });
  });
  after(() => browser.close());

  for (const isolated of [true, false])
    inBrowser(() => browser, { isolated, worker: true, variant: 'simd', csp: strict });
  inBrowser(() => browser, { isolated: true, worker: false, variant: 'simd', csp: strict });
});
