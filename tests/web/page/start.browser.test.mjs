// The page while `npm start` still builds variants.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { LaterBuilds } from '../../../web/dev/start.mjs';
import { untilReady } from '../demo/demo-page.mjs';
import { openBrowser, openPage } from '../support/open-page.mjs';

let browser;

before(async () => {
  browser = await openBrowser();
});

after(() => browser.close());

const variantOf = (page) => page.locator('#variant').getAttribute('data-variant');

/** Builds whose files stay the same, so that nothing is bundled. */
const buildsWith = (build) =>
  new LaterBuilds({ ready: ['simd'], build, bundle: async () => {}, sumOf: async () => 'same' });

test('the page runs with the variants that are built, and takes new ones when it is loaded again', {
  timeout: 120_000,
}, async (t) => {
  t.mock.method(console, 'log', () => {});
  const waiting = {};
  const builds = buildsWith((variant) => new Promise((resolve) => (waiting[variant] = resolve)));
  const running = builds.run(['relaxed-threads', 'relaxed']);
  const { page } = await openPage(t, browser, {
    serving: { before: (request, response) => builds.answer(request, response), until: () => builds.untilBundled() },
  });
  await untilReady(page);
  assert.equal(await variantOf(page), 'simd');
  assert.equal(await page.locator('#alert').isVisible(), false);

  waiting['relaxed-threads']();
  while (!waiting.relaxed) await new Promise((resolve) => setImmediate(resolve));
  await page.reload();
  await untilReady(page);
  assert.equal(await variantOf(page), 'relaxed-threads');

  waiting.relaxed();
  assert.deepEqual(await running, []);
});

test('the package is bundled anew for each changed variant, and requests wait meanwhile', {
  timeout: 20_000,
}, async (t) => {
  t.mock.method(console, 'log', () => {});
  let sum = 0;
  let release;
  const ready = [];
  const builds = new LaterBuilds({
    ready: ['simd'],
    build: async (variant) => {
      if (variant !== 'relaxed') sum += 1;
    },
    bundle: () => new Promise((resolve) => (release = resolve)),
    sumOf: async () => String(sum),
  });
  const running = builds.run(['relaxed-threads', 'relaxed']);
  while (!release) await new Promise((resolve) => setImmediate(resolve));
  const answered = builds.untilBundled().then(() => ready.push(...builds.ready));
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(ready, []);
  release();
  await answered;
  assert.deepEqual(await running, []);
  assert.deepEqual([...builds.ready], ['simd', 'relaxed-threads', 'relaxed']);
});

test('a build that fails is printed, and the others go on', async (t) => {
  t.mock.method(console, 'log', () => {});
  const errors = t.mock.method(process.stderr, 'write', () => true);
  const builds = buildsWith(async (variant) => {
    if (variant === 'relaxed') throw new Error('no space left');
  });
  assert.deepEqual(await builds.run(['relaxed', 'simd-threads']), ['relaxed']);
  assert.deepEqual([...builds.ready], ['simd', 'simd-threads']);
  assert.match(String(errors.mock.calls[0].arguments[0]), /no space left/);
});
